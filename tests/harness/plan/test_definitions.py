"""A module that is used as a value counts with all of its definitions."""

from __future__ import annotations

from tests.lab.sources import LAB, of, write


def test_whoever_uses_a_module_as_a_value_takes_all_of_it(tmp_path):
    text = (
        "from lab import shapes\n\n\ndef run(config, trial):\n    return getattr(shapes, trial)\n"
    )
    folder = write(tmp_path, {**LAB, "method.py": text})
    first = of(folder)
    write(tmp_path, {"shapes.py": LAB["shapes.py"].replace("return 1", "return 2")})
    assert of(folder) != first
