"""`python -m papers.ghn2 predict NETWORK`: all parameters of a network, in one pass.

NETWORK is torchvision:resnet50, package.module:function, or FILE.py:NAME. `coverage` records every
classifier of torchvision and prints how much of each has a primitive.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from harness.paper import Refused
from papers.ghn2 import coverage, kept, sources
from papers.ghn2.prediction import predict


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    given = _parser().parse_args(arguments)
    try:
        if given.verb == "coverage":
            for line in coverage.lines(given.names):
                sys.stdout.write(f"{line}\n")
            return 0
        _predict(given)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


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
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
