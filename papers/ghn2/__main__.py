"""`python -m papers.ghn2 predict NETWORK`: all parameters of a network, in one pass.

NETWORK is torchvision:resnet50, package.module:function, or FILE.py:NAME. `coverage` records every
classifier of torchvision and prints how much of each has a primitive. `keep` trains a hypernetwork
and keeps it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from harness.paper import Refused
from papers.ghn2 import coverage, keeping, kept, sources
from papers.ghn2.prediction import predict


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    given = _parser().parse_args(arguments)
    try:
        VERBS[given.verb](given)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _coverage(given: argparse.Namespace) -> None:
    for line in coverage.lines(given.names):
        sys.stdout.write(f"{line}\n")


def _keep(given: argparse.Namespace) -> None:
    stored = "float16" if given.half else "float32"
    order = keeping.Ordered(given.name, given.on, given.steps, given.seed, stored)
    made = keeping.keep(order, lambda line: sys.stdout.write(f"{line}\n"))
    for split, accuracy in made.facts.accuracies.items():
        sys.stdout.write(f"{split}: {100 * accuracy:.1f} %\n")


def _predict(given: argparse.Namespace) -> None:
    if given.output is not None and given.output.suffix != ".pt":
        raise Refused(f"--output {given.output}: must end in .pt")
    if given.output is not None and not given.output.parent.is_dir():
        raise Refused(f"--output {given.output}: there is no folder {given.output.parent}")
    found = kept.load(given.ghn)
    module = sources.network(given.network, found.ghn.hyper.classes)
    frame = found.frame
    size = frame.size if given.size is None else (given.size,) * frame.dim
    generator = torch.Generator().manual_seed(0)
    example = torch.randn((2, frame.channels, *size), generator=generator)
    state, report = predict(
        found.ghn, module, example, frame=frame, partial=given.partial, frozen=given.frozen,
        classifier=not given.no_classifier,
    )  # fmt: skip
    for line in report.lines():
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"hypernetwork: {found.name}, trained on {found.facts.data}\n")
    if given.output is not None:
        torch.save(state, given.output)
        sys.stdout.write(f"state: {given.output}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m papers.ghn2", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("predict", help="predict all parameters of a network")
    one.add_argument("network", help=sources.FORMS)
    known = ", ".join(kept.names()) or "none"
    one.add_argument("--ghn", required=True, help=f"a kept hypernetwork ({known}) or FILE.pt")
    one.add_argument("--output", type=Path, help="where the state goes (FILE.pt)")
    one.add_argument("--size", type=int, help="of the inputs, where it is not the training data's")
    one.add_argument("--partial", action="store_true", help="leave what has no primitive")
    one.add_argument("--frozen", action="store_true", help="predict frozen parameters, too")
    one.add_argument("--no-classifier", action="store_true", help="leave the classifier")
    all_of_them = verbs.add_parser("coverage", help="record torchvision's classifiers")
    all_of_them.add_argument("names", nargs="*", help="some of them; all when none is named")
    one = verbs.add_parser("keep", help="train a hypernetwork and keep it under a name")
    one.add_argument("name", help="what it will go by")
    one.add_argument("--on", required=True, choices=keeping.DATA, help="what it learns on")
    one.add_argument("--steps", type=int, required=True, help="of training")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--half", action="store_true", help="store 16 bits a number")
    return parser


VERBS = {"predict": _predict, "coverage": _coverage, "keep": _keep}

if __name__ == "__main__":
    raise SystemExit(main())
