"""Install onepixel_gui into .venv, once; then open it, test it, or measure it.

    python packaging/bootstrap.py run [words]    the window; words go to the command line instead
    python packaging/bootstrap.py check          format, lint, types, contracts and tests/core
    python packaging/bootstrap.py test [words]   the same with every test; words go to pytest
    python packaging/bootstrap.py bench [words]  its speed beside other engines and attacks; --help

Python 3.11 or newer and its standard library are enough. A second start with nothing changed
installs nothing. What pip and apt-get said lies in .venv/bootstrap.log.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import this_system

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOG = VENV / "bootstrap.log"
LOCK = VENV / "bootstrap.lock"
STAMP = VENV / "bootstrap.stamp"  # there only while what is installed is whole
UNFINISHED = VENV / "bootstrap.unfinished"  # there while pip writes, so left behind by a kill

# Relative, because pip splits its environment variables at spaces.
PINS = "packaging/constraints.txt"
EXTRAS = {"run": ".", "dev": ".[dev]", "bench": ".[dev,bench]"}  # each holds the one before
NEEDED = {"run": "run", "check": "dev", "test": "dev", "bench": "bench"}
PIP = ("install", "--constraint", PINS, "--editable")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ROOM = "3 GB (8 GB where PyTorch comes with CUDA)"

SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "-m", "not alone and not slow")
ALONE = ("-m", "alone")

# How pip and apt-get say that a server was not reached.
OFFLINE = (
    "Failed to establish a new connection",
    "NameResolutionError",
    "ConnectTimeoutError",
    "Read timed out",
    "ProxyError",
    "SSLError",
    "Temporary failure resolving",
    "Could not resolve",
)


class CannotGoOn(Exception):
    """A failure in words for the user: what happened and what to do, at most three lines."""


def say(text: str) -> None:
    print(text, flush=True)


# -- what is there ------------------------------------------------------------------------------


def python_in(venv: Path, windows: bool = os.name == "nt") -> Path:
    """The interpreter of a virtual environment."""
    return venv / "Scripts" / "python.exe" if windows else venv / "bin" / "python"


def app_words(words: Sequence[str], display: bool) -> list[str]:
    """What to tell onepixel_gui: the user's words; without a display, the demonstration."""
    return list(words) if words or display else ["demo", "--out", "onepixel-demo"]


def fingerprint(root: Path, version: str) -> str:
    """Everything an installation depends on; the place too, for a .venv cannot be moved."""
    told = hashlib.sha256(repr((PIP, EXTRAS, version, str(root))).encode())
    for name in ("pyproject.toml", PINS):
        told.update((root / name).read_bytes())
    return told.hexdigest()


def our_version() -> str:
    return "{}.{}.{}".format(*sys.version_info[:3])


