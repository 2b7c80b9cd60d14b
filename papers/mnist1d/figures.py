"""This paper's own figures, study by study."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from papers.mnist1d.benchmark import figures as benchmark
from papers.mnist1d.contrastive import figures as contrastive
from papers.mnist1d.double_descent import figures as double_descent
from papers.mnist1d.embedding import figures as embedding
from papers.mnist1d.lottery import figures as lottery
from papers.mnist1d.meta_activation import figures as meta_activation
from papers.mnist1d.meta_lr import figures as meta_lr
from papers.mnist1d.pooling import figures as pooling

STUDIES = (
    benchmark,
    lottery,
    double_descent,
    meta_lr,
    meta_activation,
    pooling,
    contrastive,
    embedding,
)

FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Figure | None]] = {
    name: draw for study in STUDIES for name, draw in study.FIGURES.items()
}
