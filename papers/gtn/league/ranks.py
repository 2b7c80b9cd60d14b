"""How well scores rank cells: over all, in the better half, and given their size.

Spearman's rho is what the paper prints. In this league the number of parameters alone has a high
one, so that a score has to say more than how large a cell is: the partial correlation given size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from papers.cells.league.league import League
from papers.cells.network import light
from papers.cells.space.edge import Code
from papers.gtn.correlation import partial, rho


def ranks(league: League, codes: Sequence[Code], scores: Sequence[float]) -> dict[str, float]:
    """Return the correlations of scores with the truth, those of size, and regret at 1 and 5."""
    true = np.array([league.true(code) for code in codes])
    found = np.array(scores, dtype=np.float64)
    sizes = np.array([float(light.parameters(league.space, code)) for code in codes])
    half = np.argsort(-found, kind="stable")[: max(2, len(codes) // 2)]  # by the scores, as there
    best = np.argsort(-found, kind="stable")
    return {
        **league.agreement(codes, scores),
        "rho": rho(true, found),
        "rho_top": rho(true[half], found[half]),
        "partial": partial(true, found, sizes),
        "rho_parameters": rho(true, sizes),
        "tau_parameters": league.agreement(codes, sizes.tolist())["tau"],
        "tau_ceiling": league.ceiling()["tau"],
        "regret_at_1": league.best - float(true[best[0]]),
        "regret_at_5": league.best - float(true[best[:5]].max()),
    }
