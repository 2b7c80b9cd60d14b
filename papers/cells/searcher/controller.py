"""The LSTM controllers that draw architectures: ENAS's, which reinforcement learning shares.

Pham et al. 2018, arXiv:1802.03268, Sec. 2.3 and 2.4, in the release's order of decisions, and one
for edge cells. A controller draws N architectures side by side, or tells how probable given ones
are; what it is trained for is the searcher's affair.

Shapes: N architectures, D decisions of each, K choices, H hidden units, O operations, B nodes,
L layers.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn

from harness.paper import Refused, require
from papers.cells.searcher.policy import (
    HIDDEN,
    PLAIN,
    PRESETS,
    Attention,
    Choices,
    Controller,
    Draw,
    Policy,
    State,
    initialise,
    shaped,
)
from papers.cells.space.allowed import Allowed
from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.space.genotype import CELLS, INPUTS, Genotype
from papers.cells.space.node import ENAS, NodeSpace
from papers.cells.space.published import MACRO_OPS, Macro

SKIPPED = 0.4  # the rate of skips that the penalty draws to (Sec. 3.2)
FORMS = ("sampling", "release")
NEVER = -1e9  # the logit of what may not be: its probability is 0, and its entropy no nan


class MicroController(Controller):
    """Draws two cells, normal then reduction: ENAS's integers, for `NodeSpace.decode`.

    41,733 parameters with 64 hidden units and five operations, of which five are biases.
    """

    fixed: Tensor  # what separable convolutions have ahead in the normal cell (O)

    def __init__(
        self, preset: str = "free", seed: int = 0, space: NodeSpace = ENAS, hidden: int = HIDDEN
    ) -> None:
        super().__init__()
        if space.distinct:
            raise Refused(f"{space.name}: a node's two states are drawn one by one, not distinct")
        chosen = PRESETS[require(preset, PRESETS, "preset")]
        self.space = space
        self.policy = Policy(len(space.ops), chosen, hidden)
        self.attention = Attention(hidden)
        initialise(self, seed)
        favoured = torch.tensor([op.startswith("sep_conv") for op in space.ops])
        self.bias = nn.Parameter(favoured * chosen.bias)
        self.register_buffer("fixed", (2.0 * favoured - 1) * chosen.fixed, persistent=False)
        nodes = torch.arange(8 * space.nodes).view(-1, 4)  # decided: i1 i2 o1 o2
        self.register_buffer("order", nodes[:, [0, 2, 1, 3]].flatten(), persistent=False)

    def walk(self, choices: Choices) -> None:
        """Decide on both cells; the second goes on from the first's LSTM state (Sec. 2.3)."""
        state = self.policy.rest(choices.count)
        for cell in CELLS:
            ahead = self.fixed if cell == "normal" else torch.zeros_like(self.fixed)
            state = self._cell(choices, state, ahead)

    def _cell(self, choices: Choices, state: State, ahead: Tensor) -> State:
        policy, rows = self.policy, torch.arange(choices.count, device=self.bias.device)
        x, anchors, keys = policy.first(choices.count), list[Tensor](), list[Tensor]()
        for _ in range(INPUTS):
            state = policy.step(x, state)
            anchors.append(torch.zeros_like(x))
            keys.append(self.attention.key(state[0]))
        for _ in range(self.space.nodes):
            for _ in range(2):
                state = policy.step(x, state)
                scores = self.attention(keys, state[0])
                j = choices.one(shaped(scores, policy.preset.index, policy.preset))
                x = torch.stack(anchors, 1)[rows, j]
            for _ in range(2):
                state = policy.step(x, state)
                op = choices.one(policy.ops(state[0], self.bias) + ahead)
                x = policy.embedding[op]
            state = policy.step(x, state)
            anchors.append(state[0])
            keys.append(self.attention.key(state[0]))
            x = policy.first(choices.count)
        return state

    def genotypes(self, codes: Tensor) -> list[Genotype]:
        """Return the genotypes of integers (N, 8 B)."""
        return [self.space.decode(code) for code in codes.tolist()]


