"""The words of a definition: the same under every Python, with what it does to others."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from harness.plan.definitions import Module, Modules, Names
from harness.plan.wording import SLOT, wording
from tests.lab.sources import LAB, of, write

ROOT = Path(__file__).resolve().parents[3]


def test_decorators_that_register_bring_what_they_decorate(tmp_path):
    """Whoever reads the table reaches who writes it, and whatever that was called on."""
    registry = "ALL = {}\n\n\ndef known(f):\n    ALL[f.__name__] = f\n    return f\n"
    text = "from lab.registry import known\n\n\n@known\ndef first():\n    return 1\n"
    method = "from lab import entries\nfrom lab.registry import ALL\n\n\n"
    method += "def run(config, trial):\n    return ALL['first']()\n"
    files = {**LAB, "registry.py": registry, "entries.py": text, "method.py": method}
    first = of(write(tmp_path, files))
    write(tmp_path, {"entries.py": text.replace("return 1", "return 2")})
    assert of(tmp_path) != first


def test_a_base_that_notes_who_inherits_brings_them(tmp_path):
    base = "class Base:\n    all = []\n\n    def __init_subclass__(cls):\n"
    base += "        cls.all.append(cls)\n"
    text = "from lab.plugins import Base\n\n\nclass First(Base):\n    value = 1\n"
    method = "from lab import entries\nfrom lab.plugins import Base\n\n\n"
    method += "def run(config, trial):\n    return Base.all[0].value\n"
    files = {**LAB, "plugins.py": base, "entries.py": text, "method.py": method}
    first = of(write(tmp_path, files))
    write(tmp_path, {"entries.py": text.replace("value = 1", "value = 2")})
    assert of(tmp_path) != first


FIXED = '''
@decorate(1, key=-0.5)
async def story(a: int, /, b=1e-3, *rest, c: str = "é\\n", **more) -> None:
    """Said."""
    import os
    x: int = 1
    y: int
    text = f"{a!r:>{b}} {{x}} {x=} {story('a')}" "tail" rf"\\d{b}"
    with open(a) as one, open(b) as two:
        pass
    try:
        x = (a, *rest, b"\\x00", 1j, None, ...)
    except* (ValueError, OSError) as error:
        raise error from None
    match x:
        case [1, {"k": v, **others}] | Point(x=0) if v:
            return lambda q, *r: (yield_ := q)
    return {k: v async for k, v in a if k} or [*a[1:2, ::3]]
'''
WORDS = "23603f46fd46"


def fixed() -> str:
    names = Names(Modules(ROOT, ROOT), Module("fixed", "", []))
    return wording(ast.parse(FIXED).body[0], ("story",), names).text


def test_the_words_are_the_same_under_every_python():
    """A literal: whoever runs this under another version learns whether digests agree there."""
    text = fixed()
    assert SLOT not in text
    assert "Said" not in text
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == WORDS


def test_how_a_version_cuts_an_f_string_and_which_empty_fields_it_knows_says_nothing(monkeypatch):
    def said(tree: ast.Module) -> str:
        names = Names(Modules(ROOT, ROOT), Module("fixed", "", []))
        return wording(tree.body[0], ("text",), names).text

    source = "text = f'one {two} three'"
    tree = ast.parse(source)
    (string,) = (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr))
    halves = [ast.Constant("on"), ast.Constant(""), ast.Constant("e ")]
    string.values = [*halves, string.values[1], ast.Constant(" three"), ast.Constant("")]
    monkeypatch.setattr(ast.Assign, "_fields", (*ast.Assign._fields, "lately", "listed"))
    tree.body[0].lately, tree.body[0].listed = None, []
    assert said(tree) == said(ast.parse(source))
