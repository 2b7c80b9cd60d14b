"""Who may import whom, and how large things are: read from the syntax trees, nothing is run.

One test a rule; each lists every offender.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = sorted(p for top in ("harness", "papers") for p in (ROOT / top).rglob("*.py"))
STANDARD = set(sys.stdlib_module_names)

# Each floor may import the floors after it, and nothing of its own floor but itself.
HARNESS = (
    ("cli",),
    ("speed",),
    ("show",),
    ("judge", "run"),
    ("plan",),
    ("training",),
    ("record", "data"),
    ("words",),  # the files that stand directly in harness/
)
CELLS = (
    ("league", "speed"),
    ("supernet", "child"),
    ("network", "searcher", "draw", "notation"),
    ("space",),
    ("task", "rows"),
)
DOORS = ("__main__", "builder")  # commands: they stand in no room and open one
PAPERS = (("paper",), ("cells", "text"), ("signals",))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> list[str]:
    """Return the dotted name of everything that a module imports, anywhere in it."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def at_import(path: Path) -> Iterator[str]:
    """Yield what is imported as soon as the module is (not under TYPE_CHECKING)."""
    for node in tree(path).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


KNOWN = {name_of(module) for module in MODULES}


def modules_of(path: Path) -> list[str]:
    """Return the modules of this project that a module imports."""
    return [name for name in imports(path) if name in KNOWN and name.count(".")]


def upwards(room_of, floors: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the imports between rooms that do not lead to a lower floor."""
    height = {room: -floor for floor, rooms in enumerate(floors) for room in rooms}
    found = []
    for module in MODULES:
        here = room_of(name_of(module))
        if here is None:
            continue
        assert here in height, f"{name_of(module)}: room '{here}' has no floor"
        for name in modules_of(module):
            there = room_of(name)
            if there not in (None, here) and height[there] >= height[here]:
                found.append(f"{name_of(module)} imports {name}")
    return found


def harness_room(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "harness" or parts == ["harness"] or parts[-1] in DOORS:
        return None
    return parts[1] if (ROOT / "harness" / parts[1]).is_dir() else "words"


def cells_room(name: str) -> str | None:
    parts = name.split(".")
    if parts[:2] != ["papers", "cells"] or len(parts) < 3 or parts[2] in DOORS:
        return None
    return parts[2]


def papers_room(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "papers" or len(parts) < 2:
        return None
    return "paper" if (ROOT / "papers" / parts[1] / "paper.py").exists() else parts[1]


def circles(edges: dict[str, set[str]]) -> list[str]:
    """Return the nodes that reach themselves."""
    found = []
    for start in edges:
        seen, waiting = set(), list(edges[start])
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting += edges.get(node, ())
        if start in seen:
            found.append(start)
    return found


def test_rooms_of_the_harness_import_downwards_only():
    assert upwards(harness_room, HARNESS) == []


def test_rooms_of_the_cells_import_downwards_only():
    assert upwards(cells_room, CELLS) == []


def test_papers_import_what_they_share_and_never_each_other():
    assert upwards(papers_room, PAPERS) == []
    across = [
        f"{name_of(module)} imports {name}"
        for module in MODULES
        for name in modules_of(module)
        if papers_room(name_of(module)) == papers_room(name) == "paper"
        if name_of(module).split(".")[1] != name.split(".")[1]
    ]
    assert across == []


def test_no_module_imports_itself_in_a_circle():
    edges = {name_of(module): set(modules_of(module)) for module in MODULES}
    assert circles(edges) == []


def test_papers_import_words_and_training_of_the_harness_and_no_other_room():
    offenders = [
        f"{name_of(module)} imports {name}"
        for module in MODULES
        for name in modules_of(module)
        if name_of(module).startswith("papers") and name.startswith("harness.")
        if harness_room(name) not in ("words", "training")
    ]
    assert offenders == []


def test_the_harness_knows_no_paper():
    offenders = [
        f"{name_of(module)} imports {name}"
        for module in MODULES
        for name in imports(module)
        if name_of(module).startswith("harness") and name.split(".")[0] == "papers"
    ]
    assert offenders == []


def test_heavy_libraries_stay_in_their_files():
    homes = {
        "torch": ("harness.training", "harness.speed.pipeline", "papers."),
        "torchvision": ("harness.training", "harness.speed.pipeline"),
        "mlflow": ("harness.record.mlflow_client",),
        "seaborn": ("harness.show.draw", ".figures"),
        "matplotlib": ("harness.show.draw", "harness.show.matrix", ".figures"),
        "dvc": ("harness.data.dvc",),
    }
    offenders = [
        f"{name} imports {top}"
        for module in MODULES
        for name in [name_of(module)]
        for top in {imported.split(".")[0] for imported in imports(module)} & set(homes)
        if not any(name.startswith(h) or name.endswith(h) for h in homes[top])
    ]
    assert offenders == []


def test_training_utilities_know_torch_and_nothing_of_the_harness_at_import():
    allowed = STANDARD | {"torch", "torchvision", "numpy"}
    offenders = [
        f"{name_of(module)} imports {name}"
        for module in MODULES
        for name in at_import(module)
        if name_of(module).startswith("harness.training")
        if name.split(".")[0] not in allowed and not name.startswith("harness.training")
    ]
    assert offenders == []


def test_declarations_need_the_standard_library_only():
    offenders = [
        f"{word} imports {name}"
        for word in ("paper", "spent", "checks", "budget", "meter")
        for name in imports(ROOT / "harness" / f"{word}.py")
        if name.split(".")[0] not in STANDARD
        and not name.startswith(
            ("harness.paper", "harness.spent", "harness.checks", "harness.budget")
        )
    ]
    assert offenders == []


def test_no_call_hides_an_import_of_this_project():
    """What is imported by a literal name is imported by a statement, which mypy sees."""
    offenders = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
        and isinstance(node.args[0], ast.Constant)
        and str(node.args[0].value).split(".")[0] in ("harness", "papers")
    ]
    assert offenders == []


def test_no_import_is_relative():
    offenders = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert offenders == []


def test_files_and_functions_stay_readable():
    """Above 300 lines or 40, look whether it is still one thing; never above 400 and 60."""
    lengths = {
        name_of(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES
    }
    lengths |= {
        f"{name_of(module)}.{node.name}": round(400 / 60 * (node.end_lineno - node.lineno + 1))
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef)
    }
    assert [name for name, length in lengths.items() if length > 400] == []


def test_nothing_happens_at_import():
    """No statement at module level calls for its effect: no parsing, seeding or folders."""
    offenders = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in tree(module).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert offenders == []


def test_no_bare_except_and_no_swallowed_error():
    offenders = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler)
        if node.type is None or (len(node.body) == 1 and isinstance(node.body[0], ast.Pass))
    ]
    assert offenders == []


TEXT = ("open", "read_text", "write_text", "NamedTemporaryFile", "TemporaryFile", "fdopen")
# their files are ASCII, and what is measured stays as it is worded (see CONTRIBUTING)
ASCII = (
    "harness.record.journal",
    "harness.record.mlflow_export",
    "harness.training.device",
    "papers.cells.league.builder",
    "papers.text.architecture",
)


def test_no_text_file_depends_on_the_locale():
    """Python takes the locale's encoding where none is named: files here are UTF-8 everywhere."""
    offenders = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in TEXT
        and not binary(node)
        and not any(keyword.arg == "encoding" for keyword in node.keywords)
        and name_of(module) not in ASCII
    ]
    assert offenders == []


