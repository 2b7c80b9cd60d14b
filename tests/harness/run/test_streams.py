"""Writing to a screen costs no work: neither its encoding nor its end is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.run import streams

ROOT = Path(streams.__file__).resolve().parents[2]
SIGNS = "65.5 ± 0.3 – † → 12 µs × 3 ≥ █ ─│┌ é ✓"
PLAIN = "65.5 +/- 0.3 - + -> 12 us x 3 >= # -|+ e ?"


def say(text: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Print a text on both streams of a process that is prepared, under an environment."""
    code = (
        "import sys; from harness.run import streams; streams.prepare();"
        f"print({text!a}); print({text!a}, file=sys.stderr)"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONIO"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PYTHONIOENCODING": "utf-8"}, SIGNS.encode()),
        ({"PYTHONIOENCODING": "ascii"}, PLAIN.encode()),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, PLAIN.encode()),
        (
            {"PYTHONIOENCODING": "cp1252"},
            "65.5 ± 0.3 – † -> 12 µs × 3 >= # -|+ é ?".encode("cp1252"),
        ),
        (
            {"PYTHONIOENCODING": "latin-1"},
            "65.5 ± 0.3 - + -> 12 µs × 3 >= # -|+ é ?".encode("latin-1"),
        ),
    ],
    ids=["utf-8", "ascii", "C", "cp1252", "latin-1"],
)
def test_a_sign_that_an_encoding_lacks_is_spelled_in_plain_letters(environment, said):
    done = say(SIGNS, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == said + b"\n"
    assert done.stderr == said + b"\n"


def test_a_file_name_that_is_no_text_can_be_said():
    assert say("runs\udcff", PYTHONIOENCODING="utf-8").stdout == b"runs\\xff\n"


@pytest.mark.parametrize("sign", ["±", "†", "–", "…", "█", "λ", "漢"])
def test_every_spelling_is_ascii(sign):
    assert streams.spelled(sign).isascii()
    assert streams.spelled(sign)


LOUD = """
import sys
from harness.run import streams
streams.prepare()
for _ in range(20_000):
    print("a line that somebody may read")
sys.stdout.flush()
sys.stderr.write(f"lost: {streams.lost()}")
"""


def test_a_reader_that_went_away_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-c", LOUD], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read()
    assert (process.wait(), said) == (0, b"lost: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_a_full_disk_does_not_take_is_known_to_be_missing():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", LOUD],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"lost: No space left on device")


def test_a_stream_that_is_closed_takes_everything():
    code = LOUD.replace("sys.stderr.write(", "open(sys.argv[1], 'w').write(")
    line = f'"$0" -c "$1" {os.devnull} >&- 2>&-'
    done = subprocess.run(["sh", "-c", line, sys.executable, code], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_what_is_no_standard_stream_is_kept(capsys):
    before = sys.stdout
    streams.prepare()
    assert sys.stdout is before
