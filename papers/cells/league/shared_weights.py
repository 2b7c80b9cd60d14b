"""Shared weights that train along paths which a policy proposes, one path a minibatch.

Random search with weight sharing proposes uniformly (Li & Talwalkar 2019, arXiv:1902.07638, Alg. 1
in its supplement), ENAS by its controller (Pham et al. 2018, arXiv:1802.03268, Sec. 2.2).

Shapes: N batch, L positions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.nn.functional import cross_entropy

from harness.training import optim
from papers.cells.league.config import PathTraining
from papers.cells.rows import BatchStream, Part, Seed
from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.supernet.edge import Shared, build_supernet

Propose = Callable[[], Code]  # the policy: the next path


class SharedWeights:
    """The weights of all cells, and what trains them: one path, one minibatch, one step.

    `part` is stored batch last (L, N). A policy that has state restores it itself.
    """

    def __init__(
        self, space: EdgeSpace, config: PathTraining, part: Part, seed: Seed, propose: Propose
    ) -> None:
        self.space, self.propose, self.clip = space, propose, config.clip
        self.supernet = build_supernet(space, seed("init")).to(part.x.device)
        self.shared = Shared(self.supernet)
        self.optimizer = optim.unfused_sgd(
            self.supernet.parameters(), config.lr, config.momentum, config.weight_decay
        )
        self.batches = BatchStream(part, config.batch, seed("order"), batch_last=True)

    @property
    def stateful(self) -> dict[str, Any]:
        """Return everything that has state, by name."""
        names = ("supernet", "optimizer", "batches")
        return {name: getattr(self, name) for name in names}

    def step(self, lr: float) -> Code:
        """Take a step along the path that the policy proposes; return it.

        What the path does not touch has no gradient, hence neither decay nor momentum.
        """
        code, (x, y) = self.propose(), next(self.batches)
        optim.set_rate(self.optimizer, lr)
        loss = cross_entropy(self.supernet(x, code), y)
        optim.clipped_step(loss, self.supernet.parameters(), self.optimizer, self.clip)
        return code
