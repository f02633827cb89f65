"""torch's library, loaded while the other threads of the program go on."""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

_NAMES = ("libtorch_cpu.so", "libtorch_cpu.dylib")


def load_beside() -> None:
    """Load the largest library of torch, from any thread; `import torch` then finds it loaded.

    The import itself would hold the interpreter while it is loaded, 0.3-0.5 s in which a window
    stands still.  It holds no Python code.  Where it cannot be found or loaded nothing happens:
    the import says why.  On Windows torch loads its libraries so itself.
    """
    if os.name != "posix" or "torch" in sys.modules:
        return
    found = find_spec("torch")
    if found is None or found.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen  # called as any C function: the interpreter is let go of
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    for name in _NAMES:
        path = Path(found.origin).parent / "lib" / name
        if path.is_file():
            dlopen(os.fsencode(path), os.RTLD_NOW | os.RTLD_LOCAL)
