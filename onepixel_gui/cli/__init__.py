"""The same events as lines of text. `run` does what the words of a command line say."""

from onepixel_gui.cli import campaigns, data, exports, tiles  # their commands register themselves
from onepixel_gui.cli.app import run

__all__ = ["campaigns", "data", "exports", "run", "tiles"]
