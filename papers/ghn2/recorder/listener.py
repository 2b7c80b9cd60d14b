"""What listens to a forward: every torch function goes through here while it is entered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from papers.ghn2.recorder import functions
from papers.ghn2.recorder.call import Call
from papers.ghn2.recorder.operations import passed_on
from papers.ghn2.recorder.shapes import Answer
from papers.ghn2.recorder.tape import Tape, tensors

DECIDING = ("item", "__bool__", "__int__", "__float__", "__index__", "tolist", "numpy", "nonzero")


class Listener(TorchFunctionMode):
    """Calls each function, or gives its answer, and lets its rule write the tape.

    `decided`: the functions through which data left torch; what followed may hang on them.
    """

    def __init__(self, tape: Tape, answers: Mapping[str, Answer]) -> None:
        super().__init__()
        self.tape = tape
        self.answers = answers
        self.decided: set[str] = set()
        self._by_name, self._by_function = functions.by_name(), functions.by_function()

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the function returns."""
        kwargs = kwargs or {}
        name = func.__name__
        result = None
        if name in self.answers:
            result = self.answers[name](*args, **kwargs)
        if result is None:
            result = func(*args, **kwargs)
        rule = self._by_function.get(func) or self._by_name.get(name)
        made = [result] if isinstance(result, Tensor) else list(tensors(result))
        if rule is None:
            if not made:
                self._note(name, args)
                return result
            if made[0].untyped_storage()._cdata in self.tape.values:
                return result  # a view, or the same
            rule = passed_on
        value = rule(self.tape, Call(name, args, kwargs, result))
        for each in made if any(value) else ():
            self.tape.assign(each, value)
        return result

    def _note(self, name: str, args: tuple[Any, ...]) -> None:
        if name in DECIDING and args and self.tape.value(args[0]).data:
            self.decided.add(name.strip("_"))
