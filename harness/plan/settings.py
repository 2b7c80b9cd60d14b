"""`--set field=value`: text read as the type of a config field, and what no config may hold.

Several values of a field make a grid, one trial each. A comma separates them where the field holds
one value (`lr=0.01,0.03`); a field that holds several takes all behind its `=` as one value
(`widths=16,32`). For either, `--set` again with the same field is one value more.
"""

from __future__ import annotations

import itertools
import math
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from harness.paper import Experiment, Refused, nearest

# beyond what any paper uses, and within what every machine can count, store and write into a table
LARGEST = 10**9
MOST_CHANGES = 1_000  # of one experiment, at once
LONGEST = 10_000  # values of a field that holds several; characters of one that is a text


def read(
    experiments: Sequence[Experiment], texts: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return {experiment: its grid} for `field=value` texts: {field: value} of each change.

    Without texts the grid is one change of nothing.

    Raises:
        Refused: an unknown field, a value that is given twice, or is of another type or size; a
            grid that is too large.
    """
    changes: dict[str, dict[str, list[Any]]] = {e.name: {} for e in experiments}
    known = {e.name: of(e) for e in experiments}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise Refused(f"--set {short(text)}: write it as field=value")
        owners = [e.name for e in experiments if name in known[e.name]]
        if not owners:
            every = {field for types_ in known.values() for field in types_}
            raise Refused(
                f"--set {short(text)}: unknown config field '{short(name)}'; "
                f"{nearest(short(name), every)}"
            )
        for owner in owners:
            found = changes[owner].setdefault(name, [])
            for each in _values(short(text), value, known[owner][name]):
                if each in found:
                    raise Refused(f"--set {short(text)}: {name}={each} is given twice")
                found.append(each)
    return {name: _grid(values) for name, values in changes.items()}


def _values(setting: str, text: str, kind: Any) -> list[Any]:
    """Return the values of a field: what stands between commas, where it holds a single one."""
    single = all(typing.get_origin(each) is not tuple for each in (kind, *typing.get_args(kind)))
    parts = text.split(",") if single else [text]
    if len(parts) > 1 and not all(parts):
        raise Refused(f"--set {setting}: a value is missing beside a comma")
    return [_parse(setting, part, kind) for part in parts]


def _grid(values: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return every combination; the last field changes fastest."""
    size = math.prod(map(len, values.values()))
    if size > MOST_CHANGES:
        raise Refused(f"--set: a grid of {size:,} combinations; must be at most {MOST_CHANGES:,}")
    return [dict(zip(values, each, strict=True)) for each in itertools.product(*values.values())]


def of(experiment: Experiment) -> Mapping[str, Any]:
    """Return {field: type} of an experiment's config."""
    hints = typing.get_type_hints(type(experiment.config))
    return {field.name: hints[field.name] for field in fields(experiment.config)}


def short(text: str, length: int = 80) -> str:
    """Return a text for one line of a refusal."""
    return text if len(text) <= length else f"{text[:length]}... ({len(text):,} characters)"


def _parse(setting: str, text: str, kind: Any) -> Any:
    """Read a value as the type of its config field; refuse what does not fit."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _several(setting, text, arguments)
    if origin in (typing.Union, types.UnionType):
        if text.lower() == "none" and type(None) in arguments:
            return None
        return _parse(setting, text, next(a for a in arguments if a is not type(None)))
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise Refused(f"--set {setting}: '{short(text)}' is not true or false")
        return text.lower() == "true"
    if kind is str:
        if len(text) > LONGEST or not text.isprintable():
            raise Refused(f"--set {setting}: must be a text of at most {LONGEST:,} characters")
        return text
    return _number(setting, text, kind)


def _several(setting: str, text: str, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    parts = [part for part in text.split(",") if part]
    fixed = Ellipsis not in kinds
    if fixed and len(parts) != len(kinds):
        raise Refused(f"--set {setting}: {len(parts)} values; must be {len(kinds)}")
    if len(parts) > LONGEST:
        raise Refused(f"--set {setting}: {len(parts):,} values; must be at most {LONGEST:,}")
    each = kinds if fixed else kinds[:1] * len(parts)
    return tuple(_parse(setting, part, kind) for part, kind in zip(parts, each, strict=True))


def _number(setting: str, text: str, kind: Any) -> Any:
    name = getattr(kind, "__name__", kind)
    if not text.isascii():  # Python reads the digits of every script
        raise Refused(f"--set {setting}: '{short(text)}' is not of type {name}: write 0 to 9")
    if len(text) > LONGEST:
        raise Refused(f"--set {setting}: must lie between -{LARGEST:,} and {LARGEST:,}")
    try:
        value = kind(text)
    except (ValueError, TypeError) as error:
        raise Refused(f"--set {setting}: '{short(text)}' is not of type {name}") from error
    bound(value, f"--set {setting}")
    return value


def bound(value: Any, where: str) -> None:
    """Refuse numbers that are not finite, or larger than any config holds, however deep.

    Raises:
        Refused: with `where` the value stands.
    """
    if isinstance(value, Mapping):
        for name, inner in value.items():
            bound(inner, f"{where}: {name}={short(str(inner))}")
    elif isinstance(value, tuple | list):
        for inner in value:
            bound(inner, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Refused(f"{where}: must be a finite number")
    elif isinstance(value, int | float) and abs(value) > LARGEST:
        raise Refused(f"{where}: must lie between -{LARGEST:,} and {LARGEST:,}")


def refuse(config: Any) -> None:
    """Ask what is known of a config beyond what its class refuses itself.

    A module of configs may have REFUSALS, {class: function of a config}: sizes that no network can
    take, say. They are no part of the class, so that a new rule leaves results as they are.

    Raises:
        Refused: from one of them.
    """
    for kind in type(config).__mro__:
        rules = getattr(sys.modules.get(kind.__module__), "REFUSALS", {})
        if kind in rules:
            rules[kind](config)
