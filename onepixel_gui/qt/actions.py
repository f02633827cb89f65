"""Every action of the window in one table: toolbar, keys, tooltips and the palette read it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """name: the window's method that does it.  text: imperative.  key: portable key text.

    brief: what the button says, where that is not the text.
    """

    name: str
    text: str
    key: str
    hint: str
    brief: str = ""

    @property
    def tooltip(self) -> str:
        return f"{self.hint} ({self.key})" if self.key else self.hint


ACTIONS = (
    Action("open_tiles", "Open tiles…", "Ctrl+O", "Open tiles from files"),
    Action("open_folder", "Open folder…", "Ctrl+Shift+F", "Open a folder of tiles or a data set"),
    Action("open_slide", "Open slide…", "Ctrl+Alt+O", "Open a whole slide or a large field"),
    Action("open_checkpoint", "Open checkpoint…", "Ctrl+Shift+O", "Look at another classifier"),
    Action("edit_card", "Edit card…", "Ctrl+E", "Class names, input size, scaling, threshold"),
    Action("compare", "Compare with…", "Ctrl+B", "A second classifier beside this one"),
    Action(
        "open_demonstration", "Open the demonstration", "Ctrl+D", "Painted tiles and classifier"
    ),
    Action(
        "open_painted_slide",
        "Open the demonstration slide",
        "Ctrl+Shift+D",
        "A painted slide, its mitoses and the classifier",
    ),
    Action("run", "Run", "R", "Search black-box for the pixel that flips the answer"),
    Action(
        "guide",
        "Guided search (white-box)",
        "G",
        "The network's gradients order the candidates; every number is exact, but its count of "
        "queries compares with no black-box search",
        brief="Guided",
    ),
    Action("sweep", "Sweep", "M", "Map the confidence at every position"),
    Action(
        "show_slide", "Slide / bench", "V", "Go to the slide, or back to the tile", brief="Slide"
    ),
    Action("scan", "Scan the slide", "S", "Ask the classifier all over the region or the tissue"),
    Action(
        "list_candidates",
        "Candidates to the list",
        "Ctrl+L",
        "What the scan found, as tiles of the list",
    ),
    Action("new_study", "New study…", "Ctrl+N", "Begin another study, in a file of its own"),
    Action("open_study", "Open study…", "Ctrl+Alt+S", "Go on with a study"),
    Action(
        "keep_study", "Keep study as…", "Ctrl+Shift+S", "A copy under another name; go on there"
    ),
    Action("campaign", "Campaign / bench", "C", "One attack over many tiles", brief="Campaign"),
    Action(
        "population",
        "Population / bench",
        "A",
        "What all runs of the study say together",
        brief="Population",
    ),
    Action("export_table", "Export table…", "Ctrl+Shift+E", "Every run of the study, a row each"),
    Action("add_note", "Note…", "Ctrl+Shift+N", "A remark on the run on the bench or the study"),
    Action("replay", "Replay the search", "Shift+R", "Watch again how the search went"),
    Action("stop", "Stop", "Esc", "Stop, and keep what was found"),
    Action("settings", "Settings…", "Ctrl+,", "Population, generations, seed, device, palette"),
    Action("export", "Export…", "E", "Write a figure for a report"),
    Action("save_attacked", "Save attacked tile…", "Ctrl+S", "Write the changed tile as PNG"),
    Action("copy_command", "Copy as command line", "Ctrl+Shift+C", "The same run for a terminal"),
    Action("toggle_after", "Before / after", "Space", "Show the tile before or after the change"),
    Action("next_tile", "Next tile", "PgDown", "Go to the next tile of the list"),
    Action("previous_tile", "Previous tile", "PgUp", "Go to the previous tile of the list"),
    Action("show_lowest", "Map: lowest", "1", "Lowest confidence over the colours"),
    Action("show_highest", "Map: highest", "2", "Highest confidence over the colours"),
    Action("show_change", "Map: change", "3", "Signed logit change of largest size"),
    Action("unpin", "Unpin the cursor", "U", "Let the cursor follow the mouse again"),
    Action("score_tiles", "Score the tiles", "Ctrl+R", "Ask the classifier about all tiles shown"),
    Action("list_tiles", "On or off my list", "Ctrl+Shift+L", "Keep the tiles chosen for later"),
    Action("filter_tiles", "Filter tiles", "Ctrl+F", "Type words or conditions to narrow the list"),
    Action("switch_theme", "Light / dark", "Ctrl+Shift+T", "Switch the colours of the window"),
    Action("palette", "All commands…", "Ctrl+K", "Find a command by typing"),
    Action("quit", "Quit", "Ctrl+Q", "Stop everything and close"),
)
TOOLTIPS = {row.name: row.tooltip for row in ACTIONS}
