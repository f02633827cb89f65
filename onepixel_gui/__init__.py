"""Which single pixel changes a tile classifier's answer, where is it sensitive, and why?"""

from pathlib import Path

__version__ = "0.1.0"

_INSTALLED = Path(__file__).parent / "resources"
# A wheel carries the resources inside the package; a checkout has them beside it.
RESOURCES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "resources"
