"""`python -m papers.gtn teach MODULE --curriculum FILE`: train your network on synthetic data.

MODULE is FILE.py:NAME or PACKAGE.MODULE:NAME, a class or function that makes a torch module
without arguments. The curriculum is an exported `curriculum.npz` with its JSON beside it. Accuracy
on the real test set is printed after every step.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.paper import Refused
from papers.gtn import exported, users


def main(arguments: Sequence[str] | None = None) -> int:
    """Teach what the command line names; return the exit status."""
    parser = argparse.ArgumentParser("python -m papers.gtn", description=__doc__)
    parser.add_argument("verb", choices=("teach",))
    parser.add_argument("module", help="FILE.py:NAME or PACKAGE.MODULE:NAME")
    parser.add_argument("--curriculum", required=True, type=Path, help="curriculum.npz")
    parser.add_argument("--seed", type=int, default=0, help="of the network's first weights (0)")
    given = parser.parse_args(arguments)
    try:
        made = exported.load(given.curriculum)
        above = int((made.arrays["momenta"] > 1).sum())
        if above:
            sys.stdout.write(
                f"note: the momentum of {above} steps is above 1, as it was learned\n"
            )
        module = users.built(given.module, given.seed)
        for step, accuracy in users.progress(module, made, users.tested(made)):
            sys.stdout.write(f"step {step:3d}: {100 * accuracy:.2f} % of the test set\n")
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
