"""Who may import whom, and how large things are: read from the syntax trees, nothing is run."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(p for top in ("harness", "papers") for p in (ROOT / top).rglob("*.py"))
STANDARD = set(sys.stdlib_module_names)
PRIVATE = {"cli", "runner", "record", "report", "launch", "pages", "session", "tracker"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import(path: Path) -> Iterator[str]:
    """Yield what is imported as soon as the module is (not under TYPE_CHECKING)."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


@pytest.fixture(params=MODULES, ids=name_of)
def module(request) -> Path:
    return request.param


SHARED = {
    p.name for p in (ROOT / "papers").iterdir() if p.is_dir() and not (p / "paper.py").exists()
}


def test_no_paper_imports_another_or_the_running_of_things(module: Path):
    """A paper, and what papers share, may import what papers share: folders without paper.py."""
    package = name_of(module).split(".")
    if package[0] != "papers" or len(package) < 2:
        return
    for name in imports(module):
        parts = name.split(".")
        if parts[0] == "papers" and len(parts) > 1:
            assert parts[1] in {package[1], *SHARED}, f"{module} imports {name}"
        if parts[0] == "harness" and len(parts) > 1:
            assert parts[1] not in PRIVATE, f"{module} imports {name}"


def test_what_papers_share_has_an_order():
    """The signals know nothing of the cells that are trained on them."""
    for module in (ROOT / "papers" / "signals").rglob("*.py"):
        others = {n.split(".")[1] for n in imports(module) if n.startswith("papers.")}
        assert others <= {"signals"}, f"{module} imports {others}"


def test_the_harness_knows_no_paper(module: Path):
    if name_of(module).startswith("harness"):
        assert "papers" not in tops(module)


def test_heavy_libraries_stay_in_their_files(module: Path):
    name = name_of(module)
    homes = {
        "torch": name.startswith(("harness.training", "papers.")),
        "torchvision": name.startswith("harness.training"),
        "mlflow": name == "harness.record.mlflow_export",
        "seaborn": name.endswith((".figures", "harness.report")),
        "matplotlib": name.endswith((".figures", "harness.report")),
        "dvc": name == "harness.data.dvc",
    }
    for library, home in homes.items():
        assert home or library not in tops(module), f"{name} imports {library}"


def test_training_utilities_know_torch_and_nothing_of_the_harness_at_import(module: Path):
    if name_of(module).startswith("harness.training"):
        for name in at_import(module):
            top = name.split(".")[0]
            allowed = STANDARD | {"torch", "torchvision", "numpy"}
            assert top in allowed or name.startswith("harness.training"), f"{module}: {name}"


@pytest.mark.parametrize("name", ["paper", "checks", "budget"])
def test_declarations_need_the_standard_library_only(name: str):
    for imported in imports(ROOT / "harness" / f"{name}.py"):
        top = imported.split(".")[0]
        assert top in STANDARD or imported.startswith(("harness.paper", "harness.checks"))


def test_files_and_functions_stay_short(module: Path):
    text = module.read_text()
    assert len(text.splitlines()) <= 300, f"{module} is longer than 300 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            longest = 60 if node.name == "run" else 40
            assert node.end_lineno - node.lineno < longest, f"{module}: {node.name} is too long"


def test_nothing_happens_at_import(module: Path):
    """No statement at module level calls for its effect: no parsing, seeding or folders."""
    for node in ast.parse(module.read_text()).body:
        call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        assert not call, f"{module}:{node.lineno} calls something at import"


def test_no_bare_except_and_no_swallowed_error(module: Path):
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{module}:{node.lineno}: bare except"
            only_pass = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
            assert not only_pass, f"{module}:{node.lineno}: an error is swallowed"


def test_declarations_load_nothing_heavy():
    """`list` shows every paper without numpy, torch, pandas, scipy, mlflow or matplotlib."""
    heavy = ["numpy", "torch", "pandas", "scipy", "mlflow", "matplotlib", "sklearn"]
    code = (
        "import sys\nfrom harness import discover, catalogue\n"
        "catalogue.describe(discover.load_all())\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
