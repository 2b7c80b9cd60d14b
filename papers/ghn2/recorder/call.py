"""One call of a torch function, as it was heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from papers.ghn2.recorder.tape import Tape, Value


class Call(NamedTuple):
    """The function's name, what it was given, and what it returned."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any

    def at(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument by its place or its name."""
        if place < len(self.args):
            return self.args[place]
        return self.kwargs.get(name, default)


Rule = Callable[[Tape, Call], Value]  # the value of what a call returns
