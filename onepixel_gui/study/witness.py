"""Tiles with the same pixels are attacked once: what is found of one stands for the others."""

from onepixel_gui.problems import Problem
from onepixel_gui.study.orders import Job

_Key = tuple[str, tuple[int, int, int]]  # sha256 of the tile, part of the plan


class Witness:
    """What this session knows of each tile's pixels."""

    def __init__(self) -> None:
        self._known: dict[_Key, list[int] | int | Problem] = {}

    def ask(self, job: Job) -> list[int] | int | Problem | None:
        """None: carry it out.  A number: of the run that stands for it.  A Problem: it is refused.

        A list: it is under way for another tile, and will be told together with that.
        """
        known = self._known.setdefault(_key(job), [])
        if isinstance(known, list):
            known.append(job.task)
            return None if len(known) == 1 else known
        return known

    def answered(self, job: Job) -> tuple[int, ...]:
        """The tasks that this answers, the job's own first."""
        tasks = self._known[_key(job)]
        assert isinstance(tasks, list)
        return tuple(tasks)

    def kept(self, sha256: str, part: tuple[int, int, int], run: int) -> None:
        """The run is in the study under that number."""
        self._known[sha256, part] = run

    def refused(self, job: Job, why: Problem) -> tuple[int, ...]:
        """The tasks that this refuses, the job's own first."""
        tasks = self.answered(job)
        self._known[_key(job)] = why
        return tasks


def _key(job: Job) -> _Key:
    return job.tile.sha256, job.part
