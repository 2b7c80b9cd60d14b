"""A user's own torch module, taught by an exported curriculum, and how it does after every step.

Shapes: T steps, B batch, N rows, O classes.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from harness.paper import Refused
from harness.training import data, device, metrics
from papers.gtn.consumer import teach
from papers.gtn.exported import Bundle
from papers.gtn.lessons import Real
from papers.signals import dataset, splits


def built(where: str, seed: int) -> nn.Module:
    """Return the network that `file.py:name` or `package.module:name` makes without arguments.

    Raises:
        Refused: nothing of that name is there, or what it makes is no torch module.
    """
    home, sign, name = where.rpartition(":")
    if not sign:
        raise Refused(f"module={where}: must be FILE.py:NAME or PACKAGE.MODULE:NAME")
    maker = getattr(_imported(home), name, None)
    if not callable(maker):
        raise Refused(f"module={where}: {home} has no class or function '{name}'")
    with device.seeded(seed):
        try:
            made = maker()
        except TypeError as error:
            raise Refused(f"module={where}: must need no arguments ({error})") from error
    if not isinstance(made, nn.Module):
        raise Refused(f"module={where}: makes {type(made).__name__}, not a torch.nn.Module")
    return made


def _imported(home: str) -> ModuleType:
    if not home.endswith(".py"):
        try:
            return importlib.import_module(home)
        except ImportError as error:
            raise Refused(f"module={home}: cannot be imported ({error})") from error
    if not Path(home).is_file():
        raise Refused(f"module={home}: there is no such file")
    spec = importlib.util.spec_from_file_location("users_module", home)
    if spec is None or spec.loader is None:
        raise Refused(f"module={home}: is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["users_module"] = module
    spec.loader.exec_module(module)
    return module


def fitting(module: nn.Module, made: Bundle) -> None:
    """Refuse a module that does not take the curriculum's inputs or has other classes."""
    batch, shape = made.said["batch"], tuple(made.said["shape"])
    inputs = made.batches().inputs[0]
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            out = module(inputs)
    except (RuntimeError, ValueError, IndexError) as error:
        said = str(error).splitlines()[0]
        raise Refused(f"the module does not take inputs {(batch, *shape)}: {said}") from error
    finally:
        module.train(training)
    expected = (batch, made.said["classes"])
    found = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
    if found != expected:
        raise Refused(f"the module maps {(batch, *shape)} to {found}; must be {expected}")


def tested(made: Bundle) -> Real:
    """Return the test rows of the data set that a curriculum was made for, as it was scaled."""
    name = made.said["dataset"]
    if name == "mnist1d":
        part = splits.parts(dataset.generate(), "cpu")[1]
        return Real(part.x, part.y)
    if name not in data.FILES:
        raise Refused(f"dataset={name}: the curriculum names no data set of this project")
    split = data.load(name, "test")
    # a number, or one for each channel
    mean, deviation = (
        torch.tensor(made.said[each]).view(-1, 1, 1) for each in ("mean", "deviation")
    )
    return Real((split.x.float() / 255 - mean) / deviation, split.y)


def progress(module: nn.Module, made: Bundle, real: Real) -> Iterator[tuple[int, float]]:
    """Teach a module; yield the number of steps taken and its accuracy on real rows."""
    fitting(module, made)
    statistics = made.said["statistics"]
    for done in teach(module, made.arrays, statistics):
        module.train(statistics == "batch")
        with torch.no_grad():
            logits = torch.cat([module(part) for part in real.x.split(len(real.x))])
        yield done, metrics.accuracy(logits, real.y).item()
