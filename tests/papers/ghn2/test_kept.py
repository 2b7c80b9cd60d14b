"""Kept hypernetworks: written and read again, and refused where they are not what is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from harness.paper import Refused
from harness.trial import Trial
from papers.ghn2 import kept, testbed
from papers.ghn2.evaluation import judge
from papers.ghn2.hyper.config import Hyper, small
from papers.ghn2.hyper.network import build
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.splits import Space

FACTS = kept.Facts("mnist1d", "abc", "smoke", "python -m harness run papers/ghn2", 3, 150,
                   {"test": 0.3})  # fmt: skip


def made(name: str = "one") -> kept.Kept:
    return kept.Kept(name, build(small("ghn2", 1), 3), Frame(1, (40,), 10), FACTS)


def test_what_is_written_is_read_again(tmp_path: Path):
    before = made()
    after = kept.load(str(kept.save(before, tmp_path)))
    assert (after.name, after.frame, after.facts) == ("one", before.frame, FACTS)
    assert after.ghn.hyper == before.ghn.hyper
    stored = after.ghn.state_dict()
    assert all(torch.equal(value, stored[name]) for name, value in before.ghn.state_dict().items())


def test_half_precision_takes_half_the_room_and_comes_back_as_single(tmp_path: Path):
    full, half = (kept.save(made(n), tmp_path, n) for n in ("float32", "float16"))
    assert half.stat().st_size < 0.55 * full.stat().st_size
    weights = kept.load(str(half)).ghn.state_dict()
    for name, value in made().ghn.state_dict().items():
        assert weights[name].dtype == torch.float32
        torch.testing.assert_close(weights[name], value.half().float(), rtol=0, atol=0)


def test_names_are_those_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    kept.save(made("signals"), tmp_path)
    assert kept.names() == ("signals",)
    assert kept.load("signals").name == "signals"
    with pytest.raises(Refused, match="unknown hypernetwork 'signal'; did you mean 'signals'"):
        kept.load("signal")


def test_refusals(tmp_path: Path):
    file = kept.save(made(), tmp_path)
    with pytest.raises(Refused, match=r"there is no file .*other.pt"):
        kept.load(str(tmp_path / "other.pt"))
    with pytest.raises(Refused, match="unknown stored 'float8'"):
        kept.save(made(), tmp_path, "float8")
    told = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    told["hyper"]["widht"] = told["hyper"].pop("width")
    file.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(Refused, match=r"one.json: hyper: 'widht'; did you mean 'width'"):
        kept.load(str(file))
    file.with_suffix(".json").write_text("[1]", encoding="utf-8")
    with pytest.raises(Refused, match=r"one.json: tells of no hypernetwork"):
        kept.load(str(file))
    file.with_suffix(".json").unlink()
    with pytest.raises(Refused, match=r"there is no file .*one.json"):
        kept.load(str(file))


def test_other_weights_than_told_are_refused(tmp_path: Path):
    file = kept.save(made(), tmp_path)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(Refused, match=r"one.pt is not the file that one.json tells of"):
        kept.load(str(file))


def test_what_is_too_large_is_not_kept(tmp_path: Path):
    large = kept.Kept("large", build(Hyper(width=64), 0), Frame(3, (32, 32), 10), FACTS)
    with pytest.raises(Refused, match=r"large.pt: .* bytes; at most 8,000,000"):
        kept.save(large, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", kept.names())
def test_what_is_kept_here_loads_and_is_small(name: str):
    found = kept.load(name)
    assert found.name == name
    assert (kept.FOLDER / f"{name}.pt").stat().st_size <= kept.LARGEST
    assert found.facts.accuracies
    assert found.facts.command.startswith("python -m ")


@pytest.mark.usefixtures("one_thread")
def test_the_kept_one_for_signals_predicts_as_well_as_is_told(lab: Callable[..., Trial]):
    found = kept.load("signals")
    bed = testbed.signals(lab())
    networks = Space("mini", found.frame).split("test", 12)
    reached = judge(found.ghn, networks, bed.test, 64).mean
    assert reached == pytest.approx(found.facts.accuracies["id"], abs=0.08)
