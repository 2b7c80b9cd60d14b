"""A check that is registered under an id stays; what a claim says in words may change."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from harness.checks import AtLeast, BestOf, Value
from harness.paper import Claim, Published, Refused
from harness.plan import discover, pledges
from tests.lab.commands import call
from tests.lab.throwaway import make_paper


@pytest.fixture
def found(tmp_path):
    return discover.load(make_paper(tmp_path))


def stating(found, **how):
    (claim,) = found.paper.claims
    return replace(found, paper=replace(found.paper, claims=[replace(claim, **how)]))


def test_a_paper_that_registered_nothing_is_told_the_command(found):
    assert list(pledges.problems(found)) == [
        f"claim 'loss' is not registered: python -m harness check --register {found.typed}"
    ]


def test_what_was_registered_is_known(found):
    assert pledges.register(found) == ["loss"]
    before = (found.path / pledges.NAME).read_bytes()
    assert before.startswith(b"id,digest,since\nloss,")
    assert before.endswith(b",unknown\n")  # this folder is in no checkout
    assert list(pledges.problems(found)) == []
    assert pledges.register(found) == []
    assert (found.path / pledges.NAME).read_bytes() == before


MOVED = [
    {"check": AtLeast("fit", "loss", 0.1)},
    {"check": AtLeast("fit", "other", 0.0)},
    {"check": AtLeast("fit", "loss", 0.0, {"smoke": 0.1})},
    {"check": Value("fit", "loss", 0.0, 1.0)},
    {"unit": "points", "published": Published("")},
    {"budgets": ("nightly",)},
    {"looks": (8, 16)},
    {"margin_from": "pilot"},
    {"subject": "fit"},
]


@pytest.mark.parametrize("how", MOVED, ids=lambda how: " ".join(how))
def test_another_check_under_an_old_id_is_refused_and_never_registered(found, how):
    pledges.register(found)
    before = (found.path / pledges.NAME).read_bytes()
    moved = stating(found, **how)
    (problem,) = pledges.problems(moved)
    assert problem.startswith("claim 'loss': its check is not the one that was registered on top")
    assert problem.endswith("give the claim a new id")
    assert pledges.register(moved) == []
    assert (found.path / pledges.NAME).read_bytes() == before
    named = stating(found, id="loss.2", **how)
    assert pledges.register(named) == ["loss.2"]
    assert list(pledges.problems(named)) == []
    assert (found.path / pledges.NAME).read_bytes().startswith(before)


def test_the_best_of_so_many_is_part_of_a_check(found):
    (claim,) = found.paper.claims
    checks = [
        Value("fit", "loss", 0.0, 1.0, best=best)
        for best in (None, BestOf(4, "loss", "min"), BestOf(5, "loss", "min"))
    ]
    assert len({pledges.digest(replace(claim, check=check)) for check in checks}) == 3


def test_words_may_change(found):
    pledges.register(found)
    words = {"statement": "other", "note": "more", "kind": "supporting", "measure": "it"}
    assert list(pledges.problems(stating(found, doubted="by us", **words))) == []


def test_what_a_check_may_say_from_now_on_moves_no_digest(found):
    """A field at its default is as one that is not there."""
    plain = Claim("a", "", "", Published(""), AtLeast("fit", "loss", 0.1), measure="it")
    said = replace(plain, check=AtLeast("fit", "loss", 0.1, bands={}), looks=())
    assert pledges.digest(plain) == pledges.digest(said)
    assert pledges.digest(plain) == "bcd3b3f93068"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,digest\nloss,a\n", "is damaged; its columns are id, digest, since"),
        ("id,digest,since\nloss,a\n", "is damaged"),
        ("id;digest;since\nloss;a;b\n", "is damaged"),
        ("id,digest,since\n<<<<<<< HEAD\nloss,a,b\n", "is damaged"),
        ("id,digest,since\nloss,a,b\nloss,a,b\n", "claim 'loss' stands in it twice"),
        ("", "is damaged"),
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(found, text, told):
    path = found.path / pledges.NAME
    path.write_text(text)
    with pytest.raises(Refused, match=told) as refused:
        pledges.register(found)
    assert str(path) in str(refused.value)
    assert path.read_text() == text


def test_a_byte_order_mark_hides_nothing(found):
    pledges.register(found)
    path = found.path / pledges.NAME
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert list(pledges.problems(found)) == []


def test_the_commit_is_named_that_it_was_registered_on(tmp_path, capsys):
    folder = make_paper(tmp_path)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *arguments], check=True)
    assert call("check", "--register", folder) == 0
    assert f"{folder.name}: 1 claims registered: loss" in capsys.readouterr().out
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    (line,) = (folder / pledges.NAME).read_text().splitlines()[1:]
    assert head.stdout.startswith(line.rpartition(",")[2])
    text = (folder / pledges.NAME).read_text()
    (folder / pledges.NAME).write_text(text.replace("loss,", "loss,0"))
    assert call("check", "--register", folder) == 1
    assert "claim 'loss': its check is not the one" in capsys.readouterr().out