def binary(call: ast.Call) -> bool:
    """Whether a call opens something in a binary mode, or nothing that is a file."""
    if not isinstance(call.func, ast.Attribute):
        given = call.args[1:2]  # open(path, mode)
    elif getattr(call.func.value, "id", "") == "tarfile":
        return True
    else:
        given = call.args[:1]  # path.open(mode)
        if call.func.attr == "open" and not call.args and not call.keywords:
            return True  # a method of ours, which has that name
    words = [node for mode in given for node in ast.walk(mode) if isinstance(node, ast.Constant)]
    return any("b" in str(word.value) for word in words)


def test_declarations_load_nothing_heavy():
    """`list` shows every paper without numpy, torch, pandas, scipy, mlflow or matplotlib."""
    heavy = ["numpy", "torch", "pandas", "scipy", "mlflow", "matplotlib", "sklearn"]
    code = (
        "import sys\nfrom harness.plan import discover, catalogue\n"
        "catalogue.describe(discover.load_all())\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_no_run_imports_what_draws():
    """A drawing may change and no measurement grows old: see `harness.plan.digest`."""
    known = {name_of(module): module for module in MODULES}
    drawing = {
        name for name in known if name.endswith((".drawing", ".picture", ".gallery", ".draw"))
    }
    for paper in (ROOT / "papers").glob("*/paper.py"):
        text = "".join(file.read_text(encoding="utf-8") for file in paper.parent.rglob("*.py"))
        runs = set(re.findall(r'"([\w.]+):\w+"', text))
        waiting = [f"papers.{paper.parent.name}.{noun}" for noun in runs]
        waiting = [name for name in waiting if name in known and name not in drawing]
        reached: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in known and name not in reached:
                reached.add(name)
                waiting += imports(known[name])
        assert not reached & drawing, paper
