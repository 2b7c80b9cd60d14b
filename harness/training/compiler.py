"""C beside Python, built when it is first asked for, by the system's own compiler.

A folder of C files becomes one library in the user's cache, under a name that is the hash of what
it was built from: the files, the compiler and its flags. Nobody meets half a library: it is built
beside its place and then renamed. Its last bytes are a hash of the rest and of what it was built
from: half a library would end the process that loads it.

Without `-ffast-math`: loading a library that was linked with it changes the arithmetic of the
whole process.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from harness.training.refusal import refused

CACHE = "HARNESS_KERNELS"  # another folder for built libraries
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-std=gnu11", "-ffp-contract=fast", "-fno-math-errno", "-fPIC", "-shared")
WIDE = "-march=x86-64-v3"  # vectors of eight floats: every x86 machine of the last ten years
WIDE_NEEDS = frozenset({"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"})
THREADED = "-fopenmp"  # the library that torch runs its own threads by, where both have one name
CPUINFO = Path("/proc/cpuinfo")
SEAL = hashlib.sha256().digest_size  # bytes at a library's end


def sources(folder: Path) -> list[Path]:
    """Return the C files of a folder, and what they include."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".c", ".h"))


def load(folder: Path, *more: str) -> ctypes.CDLL:
    """Return the library of a folder's C files, built if it is not in the cache.

    `more`: what the compiler is told besides its flags, such as "-DV=8"; the last word counts.

    Raises:
        Refused: as `build`, or what is in the cache is another library.
    """
    path, key = build(folder, *more)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise refused(f"{path}: cannot be read ({error.strerror})") from error
    if content[-SEAL:] != _seal(key, content[:-SEAL]):
        raise refused(f"{path}: not the library of these sources; remove it: it is built anew")
    return ctypes.CDLL(str(path))


def build(folder: Path, *more: str) -> tuple[Path, str]:
    """Return where the library of a folder's C files is, and what it was built from, as a hash.

    Raises:
        Refused: there is no compiler, it fails, or the cache cannot be written.
    """
    command = [*compiler(), *flags(), *more]
    texts = [path.name.encode() + path.read_bytes() for path in sources(folder)]
    said = [version(tuple(compiler())).encode(), " ".join(command).encode(), *texts]
    key = hashlib.sha256(b"\0".join(said)).hexdigest()
    path = cached() / f"{folder.name}-{key[:16]}.so"
    if not path.exists():
        _compile(command, folder, path, key)
    return path, key


def told() -> str:
    """Return what compiles here, and how, as provenance names it."""
    return f"{version(tuple(compiler()))}, {' '.join(flags())}"


def compiler() -> list[str]:
    """Return the command of the C compiler.

    Raises:
        Refused: there is none.
    """
    if command := found():
        return command
    named = _named()
    missing = (
        f"CC={named[0]} is not there" if named else f"none of {', '.join(COMPILERS)} is there"
    )
    raise refused(f"--kernels c: no C compiler ({missing})")


def found() -> list[str]:
    """Return the command of the C compiler: CC, or the first that is there; nothing for none."""
    named = _named()
    likely = [named] if named else [[name] for name in COMPILERS]
    return next((command for command in likely if shutil.which(command[0])), [])


def _named() -> list[str]:
    return shlex.split(os.environ.get("CC", ""))


@cache
def version(command: tuple[str, ...]) -> str:
    """Return the first line of what a compiler says of itself."""
    answer = subprocess.run(
        [*command, "--version"], capture_output=True, text=True, check=False
    ).stdout
    return answer.strip().partition("\n")[0] or command[0]


def flags() -> list[str]:
    """Return the flags for this processor; the same on every x86 machine with AVX2."""
    text = CPUINFO.read_text(encoding="utf-8", errors="replace") if CPUINFO.exists() else ""
    lines = (line for line in text.splitlines() if line[:5] == "flags")
    wide = set(next(lines, "").split()) >= WIDE_NEEDS
    own = [*FLAGS, WIDE] if wide else [*FLAGS]
    command = tuple(found())
    return [*own, THREADED] if command and threaded(command) else own


@cache
def threaded(command: tuple[str, ...]) -> bool:
    """Tell whether a compiler has OpenMP; without it all runs in one thread, to the same bits."""
    program = "#include <omp.h>\nint threads(void) { return omp_get_max_threads(); }\n"
    with tempfile.TemporaryDirectory() as room:
        ordered = [*command, *FLAGS, THREADED, "-x", "c", "-", "-o", str(Path(room) / "tried")]
        done = subprocess.run(ordered, input=program, capture_output=True, text=True, check=False)
    return done.returncode == 0


def cached() -> Path:
    """Return the folder of built libraries: HARNESS_KERNELS, or below the user's cache."""
    if os.environ.get(CACHE):
        return Path(os.environ[CACHE]).expanduser()
    home = Path.home() / ("Library/Caches" if platform.system() == "Darwin" else ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or home) / "paper-replications" / "kernels"


def _compile(command: list[str], folder: Path, path: Path, key: str) -> None:
    files = [str(file) for file in sources(folder) if file.suffix == ".c"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as room:
            fresh = Path(room) / path.name
            ordered = [*command, "-o", str(fresh), *files, "-lm"]
            done = subprocess.run(ordered, capture_output=True, text=True, check=False)
            if done.returncode or not fresh.exists():
                raise refused(f"--kernels c: {command[0]} failed: {_last(done)}")
            content = fresh.read_bytes()
            fresh.write_bytes(content + _seal(key, content))
            fresh.replace(path)
    except OSError as error:
        where = f"{path.parent}: cannot be written ({error.strerror})"
        raise refused(f"{where}; {CACHE} names another folder") from error


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of what a compiler said that is an error, or its last line."""
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return next((line for line in reversed(lines) if "error: " in line), lines[-1])
