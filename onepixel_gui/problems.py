"""Failures that the reader can act on. Imports nothing."""


class Problem(Exception):
    """A failure with a remedy.

    what:    one plain sentence.
    remedy:  what to do next; begins with a verb.
    detail:  for the log and for "Copy details"; may be long.
    """

    def __init__(self, what: str, remedy: str, *, detail: str = "") -> None:
        super().__init__(what)
        self.what, self.remedy, self.detail = what, remedy, detail


class UnreadableTile(Problem):
    """A picture that cannot become a Tile."""


class UnreadableSlide(Problem):
    """A file that cannot be opened as a slide, or a part of it that cannot be read."""


class UnusableDataset(Problem):
    """A folder or table that is no data set, or none that can be read."""


class UnusableCheckpoint(Problem):
    """A file that cannot become a Classifier."""


class TileTooSmall(Problem):
    """A tile smaller than what the classifier looks at."""


class WrongSize(Problem):
    """A tile of another size than a classifier takes, whose card refuses such tiles."""


class DeviceFull(Problem):
    """The device has no room for even one tile."""


class NotWritten(Problem):
    """A result that could not be put where it was asked for; nothing half-written stays behind."""


class Unexpected(Problem):
    """A bug, wrapped once at the outermost edge."""

    def __init__(self, bug: BaseException, *, detail: str = "") -> None:
        super().__init__(
            f"Something went wrong inside the program ({type(bug).__name__}).",
            "Copy the details into a bug report, then try again.",
            detail=detail or repr(bug),
        )
