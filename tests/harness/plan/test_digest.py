"""A digest follows definitions: it moves with what is measured, and with nothing else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from harness.paper import Experiment, Refused
from harness.plan import digest as digests
from harness.plan import discover
from harness.plan.digest import Digest, Sources
from tests.lab.sources import LAB, METHOD, of, write

ROOT = Path(__file__).resolve().parents[3]


def changed(**changes: Callable[[str], str]) -> dict[str, str]:
    """Return the lab with some files changed; a new name stands for a new file."""
    files = dict(LAB)
    for stem, change in changes.items():
        before = files.get(f"{stem}.py", "")
        files[f"{stem}.py"] = change(before)
        assert files[f"{stem}.py"] != before, stem
    return files


def swap(*pairs: tuple[str, str]) -> Callable[[str], str]:
    def change(text: str) -> str:
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        return text

    return change


def more(line: str) -> Callable[[str], str]:
    return lambda text: f"{text}\n{line}\n"


def moved(text: str) -> str:
    """`parts` without `name`, which stands in `shapes` from now on."""
    return text.replace("def name(turn):\n    return str(turn)\n", "from lab.shapes import name\n")


NAME = more("\ndef name(turn):\n    return str(turn)")
LAYOUT = swap(
    ('"""Tell the story."""', '"""Tell\n    another story.\n    """'),
    ("  # a net", ""),
    ("parts.step(model, LOW) * SCALE", "(\n            parts.step(\n                model,\n"
     "                LOW,\n            )\n            * SCALE\n        )"),
    ('"loss": loss', "'loss': loss"),
    ('    return "any"', '        return "any"'),
    ("    for turn in trial", "\n    for turn in trial"),
)  # fmt: skip
SAME: dict[str, dict[str, str]] = {
    "layout, comments and docstrings": changed(method=LAYOUT),
    "a definition moves to another file, re-exported": changed(parts=moved, shapes=NAME),
    "a definition moves and its importer follows": changed(
        parts=lambda text: moved(text).replace("from lab.shapes import name\n", ""),
        shapes=NAME,
        method=swap(
            ("from lab.parts import Model as Net, name",
             "from lab.parts import Model as Net\nfrom lab.shapes import name"),
        ),
    ),
    "a definition is renamed": changed(
        parts=swap(("def step", "def forward"), ("class Model", "class Network")),
        method=swap(("parts.step", "parts.forward"), ("import Model", "import Network")),
    ),
    "what an f-string names is renamed": changed(
        parts=swap(("def name", "def title")),
        method=swap(("{name(", "{title("), ("Net, name", "Net, title")),
    ),
    "a constant is renamed": changed(parts=swap(("WIDTH", "SIZE"))),
    "names of a pair are renamed": changed(method=swap(("LOW", "LEAST"), ("HIGH", "MOST"))),
    "another function is added": changed(parts=more("\ndef other():\n    return step")),
    "another function changes": changed(shapes=swap(("return 1", "return 2"))),
    "a colour that no measurement reads": changed(method=swap(('"red"', '"blue"'))),
    "module.f becomes f": changed(
        method=swap(
            ("import parts, tables", "import parts, tables\nfrom lab.parts import step as go"),
            ("parts.step", "go"),
        )
    ),
    "an import moves to the top": changed(
        parts=swap(("    from lab import shapes\n\n", ""), ("WIDTH = 3", "import lab.shapes as s\n"
                   "\nWIDTH = 3"), ("shapes.area", "s.area"))
    ),
    "an import by name": changed(
        parts=swap(("from lab import shapes\n", "import importlib\n"
                    "    shapes = importlib.import_module('lab.shapes')\n"))
    ),
    "a relative import": changed(parts=swap(("from lab import", "from . import"))),
    "a star import": changed(
        parts=swap(("    from lab import shapes\n\n", ""), ("shapes.area", "area"),
                   ("WIDTH = 3", "from lab.shapes import *\n\nWIDTH = 3"))
    ),
    "another alias of a library": changed(
        method=swap(
            ("import numpy.linalg as la", "from numpy import linalg"), ("la.norm", "linalg.norm")
        )
    ),
    "types of parameters, results and variables": changed(
        method=swap(
            ("loss: float =", "loss ="), ("(config: Config, trial) -> object", "(config, trial)")
        ),
        parts=swap(("def name(turn)", "def name(turn: int) -> str")),
    ),
    "what runs only as a program": changed(
        parts=more("if __name__ == '__main__':\n    step(1, 2)")
    ),
    "a registration that is nowhere imported": changed(
        register=more("from lab import tables\n\ntables.TABLE.append(1)")
    ),
}  # fmt: skip
OTHER: dict[str, dict[str, str]] = {
    "a formula": changed(shapes=swap(("a * b", "a + b"))),
    "a constant": changed(parts=swap(("WIDTH = 3", "WIDTH = 4"))),
    "another of a pair": changed(method=swap(("(model, LOW)", "(model, HIGH)"))),
    "a pair in another order": changed(method=swap(("LOW, HIGH =", "HIGH, LOW ="))),
    "what only an f-string names": changed(parts=swap(("str(turn)", "repr(turn)"))),
    "an f-string's format": changed(method=swap((":>{", ":<{"))),
    "a library's other function": changed(method=swap(("numpy.linalg", "scipy.linalg"))),
    "a registered function": changed(method=swap(('return "net"', 'return "mesh"'))),
    "the type for which a function is registered": changed(
        method=swap(("model: Net", "model: int"))
    ),
    "half of a cycle": changed(method=swap(("n != 0", "n > 0"))),
    "what is put into a table": changed(parts=swap(("return 0.9", "return 0.8"))),
    "the key under which it is put there": changed(
        method=swap(('KNOWN["adam"] = p', 'KNOWN["sgd"] = p'))
    ),
    "a registration from another file": changed(
        register=more("from lab import tables\n\ntables.TABLE.append(1)"),
        shapes=more("from lab import register"),
    ),
    "an effect at import on something else": changed(shapes=more("import os\n\nos.nice(1)")),
    "what a block binds": changed(
        shapes=swap(("def area(a, b):\n    return a * b\n",
                     "try:\n    from math import prod as area\n"
                     "except ImportError:\n    area = 1\n"))
    ),
    "the config's default": changed(config=swap(("width: int = 3", "width: int = 4"))),
    "the config's base": changed(base=swap(("depth: int = 2", "depth: int = 3"))),
    "the type of a config's field": changed(config=swap(("width: int", "width: float"))),
    "what a config holds": changed(base=swap(("0.1", "0.2"))),
    "a module as a value": changed(
        method=swap(("parts.step(model", "getattr(parts, 'step')(model")),
    ),
    "a tuple of one": changed(shapes=swap(("return a * b", "return (a * b,)"))),
    "a comma that joins": changed(method=swap(('"any"', '"any",'))),
}  # fmt: skip


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> str:
    return of(write(tmp_path_factory.mktemp("lab"), LAB))


@pytest.mark.parametrize("files", SAME.values(), ids=SAME)
def test_what_moves_no_number_moves_no_digest(files, before, tmp_path):
    assert of(write(tmp_path, files)) == before


@pytest.mark.parametrize("files", OTHER.values(), ids=OTHER)
def test_what_may_move_a_number_moves_the_digest(files, before, tmp_path):
    assert of(write(tmp_path, files)) != before


def test_a_cycle_is_told_from_another(tmp_path):
    text = METHOD.replace("return n != 0 and even(n - 1)", "return n != 0 and odd(n - 1)")
    assert of(write(tmp_path / "other", {**LAB, "method.py": text})) != of(
        write(tmp_path / "first", LAB)
    )


def test_a_run_that_is_made_as_its_module_runs_takes_all_of_it(tmp_path):
    folder = write(tmp_path, {**LAB, "method.py": "globals()['run'] = print\n\nA = 1\n"})
    first = of(folder)
    write(tmp_path, {"method.py": "globals()['run'] = print\n\nA = 2\n"})
    assert of(folder) != first


def test_a_harness_whose_meter_is_out_of_sight_is_refused(tmp_path):
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("")
    with pytest.raises(Refused, match="defines Meter"):
        Sources(write(tmp_path, LAB), tmp_path).digest("lab.method:run", "lab.config:Config")


def test_a_library_as_config_counts_by_its_name(tmp_path):
    folder = write(tmp_path, LAB)
    assert of(folder, config="torch:A") != of(folder, config="torch:B")


def test_a_file_that_changes_is_read_again(tmp_path):
    folder = write(tmp_path, LAB)
    ask = ("lab.method:run", "lab.config:Config")
    first = digests.digest(folder, *ask)
    assert digests.digest(folder, *ask) is not None
    write(tmp_path, {"shapes.py": LAB["shapes.py"].replace("a * b", "a + b")})
    second = digests.digest(folder, *ask)
    assert (second.code != first.code, second.clock) == (True, first.clock)
    write(tmp_path, {"shapes.py": LAB["shapes.py"]})
    assert digests.digest(folder, *ask) == first


# -- this repository ------------------------------------------------------------------------------


def declared() -> Iterator[tuple[str, discover.Folder, Experiment]]:
    for found in discover.load_all(ROOT / "papers"):
        for experiment in found.paper.experiments:
            yield f"{found.name}: {experiment.name}", found, experiment


DECLARED = list(declared())


def all_of(tree: Path) -> dict[str, Digest]:
    sources = Sources(tree, tree)
    return {
        name: sources.digest(f"{found.package}.{each.run}", *discover.classes(each.config))
        for name, found, each in DECLARED
    }


def below(*groups: str) -> set[str]:
    """Return the experiments whose names begin with one of these; each must be there."""
    found = {
        group: {name for name, _, _ in DECLARED if name.startswith(group)} for group in groups
    }
    assert all(found.values()), found
    return set().union(*found.values())


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for name in ("harness", "papers"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=lambda home, names: [
                n for n in names if not (n.endswith(".py") or (Path(home) / n).is_dir())
                or n == "__pycache__"
            ],
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def today(tree: Path) -> dict[str, Digest]:
    return all_of(tree)


def home_of(tree: Path, definition: str, text: str = "") -> Path:
    """Return the one file that has this definition with this text in it."""
    pattern = re.compile(rf"^{re.escape(definition)}.*?(?=^\S(?<!\))|\Z)", re.M | re.S)
    files = [
        path
        for path in sorted(tree.rglob("*.py"))
        if any(text in match[0] for match in pattern.finditer(path.read_text()))
    ]
    assert len(files) == 1, (definition, text, files)
    return files[0]


def after(
    tree: Path, today: Mapping[str, Digest], path: Path, text: str
) -> tuple[set[str], set[str]]:
    """Return whose code, and whose clock, has changed with the text of one file."""
    kept = path.read_text()
    assert text != kept
    path.write_text(text)
    try:
        then = all_of(tree)
    finally:
        path.write_text(kept)
    code = {name for name in then if then[name].code != today[name].code}
    return code, {name for name in then if then[name].clock != today[name].clock}


EVERY = below("")
SEARCHED = below("darts: collapse/", "darts: spaces/")
# one cell without a search: neither random cells nor the league's recipe reach it
ALONE = {"darts: cifar10/published", "darts: signals/largest", "darts: signals/published"}
SHARED = "randomnas: cifar10/weight_sharing"
SAMPLED = below("gdas: cifar10_subset/", "gdas: signals/", "gdas: cost/") | {
    "gdas: cifar10/gdas", "gdas: cifar10/fixed", "gdas: published/random",
}  # fmt: skip
MICRO = below("enas: signals/") - {"enas: signals/published"}
IMAGES = {"enas: cifar10/micro", "enas: cifar10_subset/micro"}  # without the league's recipe
TESTBEDS = (below("darts: cifar10", "darts: signals/") - ALONE) | SAMPLED | MICRO
LEAGUE = below(
    "darts: league/", "gdas: league/", "enas: league/", "gtn: league/", "randomnas: ",
    "amoebanet: league/", "amoebanet: swept/",
    "nasnet: league/", "nasnet: swept/", "nasnet: break_even/", "nasnet: fidelity/",
    "ghn2: league/",
)  # fmt: skip
SIGNALS = SEARCHED | TESTBEDS | LEAGUE | below("darts: product/")
# they report what a child takes, so that their rows read the clock
TIMED = (below("enas: league/") - {"enas: league/random"}) | {
    "randomnas: drift", "randomnas: league/weight_sharing", "randomnas: trained",
    "amoebanet: league/trained", "nasnet: league/trained",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("definition", "old", "new", "moved"),
    [
        ("class Collapse(", "Rule(self.stop_window", "Rule(1", SEARCHED),
        ("class Recipe", "lr: float = 0.1", "lr: float = 0.2", SIGNALS),
        ("WARM_UP, TIMED", "2, 5", "2, 6", EVERY),
        ("def by_magnitude(", "return", "return 1 or", {"mnist1d: lottery/tickets"}),
        ("def cpu_name(", "def cpu_name", "def unused():\n    return 1\n\n\ndef cpu_name", set()),
        ("INK, WIRE", "#1e293b", "#000000", set()),  # a colour of drawings
        ("def _largest(", "return", "return 1 *", TESTBEDS | IMAGES | {SHARED}),
    ],
)  # fmt: skip
def test_a_change_dates_exactly_those_that_depend_on_it(definition, old, new, moved, tree, today):
    path = home_of(tree, definition, old)
    text = path.read_text()
    at = text.index(definition)
    code, clock = after(tree, today, path, text[:at] + text[at:].replace(old, new, 1))
    assert code == moved
    assert clock == set()


def test_another_clock_dates_what_was_spent_and_no_accuracy(tree, today):
    path = home_of(tree, "def clock(", "time.thread_time")
    text = path.read_text().replace("time.thread_time", "time.process_time")
    assert after(tree, today, path, text) == (TIMED, EVERY)


@pytest.mark.slow
def test_a_file_that_moves_dates_nothing(tree, today):
    path = home_of(tree, "class Recipe", "lr: float")
    package, stem = ".".join(path.relative_to(tree).parts[:-1]), path.stem
    kept = {file: file.read_text() for file in tree.rglob("*.py")}
    for file, text in kept.items():
        said = text.replace(f"{package}.{stem} import", f"{package}.protocol import")
        pattern = rf"(?m)^(from {re.escape(package)} import .*\b){stem}\b"
        file.write_text(re.sub(pattern, rf"\1protocol as {stem}", said))
    path.rename(path.with_name("protocol.py"))
    then = all_of(tree)
    path.with_name("protocol.py").unlink()
    for file, text in kept.items():
        file.write_text(text)
    assert sum(text.count(stem) for text in kept.values()) > 10
    assert then == today
