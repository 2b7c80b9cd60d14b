"""Alpha as the authors' code updates it in the recurrent search: its gradient is never reset.

`exps-rnn/acc_rnn_search.py` of the release (D-X-Y/AutoDL-Projects at 13e908f) has
`arch_optimizer.step()` where `arch_optimizer.zero_grad()` belongs, and resets the gradients of w
alone. So alpha's holds the sum over all losses so far, and Adam takes two steps along it in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from papers.cells.supernet.bilevel import Hypergradient, Optimizers, Problem
from papers.gdas.recurrent.config import RecurrentSearch
from papers.text.windows import TextWindow


class NeverReset(Optimizers[TextWindow]):
    """Alpha first, by two steps along the sum of all of its gradients; then w."""

    def __init__(self, problem: Problem[TextWindow], config: RecurrentSearch) -> None:
        super().__init__(problem, config, "alpha_first", config.unsampled)
        self.sums: list[Tensor] = []  # of alpha's gradients; nothing before the first of them

    def update_alpha(self, train: TextWindow, val: TextWindow) -> Hypergradient:
        """Step along the old sum, add the gradient of alpha's loss, step along the new one."""
        self._along_sums()
        hyper = self.hypergradient(train, val)
        self._add(hyper.total)
        self._along_sums()
        return hyper

    def update(self, train: TextWindow) -> Tensor:
        """Take one step of clipped SGD on w; what its loss says of alpha is added to the sum."""
        loss, count = self.problem.loss(train), len(self.problem.alphas)
        slopes = self._slopes(loss, (*self.problem.alphas, *self.problem.weights))
        self._add(slopes[:count])
        self._descend_weights(slopes[count:])
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        """Return both optimizers' state, the smoothed values and the sums."""
        return {**super().state_dict(), "sums": self.sums}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another search was."""
        super().load_state_dict(state)
        where = self.problem.alphas[0].device
        self.sums = [total.to(where) for total in state["sums"]]

    def _add(self, gradients: Sequence[Tensor | None]) -> None:
        found = [gradient for gradient in gradients if gradient is not None]
        if found:  # a sample of nothing but `none` has no gradient
            before = self.sums or [0 * gradient for gradient in found]
            self.sums = [total + new for total, new in zip(before, found, strict=True)]

    def _along_sums(self) -> None:
        if self.sums:
            for alpha, total in zip(self.problem.alphas, self.sums, strict=True):
                alpha.grad = total
            self.alphas.step()
            self.alphas.zero_grad()
