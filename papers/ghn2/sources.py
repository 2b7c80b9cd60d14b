"""Networks that a command line names: of torchvision, of a Python module, or of a file."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from torch import nn

from harness.paper import Refused, require
from harness.training.vision import torchvision

FORMS = "torchvision:NAME, package.module:FUNCTION or FILE.py:NAME"


def network(asked: str, classes: int) -> nn.Module:
    """Return the network that a text names: what it is, or what it returns when it is called.

    One of torchvision gets as many classes as asked for.

    Raises:
        Refused: a text of another form, a name that is not there, something that is no module.
    """
    where, colon, name = asked.rpartition(":")
    if not (where and colon and name):
        raise Refused(f"network={asked}: must be {FORMS}")
    if where == "torchvision":
        return of_torchvision(name, classes)
    room = _file(Path(where)) if where.endswith(".py") else _module(where)
    found = getattr(
        room, require(name, [n for n in vars(room) if n[0] != "_"], f"name in {where}")
    )
    if not isinstance(found, nn.Module):
        if not callable(found):
            raise Refused(f"network={asked}: is neither a module nor a function that returns one")
        found = found()
    if not isinstance(found, nn.Module):
        raise Refused(f"network={asked}: gives a {type(found).__name__}, not a torch.nn.Module")
    return found


def of_torchvision(name: str, classes: int) -> nn.Module:
    """Return a classifier of torchvision with random weights."""
    models = torchvision().models
    made: nn.Module = models.get_model(
        require(name, models.list_models(module=models), "torchvision model"),
        weights=None,
        num_classes=classes,
        **({"init_weights": True} if name in ("googlenet", "inception_v3") else {}),
    )
    return made


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Refused(f"network={name}: {error}") from error


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise Refused(f"network={path}: there is no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    room = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(room)
    return room
