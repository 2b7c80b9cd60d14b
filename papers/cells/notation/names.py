"""Published genotypes by name, and what to say of a name that is none.

A name that is not known is answered with the genotypes of its own paper only: DARTS and P-DARTS,
or ENAS and PNAS, are as near in letters as they are far apart in content.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from harness.paper import Refused
from papers.cells.notation.source import shortened
from papers.cells.space.published import HAND_REDUCED, PUBLISHED, Published

KNOWN = PUBLISHED | HAND_REDUCED
PAPER = re.compile(r"([\w-]+)(?: \(\w+\))?, arXiv:")  # its short name, in a citation
NEAR = 0.85  # of a slip of the pen: DATRS_V2, NASNte_A_slim


def named(word: str) -> str | None:
    """Return the genotype's name that a word means: capitals, dashes and spaces do not matter."""
    return {_letters(name): name for name in KNOWN}.get(_letters(word)) if word else None


def paper_of(published: Published) -> str:
    """Return the short name of the paper that a genotype was printed in."""
    found = PAPER.search(published.citation)
    assert found, published.citation
    return found[1]


def unknown(word: str) -> Refused:
    """Return the refusal of a name: with those of its paper, a slip of the pen, or all."""
    own = [name for name in KNOWN if _letters(word).startswith(_letters(paper_of(KNOWN[name])))]
    slips = difflib.get_close_matches(_letters(word), map(_letters, KNOWN), n=1, cutoff=NEAR)
    if own:
        advice = f"its paper has {_listed(own)}"
    elif slips and not _another(word):
        advice = f"did you mean '{named(slips[0])}'?"
    else:
        advice = f"choose from: {', '.join(sorted(KNOWN))}"
    return Refused(f"unknown genotype '{shortened(word)}'; {advice}")


def _another(word: str) -> bool:
    """Return whether a word names another paper: R-DARTS is no slip of DARTS."""
    return any(_letters(paper_of(published)) in _letters(word) for published in KNOWN.values())


def _letters(word: str) -> str:
    return re.sub(r"[-_\s]", "", word).lower()


def _listed(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}" if most else f"{last} only"