class MacroController(Controller):
    """Draws whole networks: for each layer an operation and which earlier tensors it joins.

    Layer l of a code is `op s_0 ... s_{l-1}`. 41,856 parameters with 64 hidden units.
    """

    bits: Tensor  # the places of skips in a code

    def __init__(
        self, preset: str = "free", seed: int = 0, layers: int = 12, hidden: int = HIDDEN
    ) -> None:
        super().__init__()
        if layers < 1:
            raise Refused(f"layers={layers}: must be at least 1")
        chosen = PLAIN[require(preset, PLAIN, "preset")]
        self.layers = layers
        self.policy = Policy(len(MACRO_OPS), chosen, hidden)
        self.attention = Attention(hidden)
        initialise(self, seed)
        order = torch.arange(layers + math.comb(layers, 2))
        starts = torch.tensor([layer + math.comb(layer, 2) for layer in range(layers)])
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("bits", order[~torch.isin(order, starts)], persistent=False)

    def walk(self, choices: Choices) -> None:
        """Decide layer by layer; the mean of the layers that are joined is the next input."""
        policy, state = self.policy, self.policy.rest(choices.count)
        x, anchors, keys = policy.first(choices.count), list[Tensor](), list[Tensor]()
        for layer in range(self.layers):
            state = policy.step(x, state)
            x = policy.embedding[choices.one(policy.ops(state[0]))]
            state = policy.step(x, state)
            x = policy.first(choices.count)
            if layer:
                scores = self.attention(keys, state[0])
                q = shaped(scores, policy.preset.index, policy.preset)
                bits = choices.take(torch.stack([-q, q], -1)).to(q.dtype)
                joined = (torch.stack(anchors, 1) * bits.unsqueeze(-1)).sum(1)
                x = joined / (1 + bits.sum(1, keepdim=True))
            anchors.append(state[0])
            keys.append(self.attention.key(state[0]))

    def skip_penalty(self, draw: Draw, form: str = "sampling") -> Tensor:
        """Return KL(skip rate || 0.4), summed over a layer's skips, mean over layers (N).

        Of the probabilities that bits are drawn with, or in the release's form of the sigmoid of
        half their log odds, which settles on drawing 31 % instead of 40 %. Layer 0 has no skips
        and is not counted.
        """
        bits = draw.codes[:, self.bits] == 1
        own = draw.log_probs[:, self.bits].exp()
        p = torch.where(bits, own, 1 - own)
        if require(form, FORMS, "form of the penalty") == "release":
            p = p.sqrt() / (p.sqrt() + (1 - p).sqrt())
        kl = p * (p / SKIPPED).log() + (1 - p) * ((1 - p) / (1 - SKIPPED)).log()
        return kl.sum(1) / max(1, self.layers - 1)

    def networks(self, codes: Tensor) -> list[Macro]:
        """Return the networks of integers (N, D)."""
        starts = [layer + math.comb(layer, 2) for layer in range(self.layers + 1)]
        return [
            Macro(
                tuple(code[at] for at in starts[:-1]),
                tuple(tuple(map(bool, code[a + 1 : b])) for a, b in itertools.pairwise(starts)),
                "drawn by a controller",
            )
            for code in codes.tolist()
        ]


class EdgeController(Controller):
    """Draws edge cells, an operation for each edge in a code's order; ours, for the league.

    With `allowed` it draws no others: on each edge only operations that some allowed cell goes on
    with, after those on the edges before.
    """

    ways: Tensor  # (E, O^(E - 1), O) bool: what may follow each beginning; empty where all may

    def __init__(
        self,
        space: EdgeSpace,
        preset: str = "free",
        seed: int = 0,
        hidden: int = HIDDEN,
        allowed: Allowed | None = None,
    ) -> None:
        super().__init__()
        chosen = PLAIN[require(preset, PLAIN, "preset")]
        self.space = space
        self.policy = Policy(len(space.ops), chosen, hidden)
        initialise(self, seed)
        self.register_buffer("order", torch.arange(len(space.edges)), persistent=False)
        ways = torch.empty(0) if allowed is None else continued(allowed)
        self.register_buffer("ways", ways, persistent=False)

    def walk(self, choices: Choices) -> None:
        """Decide edge by edge; an operation's embedding is the next input."""
        policy, begun = self.policy, torch.zeros_like(self.order[:1]).expand(choices.count)
        state, x = policy.rest(choices.count), policy.first(choices.count)
        for edge in range(len(self.space.edges)):
            state = policy.step(x, state)
            logits = policy.ops(state[0])
            if len(self.ways):
                logits = logits.masked_fill(~self.ways[edge, begun], NEVER)
            op = choices.one(logits)
            begun = begun * len(self.space.ops) + op
            x = policy.embedding[op]

    def cells(self, codes: Tensor) -> list[Code]:
        """Return the codes of integers (N, E)."""
        return [self.space.check(tuple(code)) for code in codes.tolist()]


def continued(allowed: Allowed) -> Tensor:
    """Return which operations allowed codes have after each beginning: (E, O^(E - 1), O) bool.

    A beginning is the number that its operations are in base O, the first edge highest.
    """
    edges, ops = len(allowed.space.edges), len(allowed.space.ops)
    codes = torch.tensor(allowed.codes)  # (A, E)
    ways = torch.zeros(edges, ops ** (edges - 1), ops, dtype=torch.bool)
    begun = torch.zeros_like(codes[:, 0])
    for edge in range(edges):
        ways[edge, begun, codes[:, edge]] = True
        begun = begun * ops + codes[:, edge]
    return ways
