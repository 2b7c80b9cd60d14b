"""`--kernels`: the trials of a request with their kernels, built before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from harness.paper import Refused, require
from harness.plan import kernels
from harness.plan.discover import Folder
from harness.plan.kernels import CAPTURED, EITHER, NAMES, TORCH, C, Form
from harness.plan.specs import Request, Spec, plan

WITHOUT = f"leave it out, or --kernels {TORCH}"


def planned(
    papers: Sequence[Folder], request: Request, name: str, launcher: str, console: Console
) -> list[Spec]:
    """Return the trials of a request, computed with the named kernels where they have such.

    Which have not is said. On a cluster the nodes build what they need, and refuse by themselves.

    Raises:
        Refused: an unknown name, another device than it is for, nothing of what was chosen has
            such kernels, or they cannot be built here; with 'c-or-torch' torch's kernels take the
            place of the last.
    """
    require(name, NAMES, "kernels")
    request = replace(request, kernels=C if name == EITHER else name)
    specs = [spec for paper in papers for spec in plan(paper, request)]
    if name == TORCH or not specs:
        return specs
    kind = "captured" if name in CAPTURED else "compiled"
    _require_device(name, request.device)
    without = sorted({spec.experiment for spec in specs if spec.kernels == TORCH})
    if len(without) == len({spec.experiment for spec in specs}):
        raise Refused(f"--kernels {name}: nothing of what was chosen is {kind}; {WITHOUT}")
    if launcher == "local" and name not in CAPTURED:
        try:
            kernels.build(_forms(papers, specs))
        except Refused as refusal:
            if name != EITHER:
                raise Refused(f"{refusal}; --kernels {EITHER} does without") from refusal
            _say(console, f"{refusal}; torch's kernels are used")
            return planned(papers, request, TORCH, launcher, console)
    if without:
        _say(console, f"--kernels {name}: torch's as always, nothing {kind}: {_few(without)}")
    return specs


def _require_device(name: str, device: str) -> None:
    if name in CAPTURED and device != "cuda":
        raise Refused(f"--kernels {name}: for a GPU only; on a CPU --kernels {C}, or leave it out")
    if name not in CAPTURED and device != "cpu":
        raise Refused(f"--kernels {name}: for the CPU only; {WITHOUT}, or --device cpu")


def _forms(papers: Sequence[Folder], specs: Sequence[Spec]) -> list[Form]:
    chosen = {(spec.paper, spec.experiment) for spec in specs if spec.kernels == C}
    return [
        form
        for paper in papers
        for experiment in paper.paper.experiments
        if (paper.name, experiment.name) in chosen
        for form in kernels.forms(paper, experiment)
    ]


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
