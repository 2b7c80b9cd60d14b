"""The published cell on ImageNet: the network of the authors' log, and claims that wait."""

from __future__ import annotations

import pytest
import torch

from harness.training.metrics import parameters
from papers.cells.child import imagenet
from papers.cells.network.darts import Network
from papers.cells.space.published import PUBLISHED
from papers.gdas.imagenet import study
from papers.gdas.images import study as images


@pytest.mark.slow
def test_the_network_is_the_one_of_the_authors_log():
    (experiment,) = study.EXPERIMENTS
    config = experiment.at("paper")
    layout = imagenet.layout(PUBLISHED[config.cell].genotype, config)
    with torch.device("meta"):
        network = Network(layout)
    assert parameters(network) - parameters(network.auxiliary) == 5_345_075


def test_headlines_wait_for_data_and_say_the_command_that_would_judge_them():
    for claim in (*study.CLAIMS, *images.CLAIMS):
        assert claim.kind == "headline"
        assert claim.budgets == ("paper",)
        assert "run papers/gdas --experiment " in claim.blocked
        assert "--budget paper --device cuda" in claim.blocked
