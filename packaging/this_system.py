"""What this system offers onepixel_gui, what it lacks, and the command that brings that.

Used by bootstrap.py, so the standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# What each needs of the system, and the Debian package that holds it.
QT_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}
X11_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
VIRTUAL_SCREEN = {"Xvfb": "xvfb", "xauth": "xauth"}


def has_display(env: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a window can be shown to somebody."""
    asked = env.get("QT_QPA_PLATFORM", "")
    if asked.startswith(("offscreen", "minimal")):
        return False
    if asked or not platform.startswith("linux"):
        return True
    return bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))


def needs(command: str, words: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """What the command needs of a Linux system, by name, with the Debian package of each."""
    if not sys.platform.startswith("linux"):
        return {}
    if command == "test":
        return QT_LIBRARIES | X11_LIBRARIES | VIRTUAL_SCREEN
    if command in ("check", "bench") or (words and words[0] != "demo"):
        return {}  # neither tests/core nor the benches nor the command line draws a window
    if has_display(env) and not env.get("WAYLAND_DISPLAY"):
        return QT_LIBRARIES | X11_LIBRARIES
    return QT_LIBRARIES


def is_there(name: str) -> bool:
    """Whether a shared library loads, or a program is on the path."""
    if ".so" not in name:
        return shutil.which(name) is not None
    import ctypes

    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def lacking(command: str, words: Sequence[str]) -> dict[str, str]:
    """What the command needs and this system does not have."""
    needed = needs(command, words, os.environ)
    return {name: package for name, package in needed.items() if not is_there(name)}


def lacking_venv() -> dict[str, str]:
    """Debian keeps the part of Python that makes environments in a package of its own."""
    from importlib.util import find_spec

    if find_spec("venv") and find_spec("ensurepip"):
        return {}
    return {"Python's venv module": "python{}.{}-venv".format(*sys.version_info[:2])}


def package_name(package: str) -> str:
    """The package's name on this system: Debian 13 and Ubuntu 24.04 renamed GLib's."""
    if package != "libglib2.0-0":
        return package
    for name in (f"{package}t64", package):
        shown = subprocess.run(["apt-cache", "show", name], capture_output=True, check=False)
        if shown.returncode == 0 and shown.stdout.strip():
            return name
    return package


def apt_install(packages: Iterable[str]) -> list[str]:
    return ["apt-get", "install", "-y", "--no-install-recommends", *packages]


def system_report(missing: Mapping[str, str], *, apt: bool) -> str:
    """What is missing and the exact command that brings it."""
    what = f"This system lacks {', '.join(missing)}."
    if not apt:
        return f"{what}\nInstall them with the system's package manager, then run this again."
    command = " ".join(apt_install(package_name(name) for name in missing.values()))
    return f"{what} Run this, then try again:\n  sudo apt-get update && sudo {command}"


def wants_small_torch() -> bool:
    """Whether PyTorch's build without CUDA will do; on Linux, PyPI's brings several GB of CUDA."""
    signs = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")
    nvidia = shutil.which("nvidia-smi") or any(Path(sign).exists() for sign in signs)
    return sys.platform.startswith("linux") and not nvidia


def answers(url: str) -> bool:
    """Whether a server is there. Asked before pip is, which retries a silent one for 8 s each."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=4):
            return True
    except (OSError, HTTPException):
        return False
