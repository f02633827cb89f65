"""No words, or a study: the window. Words: the command line. Imports only the half it needs."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def main() -> None:
    """Entry point of the `onepixel-gui` command."""
    study = _study_named(sys.argv[1:])
    if len(sys.argv) > 1 and study is None:
        from onepixel_gui.cli import run

        sys.exit(run(sys.argv[1:], demo=_demonstration))
    from onepixel_gui.qt.app import run_window

    sys.exit(run_window(study))


def _study_named(words: Sequence[str]) -> Path | None:
    """What a double click on a study hands over: its file, and nothing else."""
    named = len(words) == 1 and words[0].lower().endswith(".onepixel")
    return Path(words[0]).absolute() if named else None


def _demonstration(folder: Path, say: Callable[[str], None]) -> None:
    # The command line and the window are strangers; only here they meet.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from onepixel_gui.qt.demonstration import run_demonstration

    run_demonstration(folder, say)


if __name__ == "__main__":
    main()
