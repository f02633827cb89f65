"""The same events as lines of text. `run` does what the words of a command line say."""

from onepixel_gui.cli import analysis, campaigns, data, exports, tiles  # they register
from onepixel_gui.cli.app import run

__all__ = ["analysis", "campaigns", "data", "exports", "run", "tiles"]
