"""Where networks run: choosing a device, and settings of torch that hold for the whole process."""

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import psutil
import torch

from onepixel_gui.problems import Problem

# glibc's mallopt keys: above these sizes memory goes back to the system after every layer, and the
# page faults of fetching it again cost more than the arithmetic (METHODS 13).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEEP, _SPEND = 1 << 30, 1 << 17


class NoSuchDevice(Problem):
    """A device was asked for that this machine does not have."""


@dataclass(frozen=True, slots=True)
class Device:
    """name: "cpu", "cuda:0", "mps".  title: what the maker calls it.  free, total: bytes."""

    name: str
    title: str
    free: int
    total: int


@cache
def prepare() -> None:
    """Settle allocator and precision once per process; safe to call again."""
    _hoard(_KEEP)
    # Ten-bit mantissas misrank one-pixel changes: every number that is kept is full float32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def keep_to(threads: int) -> None:
    """Let this thread of the process spread its layers over so many of the processor.

    Several processes side by side get the most of a processor with one each.
    """
    torch.get_num_threads()  # settles a new thread, which would undo what is set before
    torch.set_num_threads(threads)


def work_with(threads: int) -> None:
    """So many threads of the processor for every network of this process that works from now on.

    For a process of its own: where several work side by side, one each loses the least.
    """
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@contextmanager
def thrift() -> Iterator[None]:
    """Large blocks inside go back to the system at once: reading a file needs each only once."""
    _hoard(_SPEND)
    try:
        yield
    finally:
        _hoard(_KEEP)
        if _glibc():
            ctypes.CDLL(None).malloc_trim(0)


def _hoard(size: int) -> None:
    """Blocks up to this size are kept for the next layer, where the allocator can be told so."""
    if _glibc():
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, size)
        libc.mallopt(_TRIM_THRESHOLD, size)


@cache
def _glibc() -> bool:
    return sys.platform == "linux" and platform.libc_ver()[0] == "glibc"


def available() -> tuple[str, ...]:
    """Names of the devices of this machine, best first; "cpu" is always among them."""
    cuda = tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()))
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return (*cuda, *mps, "cpu")


def choose(wanted: str = "auto") -> torch.device:
    """The device of that name; "auto" takes the best, "cuda" the first card.

    Raises NoSuchDevice.
    """
    here = available()
    if wanted == "auto":
        return torch.device(here[0])
    for name in here:
        if wanted in (name, name.split(":")[0]):
            return torch.device(name)
    raise NoSuchDevice(
        f"This machine has no device named {wanted}.", f"Choose one of: auto, {', '.join(here)}."
    )


def in_order(wanted: str = "auto") -> tuple[str, ...]:
    """The devices of this machine: first the one that is wanted, if it is there, then the best."""
    here = available()
    try:
        first = str(choose(wanted))
    except NoSuchDevice:
        return here
    return (first, *(name for name in here if name != first))


def room(name: str) -> tuple[int, int]:
    """(free, total) bytes of memory of a device of this machine."""
    if name.startswith("cuda"):
        free, total = torch.cuda.mem_get_info(name)
        return free, total
    if name == "mps":
        total = torch.mps.recommended_max_memory()
        return max(0, total - torch.mps.driver_allocated_memory()), total
    memory = psutil.virtual_memory()
    return memory.available, memory.total


def listed() -> tuple[Device, ...]:
    """The devices of this machine with their memory, best first."""
    return tuple(Device(name, title(torch.device(name)), *room(name)) for name in available())


def title(device: torch.device) -> str:
    """What the maker calls it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"Apple {platform.machine()} graphics"
    return platform.processor() or platform.machine()
