"""Recurrent architectures: derived, drawn at random, written and read."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import torch

from papers.text import architecture
from papers.text.cell import OPERATIONS
from papers.text.published import RECURRENT


def test_derivation_keeps_the_strongest_edge_and_never_none():
    alpha = torch.zeros(6, 5)
    alpha[:, 0] = 3.0  # none is the strongest everywhere
    alpha[0, OPERATIONS.index("relu")] = 1.0
    alpha[2, OPERATIONS.index("tanh")] = 1.0  # node 2 from node 1
    alpha[4, OPERATIONS.index("identity")] = 1.0  # node 3 from node 1
    alpha[5, OPERATIONS.index("sigmoid")] = 1.0  # as strong, from node 2: later
    cell = architecture.derive(alpha.softmax(1), 3)
    assert cell.nodes == (("relu", 0), ("tanh", 1), ("identity", 1))
    assert cell.concat == (1, 2, 3)


def test_derivation_reads_shares_and_not_alphas():
    alpha = torch.tensor([[0.0] * 5, [3.0, 1, 0, 0, 0], [-3.0, 0, 0.9, 0, 0]])
    assert architecture.derive(alpha.softmax(1), 2).nodes[1] == ("relu", 1)


def test_random_cells_are_uniform():
    cells = [architecture.drawn(3, seed) for seed in range(1200)]
    assert cells[5] == architecture.drawn(3, 5)
    names = Counter(cell.nodes[2][0] for cell in cells)
    states = Counter(cell.nodes[2][1] for cell in cells)
    assert set(names) == set(OPERATIONS) - {"none"}
    assert max(abs(n - 300) for n in names.values()) < 75  # five standard deviations
    assert set(states) == {0, 1, 2}
    assert max(abs(n - 400) for n in states.values()) < 85


def test_a_cell_is_written_and_read(tmp_path: Path):
    architecture.save(RECURRENT["ENAS"], tmp_path)
    stored = json.loads((tmp_path / "cell.json").read_text())
    assert stored["nodes"][:2] == [["tanh", 0], ["tanh", 1]]
    assert stored["concat"] == [2, 5, 6, 9, 10, 11]
    assert architecture.read(tmp_path) == RECURRENT["ENAS"]
