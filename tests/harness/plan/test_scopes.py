"""A name leads to the top level of its module unless a scope around it binds it."""

from __future__ import annotations

import pytest

from tests.lab.sources import LAB, of, write


@pytest.mark.parametrize(
    ("body", "follows"),
    [
        ("return draw()", True),
        ("return [draw for draw in draw()]", True),  # the first loop stands outside
        ("return [draw for draw in range(3)]", False),
        ("draw = 1\n    return draw", False),
        ("return (lambda draw: draw)(1)", False),
        ("from os import name as draw\n    return draw", False),
        ("global draw\n    draw = 1", True),
        ("def inner():\n        return draw\n    return inner", True),
        ("class A:\n        draw = 1\n        def f(self): return draw\n    return A", True),
        ("return f'{1 + draw()}'", True),
        ("return f'{1:{draw()}}'", True),
        ("return 'draw()'", False),
        ("return trial.draw", False),
        ("return dict(draw=1)", False),
    ],
)
def test_a_name_leads_to_the_top_level_unless_it_is_a_local_one(body, follows, tmp_path):
    text = f"def run(config, trial):\n    {body}\n\n\ndef draw():\n    return "
    folder = write(tmp_path, {**LAB, "method.py": text + "1\n"})
    first = of(folder)
    write(tmp_path, {"method.py": text + "2\n"})
    assert (of(folder) != first) == follows
