"""`python -m papers.gtn`: synthetic data for networks of your own.

    teach MODULE --curriculum NAME     train a network; prints test accuracy after every step
    curricula                          list those that are kept here
    keep FILE NAME --command TEXT      measure an exported curriculum and keep it here

MODULE is FILE.py:NAME or PACKAGE.MODULE:NAME, a class or function that makes a torch module
without arguments. A curriculum is one of those that are kept, or an exported `curriculum.npz` with
its JSON beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.paper import Refused
from papers.gtn import exported, kept, users


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    given = parser().parse_args(arguments)
    try:
        if given.verb == "teach":
            teach(given.module, given.curriculum, given.seed)
        elif given.verb == "keep":
            made = kept.keep(given.file, given.name, given.command)
            say(f"{given.name}: {described(made)}")
        else:
            for name in kept.names():
                say(f"{name}: {described(exported.load(kept.find(name)))}")
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    whole = argparse.ArgumentParser(
        "python -m papers.gtn",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("teach", help="train a network of yours on a curriculum")
    verb.add_argument("module", help="FILE.py:NAME or PACKAGE.MODULE:NAME")
    verb.add_argument("--curriculum", required=True, help="a kept one's name, or curriculum.npz")
    verb.add_argument("--seed", type=int, default=0, help="of the network's first weights (0)")
    verbs.add_parser("curricula", help="list those that are kept")
    verb = verbs.add_parser("keep", help="measure an exported curriculum and keep it")
    verb.add_argument("file", type=Path, help="curriculum.npz of a run's artifacts")
    verb.add_argument("name")
    verb.add_argument("--command", required=True, help="the command that made it")
    return whole


def teach(module: str, curriculum: str, seed: int) -> None:
    """Train a user's network, and print how it does after every step."""
    made = exported.load(kept.find(curriculum))
    above = int((made.arrays["momenta"] > 1).sum())
    if above:
        say(f"note: the momentum of {above} steps is above 1, as it was learned")
    network = users.built(module, seed)
    for step, accuracy in users.progress(network, made, users.tested(made)):
        say(f"step {step:3d}: {100 * accuracy:.2f} % of the test set")


def described(made: exported.Bundle) -> str:
    """Return a kept curriculum in a line."""
    said = made.said
    worth = f"{100 * said['accuracy']:.1f} % (sd {100 * said['accuracy_sd']:.1f})"
    return (
        f"{said['steps']} batches of {said['batch']} for {said['dataset']}; "
        f"{worth} of the test set, mean of {said['learners']} fresh learners; {said['command']}"
    )


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
