"""Where campaigns are planned, run and watched: between the study and the panes of the view."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from onepixel_gui.problems import Problem
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.campaign.ledger import Ledger
from onepixel_gui.qt.campaign.page import CampaignPage
from onepixel_gui.qt.campaign.reading import Read, listed, reading
from onepixel_gui.qt.campaign.runner import Engine, Errand, Runner, engine
from onepixel_gui.qt.campaign.sources import drafted, kept
from onepixel_gui.qt.campaign.supply import Supply
from onepixel_gui.qt.campaign.view import Draft, Standing
from onepixel_gui.qt.campaign.words import flips_words
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.theme import THEMES
from onepixel_gui.study.plan import RunKept, TileRefused, plan_of
from onepixel_gui.study.store import Campaigned, Study


class Studies(Protocol):
    """What a campaign needs of the study's desk: the open study, and word of another one."""

    changed: SignalInstance

    @property
    def study(self) -> Study | None: ...


class CampaignDesk(QObject):
    """Passes what is known down to the panes of the view, and their wishes up.

    page: the view, to stand in the middle of the window.
    """

    shown = Signal(bool)  # the view takes the place of the other panes, or gives it back
    run_wished = Signal(object)  # number of a run of the study: its tile belongs on the bench
    kept = Signal(object)  # tuple of RunKept, at most four times a second
    busy_changed = Signal(bool)  # a campaign or a dry run goes on
    progressed = Signal(object)  # Standing
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem

    def __init__(
        self,
        commands: Commands,
        session: Session,
        shelf: Shelf,
        gallery: GalleryPane,
        studies: Studies,
        lanes: Lanes,
        *,
        make: Callable[[], Engine] = engine,
    ) -> None:
        """lanes: of its own, one wide: a campaign may take days."""
        super().__init__(commands)
        self._commands, self._session = commands, session
        self._gallery, self._studies, self._lanes = gallery, studies, lanes
        self.runner = Runner(lanes, self, make=make)
        self.page = CampaignPage(commands.preferences, lambda: gallery.rows.facts)
        self.visible = False
        self._campaigns: tuple[Campaigned, ...] = ()
        self._number = -1  # of the campaign that is looked at
        self._agenda = Agenda(self.failed.emit)
        self._ran_in: Study | None = None  # the study of the campaign that went on last
        self._busy, self._ended = False, False  # a moment ago: nobody was told yet
        self._supply = Supply(commands, session, shelf, gallery, self.page.builder)
        self._wire_values()
        self._wire_wishes()
        self._dress(commands.preferences)
        self._change_study()

    @property
    def busy(self) -> bool:
        """A campaign or a dry run goes on."""
        return self.runner.busy

    def _wire_values(self) -> None:
        runner, page = self.runner, self.page
        runner.standing_changed.connect(self._show_standing)
        runner.opened.connect(lambda read: self._show_campaigns(read.campaigns, read.number))
        runner.ledger_changed.connect(self._show_ledger)
        runner.joined.connect(self._join)
        runner.estimated.connect(page.builder.show_estimate)
        runner.over.connect(self._end)
        runner.failed.connect(self.failed)
        self._commands.preferences_changed.connect(self._dress)
        self._studies.changed.connect(lambda _: self._change_study())

    def _wire_wishes(self) -> None:
        builder, progress, runs = self.page.builder, self.page.progress, self.page.runs
        builder.dry_run_wished.connect(self._estimate)
        builder.run_wished.connect(self._begin)
        builder.stop_wished.connect(self.runner.stop)
        progress.pause_wished.connect(self.runner.pause)
        progress.go_on_wished.connect(self.runner.go_on)
        progress.stop_wished.connect(self.stop)
        progress.continue_wished.connect(self.continue_)
        progress.campaign_wished.connect(self._read)
        progress.task_chosen.connect(runs.show_task)
        runs.run_wished.connect(lambda run: self.run_wished.emit(run))

    # -------------------------------------------------------------- in sight
    def toggle(self) -> None:
        """To the view, and back."""
        self.show(not self.visible)

    def show(self, visible: bool) -> None:
        if visible != self.visible:
            self.visible = visible
            self._supply.show_tiles()
            self.shown.emit(visible)

    # -------------------------------------------------------------- what goes on
    def stop(self) -> None:
        """End a campaign or dry run; what was found is kept, and it can be continued."""
        self.runner.stop()

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self._supply.close()
        self.runner.close()
        self._agenda.end_all()

    def continue_(self, number: int) -> None:
        """Do what of a campaign of the study is not done yet."""
        study = self._studies.study
        campaign = next((each for each in self._campaigns if each.number == number), None)
        if study is None or campaign is None or self.busy:
            return
        try:
            plan = plan_of(campaign.plan)
        except Problem as problem:
            self.failed.emit(problem)
            return
        here, extent = self._supply.listed, self.page.builder.draft

        def found() -> Any:
            return (yield from kept(plan, study.tasks(number), here))

        self._ran_in = study
        self.runner.carry_out(study, Errand(found, extent.workers, extent.scheduler, number))

    def _begin(self, draft: Draft) -> None:
        study = self._studies.study
        if study is not None and not self.busy:
            self._ran_in = study
            self.runner.carry_out(study, self._errand(draft))
            self.page.progress.pause.setFocus()

    def _estimate(self, draft: Draft) -> None:
        self.runner.estimate(self._errand(draft), draft)

    def _errand(self, draft: Draft) -> Errand:
        where = self._supply.listed, self._gallery.listed
        asked = self._session.subject, self._commands.preferences.device
        found = partial(drafted, draft, *where, *asked)
        return Errand(found, draft.workers, draft.scheduler)

    # -------------------------------------------------------------- what is known
    def _change_study(self) -> None:
        self.runner.stop()
        study = self._studies.study
        self.page.builder.show_study(writable=study is not None and study.writable)
        self._show_campaigns((), -1)
        self.runner.look_at(Ledger(), Standing())
        self._read(None)

    def _read(self, number: int | None) -> None:
        """Look at a campaign of the study; None for the one that matters most."""
        self._agenda.end("reading")
        study = self._studies.study
        if study is None or self.runner.busy:
            return
        work = partial(reading, study, number)
        self._agenda.begin("reading", work, self._show_read, self._lanes)

    def _show_read(self, read: Read) -> None:
        if self.runner.busy:
            return
        self._show_campaigns(read.campaigns, read.number)
        told, known = self.runner.standing, read.standing
        if told.began is None or told.began.number != read.number:
            self.runner.look_at(read.ledger, known)
            return
        self.runner.look_at(read.ledger, replace(told, advance=known.advance))
        if told.ended is not None and known.advance is not None and self._ended:
            self.noted.emit(f"Campaign done: {flips_words(known.advance)}")
        self._ended = False

    def _show_campaigns(self, campaigns: tuple[Campaigned, ...], number: int) -> None:
        self._campaigns, self._number = campaigns, number
        going = number if self.busy else -1
        newest_first = [listed(each, going=each.number == going) for each in reversed(campaigns)]
        self.page.progress.show_campaigns(newest_first, number)

    def _show_ledger(self, ledger: Ledger) -> None:
        self.page.progress.show_ledger(ledger)
        self.page.runs.show_ledger(ledger)

    def _join(self, news: tuple[RunKept | TileRefused, ...]) -> None:
        advance = self.runner.standing.advance
        under_way = () if advance is None else advance.under_way
        self.page.progress.show_ledger(self.runner.ledger, under_way)
        self.page.runs.join()
        told = tuple(event for event in news if isinstance(event, RunKept))
        if told:
            self.kept.emit(told)

    def _show_standing(self, standing: Standing) -> None:
        self.page.progress.show_standing(standing)
        self.page.builder.show_standing(standing)
        self.progressed.emit(standing)
        if self.busy != self._busy:
            self._busy = self.busy
            self.busy_changed.emit(self._busy)

    def _end(self, number: int) -> None:
        if self._ran_in is not self._studies.study:  # what was said is of another study
            self._change_study()
            return
        self._ended = True
        self._read(number if number >= 0 else None)

    def _dress(self, preferences: Preferences) -> None:
        self.page.set_theme(THEMES[preferences.theme])
