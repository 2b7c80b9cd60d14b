"""The language model: initial weights, windows, regularisation, dropout."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from papers.text.cell import CellMasks, DiscreteCell
from papers.text.network import LanguageModel, build, cross_entropy
from papers.text.published import RECURRENT
from papers.text.windows import Masks, TextWindow


def model() -> LanguageModel:
    cell = DiscreteCell(RECURRENT["DARTS_V1"], 5)
    return build(LanguageModel(11, 5, cell), 0.3, 7, "cpu").double()


def test_initial_weights_are_uniform_and_the_bias_is_zero():
    net = build(LanguageModel(50, 40, DiscreteCell(RECURRENT["DARTS_V2"], 40)), 0.04, 7, "cpu")
    assert not net.bias.any()
    for parameter in (p.detach() for p in (net.embedding, net.cell.root, net.cell.nodes)):
        assert 0.039 < parameter.abs().max() <= 0.04
        assert abs(float(parameter.mean())) < 0.003


def test_reading_in_windows_is_reading_at_once():
    net, encoded = model(), torch.randint(11, (80,))
    whole = cross_entropy(net, encoded, 2, 100)
    assert cross_entropy(net, encoded, 2, 7) == pytest.approx(whole, rel=1e-12)
    with torch.no_grad():
        inputs = encoded.view(2, 40).T
        logits, _ = net(inputs[:-1], torch.zeros(2, 5, dtype=torch.float64), None)
        right = torch.nn.functional.cross_entropy(logits, inputs[1:].flatten())
    assert whole == pytest.approx(float(right), rel=1e-12)


def test_the_loss_has_the_temporal_term_and_leaves_the_last_state():
    net = model()
    ones = torch.ones(2, 5, dtype=torch.float64)
    masks = Masks(torch.ones(11, dtype=torch.float64), ones, CellMasks(ones, ones), ones)
    window = TextWindow(torch.randint(11, (6, 2)), torch.randint(11, (6, 2)), 0 * ones, masks, 0.0)
    plain = net.loss(window)
    _, states = net(window.inputs, window.before, masks)
    assert window.after is not None
    assert torch.equal(window.after, states[-1])
    assert not window.after.requires_grad
    window.beta = 10.0
    extra = 10.0 * (states[1:] - states[:-1]).square().mean()
    torch.testing.assert_close(net.loss(window), plain + extra)


def test_dropped_words_and_outputs_have_no_say():
    net = model()
    ones = torch.ones(2, 5, dtype=torch.float64)
    masks = Masks(torch.ones(11, dtype=torch.float64), ones, CellMasks(ones, ones), ones.clone())
    masks.word[4] = 0
    words = torch.full((3, 2), 4)
    _, states = net(words, 0 * ones, masks)
    assert not states.any()  # nothing enters, and h_0 is 0
    logits, _ = net(words, ones, replace(masks, output=0 * ones))
    torch.testing.assert_close(logits, net.bias.expand_as(logits))
