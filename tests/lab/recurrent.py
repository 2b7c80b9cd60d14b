"""Small recurrent cells, texts and trainings, as the study of DARTS has them at budget check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from harness.budget import Limit
from harness.meter import Interrupted, Meter
from harness.paper import Experiment, resolve
from harness.record import journal
from harness.training import device
from harness.trial import Pace, Tools, Trial
from papers.darts.recurrent import study
from papers.text import evaluation
from papers.text.cell import RecurrentCell
from papers.text.corpus import Corpus
from papers.text.published import RECURRENT, Recurrent
from papers.text.windows import DropoutRates

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
PLAIN = DropoutRates(0, 0, 0, 0, 0)
LOSSY = DropoutRates(0.1, 0.2, 0.5, 0.25, 0.5)
Run = Callable[[Any, Trial], Any]


def with_weights(cell: RecurrentCell, reach: float = 0.4) -> Any:
    """Return the cell in float64, its weights drawn."""
    stream = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.uniform_(-reach, reach, generator=stream)
    return cell.double()


def numbers(*size: int, seed: int = 0) -> torch.Tensor:
    """Return normal numbers in float64, the same for each seed."""
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def corpus(words: int = 11, length: int = 60) -> Corpus:
    """Return four streams of random words."""
    stream = torch.Generator().manual_seed(1)
    parts = [torch.randint(words, (length,), generator=stream) for _ in range(4)]
    return Corpus("made up", "0", words, *parts)


def small(name: str, **changes: Any) -> Any:
    """Return the config of an experiment at budget check, with changes."""
    return small_of(EXPERIMENTS[name], **changes)


def small_of(experiment: Experiment, **changes: Any) -> Any:
    """Return the config at budget check, with changes."""
    return replace(experiment.at("check"), **changes)


def trained(genotype: Recurrent | None = None, **changes: Any) -> evaluation.LanguageTraining:
    """Return a training of DARTS_V1, or of another cell, on random words."""
    config = small(study.KNOWN, retrain_batch=3, val_batch=2, test_batch=2, short=0.0, **changes)
    cell = genotype or RECURRENT["DARTS_V1"]
    return evaluation.LanguageTraining(cell, config, corpus(), lambda name: len(name))


def ran(name: str, run: Run, folder: Path, stop_after: int | None = None) -> list[dict[str, Any]]:
    """Run a trial of an experiment of DARTS's at budget check; return its rows."""
    return ran_of(EXPERIMENTS[name], run, folder, stop_after)


def ran_of(
    experiment: Experiment, run: Run, folder: Path, stop_after: int | None = None
) -> list[dict[str, Any]]:
    """Run a trial at budget check until it ends or stops; return its rows."""
    folder.mkdir(exist_ok=True)
    config = small_of(experiment)
    meter = Meter(resolve(experiment.phases, config), Limit())
    tools = Tools(device.save, device.load, device.random_state, device.set_random_state)
    trial = Trial(journal.Journal(folder), meter, tools, seed=0)
    trial.pace = Pace(1e9, 1e9, stop_after)
    try:
        for row in run(config, trial):
            trial.append(row)
    except Interrupted:
        assert stop_after is not None
    finally:
        trial.journal.close()
    rows = journal.read(folder).rows
    return [{"phase": row["phase"], "steps": row["steps"], **row["values"]} for row in rows]
