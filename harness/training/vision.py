"""The one place from which torchvision is imported.

Beside a CPU build of torch, the registry's torchvision cannot load its compiled operators and its
import fails ("operator torchvision::nms does not exist"). We use none of them, so their two
schemas are declared first where they are absent.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import torch

SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_libraries: list[torch.library.Library] = []  # a library that is collected takes its schema along


def torchvision() -> ModuleType:
    """Return the torchvision module, with the two schemas declared where they are absent."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        declare_schemas()
    return importlib.import_module("torchvision")


def declare_schemas() -> None:
    """Declare the schemas of the compiled operators that torchvision expects."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in SCHEMAS.values():
        library.define(schema)
    _libraries.append(library)
