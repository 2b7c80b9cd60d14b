"""Trainings on a tiny folder of ImageNet's layout, and what the paper's own networks are."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from harness.meter import Interrupted
from harness.paper import Phase
from harness.trial import Pace
from papers.ghn2.evaluation import Judged
from papers.ghn2.imagenet import study, unseen
from papers.ghn2.imagenet.config import ImageNet
from papers.ghn2.imagenet.unseen import PREDEFINED, Turns, means
from papers.ghn2.space.generator import LARGE
from papers.ghn2.space.network import Network
from papers.ghn2.space.predefined import resnet50, transformer
from tests.lab import imagenets
from tests.lab.testbeds import trial_of

pytestmark = pytest.mark.usefixtures("prepared")
PHASES = {"train": Phase("steps")}
TINY = replace(ImageNet(), **{**study.CHECK, "dataset": "imagenet", "steps": 4, "eval_every": 2})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return imagenets.tiny(tmp_path, monkeypatch)


@pytest.mark.slow
def test_a_training_ends_with_both_accuracies_of_every_split(lab, folder: Path):
    trial = trial_of(lab, TINY, PHASES)
    *curve, last = rows = list(unseen.run(TINY, trial))
    assert [row["at"] for row in curve] == [1, 3, 4]
    assert [row["evaluations"] for row in curve] == [2, 6, 8]
    kept = json.loads((trial.artifacts / "networks.json").read_text())
    for split in TINY.splits:
        assert 0 <= last[f"{split}_top1"] <= last[f"{split}_top5"] <= 1
        for name in (f"{split}_top1", f"{split}_top5"):
            own = [row["accuracy"] for row in kept if row["split"] == name]
            assert len(own) == (2 if split == "id" else 1)
            assert last[name] == pytest.approx(fmean(own))
            assert 6 * own[0] == pytest.approx(round(6 * own[0]))  # of six images in val
    assert "ood_top5" not in last  # where not every split was judged
    again = list(unseen.run(replace(TINY, workers=2), trial_of(lab, TINY, PHASES)))
    assert again == rows


@pytest.mark.slow
def test_a_training_that_is_stopped_leaves_no_worker_behind(lab, folder: Path):
    config = replace(TINY, workers=1, watched=0)
    trial = trial_of(lab, config, PHASES)
    trial.pace = Pace(stop_after=2)
    rows = unseen.run(config, trial)
    next(rows)
    assert len(multiprocessing.active_children()) == 1
    with pytest.raises(Interrupted):
        list(rows)
    assert multiprocessing.active_children() == []


def test_turns_are_numbered_and_go_on_where_they_stopped():
    turns = Turns()
    assert [int(next(turns)) for _ in range(3)] == [0, 1, 2]
    resumed = Turns()
    resumed.load_state_dict(turns.state_dict())
    assert int(next(resumed)) == 3


def test_every_network_out_of_distribution_counts_alike_and_predefined_ones_by_name():
    two = (Network(resnet50(LARGE), "resnet50"), Network(transformer(LARGE), "vit"))
    own = {split: Judged(two[:1], (0.1,)) for split in ("wide", "deep", "dense")}
    own |= {"id": Judged(two, (0.2, 0.4)), "bnfree": Judged(two, (0.0, 0.2))}
    own[PREDEFINED] = Judged(two, (0.05, 0.04))
    row = means({"top5": own})
    assert row["id_top5"] == pytest.approx(0.3)
    assert row["ood_top5"] == pytest.approx(0.5 / 5)
    assert (row["resnet50_top5"], row["vit_top5"]) == (0.05, 0.04)


def test_the_hypernetwork_is_the_one_for_large_images(lab):
    ghn = unseen.hypernetwork(study.EXPERIMENTS[0].config, lab())
    assert (ghn.hyper.kernel, ghn.hyper.spatial, ghn.hyper.classes) == ((16, 16), "imagenet", 1000)
    assert (ghn.hyper.virtual, ghn.hyper.normalize, ghn.hyper.layer_norm) == (50, True, True)
    first = unseen.hypernetwork(study.EXPERIMENTS[1].config, lab())
    assert (first.hyper.kernel, first.hyper.virtual) == ((16, 16), 0)
    assert (first.hyper.normalize, first.hyper.layer_norm) == (False, False)


@pytest.mark.slow
def test_networks_of_the_paper_for_images_of_its_size_take_a_step_and_are_judged(
    lab, folder: Path
):
    config = replace(
        ImageNet(), steps=1, meta_batch=1, batch=2, pool=2, held_out=1, networks=1, others=1,
        splits=("id", "bnfree"), watched=0, eval_batch=3, workers=0,
    )  # fmt: skip
    *_, last = unseen.run(config, trial_of(lab, config, PHASES))
    assert last["skipped"] == 0
    for name in ("id", "bnfree", "resnet50", "vit"):
        assert 0 <= last[f"{name}_top1"] <= last[f"{name}_top5"] <= 1
