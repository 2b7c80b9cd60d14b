"""This paper's own figures, study by study."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from papers.mnist1d.benchmark import figures as benchmark
from papers.mnist1d.meta_activation import figures as meta_activation
from papers.mnist1d.meta_lr import figures as meta_lr

STUDIES = (benchmark, meta_lr, meta_activation)

FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    name: draw for study in STUDIES for name, draw in study.FIGURES.items()
}
