"""Training a found cell: averaging, its trigger, going back, FLOPs."""

from __future__ import annotations

import math

import pytest
import torch

from harness.training import metrics
from papers.darts.recurrent import study
from papers.text import evaluation
from papers.text.corpus import Corpus
from papers.text.network import cross_entropy
from papers.text.published import RECURRENT
from tests.lab.recurrent import small, trained


def test_averaging_is_the_mean_of_the_weights_since_it_began():
    training = trained(switch_by=0.5)
    training.horizon = 6
    seen = []
    for turn in range(6):
        training.update(turn)
        seen.append(training.model.embedding.detach().clone())
    torch.testing.assert_close(training.average.mean[0], torch.stack(seen[3:]).mean(0))
    assert training.average.steps == 3
    now = training.loss(training.corpus.val, 2)
    averaged = cross_entropy(training.model, training.corpus.val, 2, 12)
    assert now != averaged  # the averaged weights were read, and put back
    assert torch.equal(training.model.embedding, seen[-1])


def test_the_trigger_is_not_monotone():
    falling = [5.0, 4.0, 3.0, 2.9, 2.8, 2.7]
    assert not evaluation.non_monotone(falling[:5], 9.0, 5)  # too early to tell
    assert not evaluation.non_monotone(falling, 4.9, 5)  # below the only early one
    assert evaluation.non_monotone([3.0, *falling], 3.5, 5)
    training = trained(patience=1, switch_by=1.0)
    training.horizon = 1000
    training.losses = [0.0, 0.0]  # better than it can be
    training.update(0)
    assert training.average.steps == 0
    training.judge()
    training.update(1)
    assert training.average.steps == 1


def test_a_training_that_is_no_number_goes_back_to_its_best():
    training = trained()
    training.update(0)
    best = training.judge()
    kept = training.model.embedding.detach().clone()
    with torch.no_grad():
        training.model.cell.root[0, 0] = math.nan
    training.update(1)
    assert not training.model.embedding.isfinite().all()
    row = training.judge()
    assert row["rollbacks"] == 1
    assert row["val_loss"] == best["val_loss"]
    assert torch.equal(training.model.embedding, kept)
    assert not training.reader.hidden.any()
    assert "train_loss" not in row  # that was no number
    training.update(2)
    assert math.isfinite(float(training.judge()["train_loss"]))


def test_training_lowers_the_loss_below_that_of_frequencies():
    config = small(study.KNOWN, width=16, retrain_steps=60, retrain_batch=16, retrain_bptt=12)
    text_ = Corpus.load("grammar", "cpu")
    training = evaluation.LanguageTraining(RECURRENT["DARTS_V2"], config, text_, lambda name: 1)
    first = training.scores()
    assert first["val_loss"] == pytest.approx(math.log(text_.words), abs=0.1)
    for turn in range(60):
        training.update(turn)
    assert training.scores()["test_loss"] < first["test_loss"] - 0.2
    assert first["test_perplexity"] == pytest.approx(math.exp(first["test_loss"]))


def test_flops_of_a_training_are_those_that_torch_counts():
    cell = trained(retrain_bptt=12, spread=0.0)
    assert cell.flops() == pytest.approx(metrics.flops(lambda: cell.update(0)), rel=0.02)
