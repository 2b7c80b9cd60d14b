"""What SLURM's commands answer, without SLURM."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from harness.run.slurm import controller

Answer = str | Exception
HELP = """
  -A, --account=name          charge job to specified account
  -a, --array=indexes         job array index values
      --exclusive[=user]      allocate nodes in exclusive mode
      --gres=list             required generic resources
  -o, --output=out            file for batch script's standard output
  -p, --partition=partition   partition requested
      --mem=MB                minimum amount of real memory
  -q, --qos=qos               quality of service
      --test-only             only test
  -t, --time=minutes          time limit
      --container-image=PATH  [pyxis] the image
"""


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, ...]]]:
    """Give commands their answers, a text or an exception each; return the list of what is asked.

    `answers({"squeue": "12_0|RUNNING|trials-a|None"})`; a key may be two words. What has no
    answer is a controller that is away.
    """
    asked: list[tuple[str, ...]] = []
    known: dict[str, Answer] = {}

    def ask(*command: str, patience: float = 0.0) -> str:
        asked.append(command)
        away = controller.Unreachable(f"{command[0]}: Unable to contact slurm controller")
        answer = known.get(" ".join(command[:2]), known.get(command[0], away))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def give(texts: Mapping[str, Answer]) -> list[tuple[str, ...]]:
        known.clear()
        known.update(texts)
        return asked

    monkeypatch.setattr(controller, "ask", ask)
    return give