def version_of(python: Path) -> str:
    """The version an interpreter gives when started, empty when it does not start."""
    ask = "import sys; print('{}.{}.{}'.format(*sys.version_info[:3]))"
    try:
        told = subprocess.check_output([python, "-ISc", ask], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.decode().strip()


def is_installed(extra: str) -> bool:
    """Whether .venv holds this checkout, whole and unchanged, with that extra or a larger one."""
    try:
        stamp, held = STAMP.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return False
    if stamp != fingerprint(ROOT, our_version()) or held not in list(EXTRAS):
        return False
    if list(EXTRAS).index(held) < list(EXTRAS).index(extra):
        return False
    return version_of(python_in(VENV)) == our_version()


def flaw(venv: Path) -> str:
    """Why the environment has to be made anew; empty when it can be built upon."""
    if not (venv / "pyvenv.cfg").is_file():
        return "none yet"
    if UNFINISHED.exists():
        return "the last installation did not finish"
    for line in (venv / "pyvenv.cfg").read_text(encoding="utf-8").splitlines():
        if line.startswith("command = ") and not line.endswith(f" {venv}"):
            return "the folder was moved or copied"
    version = version_of(python_in(venv))
    if not version:
        return "its Python does not start"
    if version != our_version():
        return f"it was made by Python {version}, this is {our_version()}"
    return ""


def supply(missing: Mapping[str, str], root: bool, *, apt: bool) -> None:
    """Install what the system lacks if that is allowed; otherwise say how."""
    if not missing:
        return
    if not (root and apt):
        raise CannotGoOn(this_system.system_report(missing, apt=apt))
    say(f"Installing system packages: {', '.join(missing.values())}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    patient = ("-o", "DPkg::Lock::Timeout=120")
    _, first = logged(["apt-get", *patient, "update"], quiet)  # an old list may still do
    names = [this_system.package_name(name) for name in missing.values()]
    code, told = logged([*this_system.apt_install(names), *patient], quiet)
    if code:
        raise CannotGoOn(explained("apt-get", first + told))


# -- installing ---------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def logged(words: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
    """Run a program with its output in the log, showing progress; (exit code, output)."""
    start = LOG.stat().st_size
    with LOG.open("ab") as log:
        program = subprocess.Popen(
            words, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        watch(program)
    finally:
        program.terminate()  # ended already, unless this was interrupted
        program.wait()
    return program.returncode, LOG.read_bytes()[start:].decode(errors="replace")


def watch(program: subprocess.Popen[bytes]) -> None:
    """Show time and last line until the end: overwritten on a terminal, else once a minute."""
    began, minutes, terminal = time.monotonic(), 0, sys.stdout.isatty()
    while program.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(timeout=1)
        seconds = time.monotonic() - began
        line = f"  {duration(seconds)}: {last_line()}"
        if terminal:
            print(f"\r{line:<79}", end="", flush=True)
        elif seconds // 60 > minutes:
            minutes += 1
            say(line)
    if terminal:
        print(f"\r{'':<79}\r", end="", flush=True)


def last_line() -> str:
    """What the running program said last, pip's asides about older versions left out."""
    with LOG.open("rb") as log:
        log.seek(max(0, LOG.stat().st_size - 4096))
        lines = log.read().decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if not line.startswith(("    ", "  Attempting"))]
    return next((line[:60] for line in reversed(said) if line), "")


def explained(program: str, told: str) -> str:
    """What went wrong, from a program's own words."""
    remedy = "See what it said"
    what = f"{program} could not install what is needed."
    if "No space left on device" in told:
        what, remedy = "The disk is full.", f"Free {ROOM} and run this again"
    elif any(sign in told for sign in OFFLINE):
        what, remedy = "The package server cannot be reached.", "Check the network or proxy"
    return f"{what} {remedy}; the full log is\n  {LOG}"


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock on .venv; a second bootstrap waits here and says so."""
    VENV.mkdir(exist_ok=True)
    with LOCK.open("a+b") as file:
        told = False
        while not locked(file):
            if not told:
                say("Another bootstrap is installing into this .venv; waiting for it.")
            told = True
            time.sleep(0.3)
        yield  # closing the file, or dying, unlocks


def locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def make_venv() -> None:
    """Start from nothing. The log and the lock stay: they are in use."""
    for entry in VENV.iterdir():
        if entry in (LOG, LOCK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    UNFINISHED.touch()
    # Never build on the environment that has just been emptied, even when it runs this script.
    inside = Path(sys.prefix).resolve() == VENV
    python = getattr(sys, "_base_executable", sys.executable) if inside else sys.executable
    code, told = logged([python, "-m", "venv", str(VENV)], clean_env())
    if code:
        raise CannotGoOn(explained("Python's venv", told))


def clean_env() -> dict[str, str]:
    """The user's environment without what would lead Python or pip out of .venv."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = os.pathsep.join([str(python_in(VENV).parent), env.get("PATH", os.defpath)])
    return env


def pip_env() -> dict[str, str]:
    # The pins hold for the build backend too: the first name for pip before 25.3, then the second.
    pins = {"PIP_CONSTRAINT": PINS, "PIP_BUILD_CONSTRAINT": PINS}
    return clean_env() | pins | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def install(extra: str) -> None:
    """Bring .venv to the state that `is_installed` looks for. Call with the lock held."""
    began = time.monotonic()
    STAMP.unlink(missing_ok=True)
    reason = flaw(VENV)
    if reason:
        anew = "" if reason == "none yet" else f" anew: {reason}"
        say(f"Installing into {VENV}{anew} (about 1.7 GB, a few minutes, once).")
        make_venv()
    else:
        say(f"Bringing {VENV} up to date.")
    UNFINISHED.touch()
    pip = [str(python_in(VENV)), "-m", "pip"]
    if reason and this_system.wants_small_torch() and this_system.answers(f"{CPU_INDEX}/torch/"):
        # Without luck here the next step takes PyPI's build: larger, and as good.
        few = ["install", "--constraint", PINS, "--extra-index-url", CPU_INDEX]
        logged([*pip, *few, "torch", "torchvision"], pip_env())
    code, told = logged([*pip, *PIP, EXTRAS[extra]], pip_env())
    if code:
        if not reason and "Installing collected packages" not in told:
            UNFINISHED.unlink()  # pip gave up before it wrote: what was there is still whole
        raise CannotGoOn(explained("pip", told))
    UNFINISHED.unlink()
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(f"{fingerprint(ROOT, our_version())} {extra}\n", encoding="utf-8")
    fresh.replace(STAMP)
    say(f"Installed in {duration(time.monotonic() - began)}.")


def prepare(command: str, words: Sequence[str]) -> None:
    """Install whatever the command needs and is not there yet."""
    extra = NEEDED[command]
    missing = this_system.lacking(command, words)
    if not missing and is_installed(extra):
        return
    with only_one():
        ready = is_installed(extra)  # asked again: the bootstrap waited for may have done it
        if not ready:
            LOG.write_bytes(b"")
        LOG.touch()
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        more = {} if ready else this_system.lacking_venv()
        supply(missing | more, root, apt=shutil.which("apt-get") is not None)
        left = this_system.lacking(command, words)
        if left:
            raise CannotGoOn(f"apt-get has installed, yet {', '.join(left)} cannot be found.")
        if not ready:
            install(extra)


# -- the commands -------------------------------------------------------------------------------


def run(words: Sequence[str]) -> int:
    """Install, then hand over to onepixel_gui."""
    prepare("run", words)
    env, display = clean_env(), this_system.has_display(os.environ)
    if not display:
        env["QT_QPA_PLATFORM"] = "offscreen"
        if not words:
            say("No display here: doing the demonstration offscreen, into onepixel-demo/.")
    # -P: a torch.py in the user's folder must not be taken for the real one.
    call = [str(python_in(VENV)), "-P", "-m", "onepixel_gui", *app_words(words, display)]
    if os.name != "nt":
        os.execve(call[0], call, env)  # does not return
    return subprocess.call(call, env=env)


def verify(words: Sequence[str], *, core_only: bool) -> int:
    """Run every step, even after a failed one; pytest last, so that its closing line ends it."""
    prepare("check" if core_only else "test", words)
    env = clean_env() | {"QT_QPA_PLATFORM": "offscreen"}
    python = str(python_in(VENV))
    contracts = shutil.which("lint-imports", path=str(python_in(VENV).parent)) or "lint-imports"
    steps = {
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "ruff check": [python, "-m", "ruff", "check", "."],
        "mypy": [python, "-m", "mypy"],
        "lint-imports": [contracts, "--no-logo"],
    }
    failed = [name for name, call in steps.items() if not passes(name, call, env)]
    say("== pytest")
    tests = [python, "-m", "pytest", *(["tests/core"] if core_only else [])]
    # Side by side, a file each; then, alone on the machine, what judges seconds.
    halves = [words] if words else [SIDE_BY_SIDE, *([] if core_only else [ALONE])]
    # Two workers of one thread each: threads of both would wait for each other on two cores.
    one = {"OMP_NUM_THREADS": "1"}
    codes = [
        subprocess.call([*tests, *half], cwd=ROOT, env=env | (one if half is SIDE_BY_SIDE else {}))
        for half in halves
    ]
    if any(codes):  # no tests at all, exit 5, is a failure too
        failed.append("pytest")
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def bench(words: Sequence[str]) -> int:
    """Measure in the user's folder, where files named in the words are meant to be."""
    prepare("bench", words)
    env = clean_env() | {"PYTHONPATH": str(ROOT)}  # the tests are no part of what is installed
    call = [str(python_in(VENV)), "-P", "-m", "tests.bench.versus", *words]
    return subprocess.call(call, env=env)


def passes(name: str, call: Sequence[str], env: Mapping[str, str]) -> bool:
    """Run one step; a header with its name and seconds, then what it said."""
    began = time.monotonic()
    done = subprocess.run(
        call, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    result = "failed" if done.returncode else "passed"
    say(f"== {name}: {result}, {time.monotonic() - began:.1f} s")
    sys.stdout.buffer.write(done.stdout)  # as bytes: not every console can print every letter
    return done.returncode == 0


def main(words: Sequence[str]) -> int:
    """Do one command; 130 when interrupted, 1 with words when it cannot be done."""
    if sys.version_info < (3, 11):  # noqa: UP036 -- whoever has an older one starts here
        print(f"onepixel_gui needs Python 3.11 or newer; this is {our_version()}.", file=sys.stderr)
        return 1
    try:
        if words and words[0] == "run":
            return run(words[1:])
        if words and words[0] in ("check", "test"):
            return verify(words[1:], core_only=words[0] == "check")
        if words and words[0] == "bench":
            return bench(words[1:])
        print((__doc__ or "").strip(), file=sys.stderr)
        return 0 if words and words[0] in ("-h", "--help") else 2
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return 130
    except CannotGoOn as reason:
        print(reason, file=sys.stderr)
    except OSError as reason:
        full = reason.errno == errno.ENOSPC
        what = f"The disk is full: free {ROOM}" if full else f"Cannot go on: {reason}. Change that"
        print(f"{what}, then run this again.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
