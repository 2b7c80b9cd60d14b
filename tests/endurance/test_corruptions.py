"""Some corruptions of each kind, in seconds; the script counts a thousand."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from harness.record import journal
from tests.endurance import corruptions
from tests.endurance.corruptions import AGAIN, EQUAL, KINDS, SILENT, TOLD, TRACEBACK
from tests.lab.throwaway import as_found  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("as_found")]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[corruptions.Subject]:
    return corruptions.subjects(tmp_path_factory.mktemp("trials"))


def test_each_is_told_or_does_no_harm(known, tmp_path: Path, capsys) -> None:
    found = Counter[tuple[str, str]]()
    for kind, subject, spoilt in corruptions.corruptions(known, 80, random.Random(7)):
        outcome = corruptions.judge(subject, spoilt, tmp_path / "case")
        assert outcome not in (SILENT, TRACEBACK), (kind, subject.name, capsys.readouterr().out)
        found[kind, outcome] += 1
    assert {kind for kind, outcome in found if outcome == TOLD} == set(KINDS)
    assert {EQUAL, AGAIN} <= {outcome for _, outcome in found}


def test_a_complete_trial_that_lost_its_end_does_not_become_a_running_one(
    known, tmp_path: Path
) -> None:
    subject = next(each for each in known if each.name == "completed")
    lines = (subject.folder / journal.NAME).read_bytes().splitlines(keepends=True)
    assert corruptions.judge(subject, b"".join(lines[:-1]), tmp_path / "case") == TOLD


def test_a_reader_that_lets_a_corruption_pass_is_found(known, tmp_path: Path, monkeypatch) -> None:
    """The counting itself can fail: a checksum that nobody looks at is silent."""
    subject = next(each for each in known if each.name == "completed")
    content = (subject.folder / journal.NAME).read_bytes()
    place = content.index(b'"loss": 0.') + len(b'"loss": 0.')
    spoilt = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    assert corruptions.judge(subject, spoilt, tmp_path / "case") == TOLD
    monkeypatch.setattr(journal.zlib, "crc32", lambda body, before=0: _said(body, content, spoilt))
    assert corruptions.judge(subject, spoilt, tmp_path / "case") == SILENT


def _said(body: bytes, *contents: bytes) -> int:
    """Return what stands behind these words in a journal, right or wrong."""
    for content in contents:
        at = content.find(body[:-1])
        if at >= 0:
            return int(content[at + len(body) - 1 :].split(b'"crc": ', 1)[1].split(b"}", 1)[0])
    return 0
