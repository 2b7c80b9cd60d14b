"""Which results are newer: told by commits and code, never by a clock, which may run wrong.

Of two generations of an experiment the newer one is, by the first of these that tells them apart:
the one that this checkout's code measures; the one whose last commit comes later in the history
(one that the repository does not know comes before all); the one that has changes on top of that
commit; the one with more replicates; the one under the instruction set that more machines have.
"""

from __future__ import annotations

import pandas as pd

from harness.plan.processor import COMMITTED
from harness.record import provenance

GENERATION = ["code", "data_hash", "isa"]
BETWEEN = "\0"


def key(rows: pd.DataFrame) -> pd.Series[str]:
    """Return what names each row's generation, as one text; what a table lacks is empty."""
    texts = [
        rows[name].fillna("").astype(str) if name in rows else pd.Series("", index=rows.index)
        for name in GENERATION
    ]
    return texts[0] + BETWEEN + texts[1] + BETWEEN + texts[2]


def split(generation: str) -> tuple[str, ...]:
    """Return the code, data hash and instruction set that a key names."""
    return tuple(generation.split(BETWEEN))


def by_age(rows: pd.DataFrame, today: str = "") -> list[str]:
    """Return the keys of one experiment's generations, the newest last.

    `today` is the digest of this checkout's code for the experiment, where that is known.
    """
    keys, moments = key(rows), moment(rows)
    latest, sizes = moments.groupby(keys).max(), keys.value_counts()

    def age(generation: str) -> tuple[bool, float, int, bool, str]:
        code, _, isa = split(generation)
        common = isa == COMMITTED
        return code == today, latest[generation], int(sizes[generation]), common, generation

    return sorted(sizes.index, key=age)


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by the commit that they were measured at, the newest last."""
    return rows.loc[moment(rows).sort_values(kind="stable").index]


def moment(rows: pd.DataFrame) -> pd.Series[float]:
    """Return where in the history each row was measured; changes come after their commit."""
    places = provenance.places()
    named = zip(rows["commit"].fillna("").astype(str), rows["dirty"].fillna(False), strict=True)
    told = [places.get(commit, -1) + 0.5 * bool(dirty) for commit, dirty in named]
    return pd.Series(told, index=rows.index, dtype=float)
