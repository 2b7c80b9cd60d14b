"""The controller of recurrent cells (Sec. 2.1), in the order of the authors' code.

For every node it chooses the state that the node reads, then its activation. States that lie
closer are favoured by a prior that is not learned, and what goes into the next step is the chosen
state's own, divided by how far back it lies.

Shapes: N architectures, H hidden units, I nodes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.paper import require
from papers.cells.searcher.policy import (
    HIDDEN,
    PLAIN,
    Attention,
    Choices,
    Controller,
    Policy,
    initialise,
    shaped,
)
from papers.enas.recurrent.cell import NAMES

RECENT = 6.0  # [C] a state i nodes back has i^2 / 6 less
NEAR = 0.1  # [C] what is chosen is divided by this and how far back it lies


class RecurrentController(Controller):
    """Draws recurrent cells: codes `j f` for nodes 1 ... I (papers.enas.recurrent.cell)."""

    def __init__(
        self, preset: str = "free", seed: int = 0, nodes: int = 8, hidden: int = HIDDEN
    ) -> None:
        super().__init__()
        self.nodes = nodes
        self.policy = Policy(len(NAMES), PLAIN[require(preset, PLAIN, "preset")], hidden)
        self.attention = Attention(hidden)
        initialise(self, seed)
        self.register_buffer("order", torch.arange(2 * nodes), persistent=False)

    def walk(self, choices: Choices) -> None:
        """Decide node by node; the root has tanh and is not decided on."""
        policy, count = self.policy, choices.count
        rows = torch.arange(count, device=self.order.device)
        state = policy.step(policy.first(count), policy.rest(count))
        states, keys = [state[0]], [self.attention.key(state[0])]
        x = policy.embedding[NAMES.index("tanh")].expand(count, -1)
        for node in range(1, self.nodes + 1):
            state = policy.step(x, state)
            scores = self.attention(keys, state[0])
            logits = shaped(scores, policy.preset.index, policy.preset)
            j = choices.one(logits - recency(node, logits))
            back = (NEAR + node - j).unsqueeze(1)
            x = torch.stack(states, 1)[rows, j] / back
            states.append(state[0])
            keys.append(self.attention.key(state[0]))
            state = policy.step(x, state)
            x = policy.embedding[choices.one(policy.ops(state[0]))]


def recency(node: int, like: Tensor) -> Tensor:
    """Return how much less states 0 ... node - 1 have for lying back: (node - j)^2 / 6."""
    back = torch.arange(node, 0, -1, dtype=like.dtype, device=like.device)
    return back.square() / RECENT
