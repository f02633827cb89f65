"""No words: the window. Words: the command line. Imports only the half it needs."""

import sys


def main() -> None:
    """Entry point of the `onepixel-gui` command."""
    if len(sys.argv) > 1:
        from onepixel_gui.cli import run

        sys.exit(run(sys.argv[1:]))
    from onepixel_gui.qt.app import run_window

    sys.exit(run_window())


if __name__ == "__main__":
    main()
