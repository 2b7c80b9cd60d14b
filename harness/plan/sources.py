"""Where each field of a config says that its value comes from: the comment behind it."""

from __future__ import annotations

import ast
import inspect
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path


def noted(config: type) -> dict[str, str]:
    """Return {field: comment} of a config's class, with those of the classes that it extends."""
    found: dict[str, str] = {}
    for kind in reversed(config.__mro__):
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        if file and not kind.__module__.startswith("builtins"):
            text = Path(file).read_text(encoding="utf-8")
            found |= dict(_comments(text, kind.__qualname__))
    return found


def legend(config: type) -> str:
    """Return what the module of a config says of its marks, such as [P]; no text where nothing."""
    doc = inspect.getdoc(sys.modules[config.__module__]) or ""
    parts = [" ".join(part.split()) for part in doc.split("\n\n") if part.startswith("[")]
    return " ".join(parts)


def _comments(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield (field, comment) of a class: what stands behind the field, on all of its lines."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokens
        if token.type == tokenize.COMMENT
    }
    classes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef))
    for node in classes:
        for line in node.body if node.name == name else ():
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                lines = range(line.lineno, (line.end_lineno or line.lineno) + 1)
                said = " ".join(comments[number] for number in lines if number in comments)
                yield line.target.id, said
