"""What replays confirmed, and what gave way on request: two small files that only grow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.paper import Refused
from harness.record import lineage
from harness.record.lineage import Confirmation, Lineage, Superseded

GROUP = ("darts", "league/joint", "smoke")
ONE = Confirmation(*GROUP, "aaaa", "bbbb", "c0ffee", "avx2", "t1")


def test_what_is_confirmed_is_read_again_sorted_and_once(tmp_path):
    assert Lineage.load(tmp_path) == Lineage([], [], [])
    other = replace(ONE, budget="nightly")
    lineage.confirm(tmp_path, [ONE])
    lineage.confirm(tmp_path, [other, ONE])
    assert list(Lineage.load(tmp_path).confirmed) == [other, ONE]
    text = (tmp_path / lineage.CONFIRMED).read_text()
    assert text.splitlines()[0] == "paper,experiment,budget,old,new,commit,isa,trials"
    assert not (tmp_path / lineage.SUPERSEDED).exists()


def test_confirmations_follow_each_other_also_back_to_where_they_began():
    chain = [ONE, replace(ONE, old="bbbb", new="cccc"), replace(ONE, old="cccc", new="aaaa")]
    known = Lineage(chain)
    assert len({known.code(GROUP, digest) for digest in ("aaaa", "bbbb", "cccc")}) == 1
    assert known.code(GROUP, "dddd") == "dddd"


def test_a_group_confirms_nothing_of_another():
    known = Lineage([ONE])
    assert known.code(GROUP, "aaaa") == known.code(GROUP, "bbbb")
    nightly = ("darts", "league/joint", "nightly")
    assert known.code(nightly, "aaaa") == "aaaa"


def test_what_gave_way_is_read_again(tmp_path):
    gone = Superseded(*GROUP, "aaaa", "d1", "")
    lineage.supersede(tmp_path, [gone])
    assert list(Lineage.load(tmp_path).superseded) == [gone]


@pytest.mark.parametrize("text", ["", "paper,experiment\n", "{}\nx,y\n".format("paper,old")])
def test_a_damaged_file_is_refused_by_name(tmp_path, text):
    (tmp_path / lineage.CONFIRMED).write_text(text)
    with pytest.raises(Refused, match=r"confirmed\.csv: line 1 "):
        Lineage.load(tmp_path)
