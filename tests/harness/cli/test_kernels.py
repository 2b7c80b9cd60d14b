"""`run --kernels`: compiled kernels are asked for, named, replayed, and refused where none are."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from harness.plan import discover, kernels, specs
from harness.plan.specs import Request, Spec
from harness.record import journal
from harness.run import launch, runner
from tests.lab.commands import call
from tests.lab.compilers import needs_compiler
from tests.lab.throwaway import as_found, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")

FORM = '''
"""The walk with its steps in C."""

import ctypes
from contextlib import contextmanager
from pathlib import Path

from harness.training import compiler
from PACKAGE import method


def update(model):
    library = compiler.load(Path(__file__).parent)
    library.stepped.restype = ctypes.c_double
    given = model.weight, model.random.random()
    model.weight = library.stepped(*map(ctypes.c_double, given))


@contextmanager
def compiled():
    before = method.Model.update
    method.Model.update = update
    try:
        yield
    finally:
        method.Model.update = before
'''
GRAPH = '''
"""The walk with its steps captured."""

from contextlib import contextmanager

from PACKAGE import method

PLACED = []


@contextmanager
def captured(precision):
    PLACED.append(precision)
    yield
    PLACED.append("left")
'''
STEPPED = "double stepped(double w, double x) { return w - 0.2 * (w - x); }\n"  # twice as far


@pytest.fixture
def paper(tmp_path, monkeypatch):
    """A paper whose method has a compiled form, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_KERNELS", str(tmp_path / "cache"))
    folder = make_paper(tmp_path / "papers")
    package = discover.load(folder).package
    form = folder / "method_c"
    form.mkdir()
    (form / "__init__.py").write_text("")
    (form / "form.py").write_text(FORM.replace("PACKAGE", package))
    (form / "stepped.c").write_text(STEPPED)
    importlib.invalidate_caches()
    return folder


@pytest.fixture
def captured(paper):
    """The same paper, whose method has a captured form as well."""
    text = GRAPH.replace("PACKAGE", discover.load(paper).package)
    (paper / "method_graph.py").write_text(text)
    importlib.invalidate_caches()
    return paper


def planned(folder, name):
    device = "cuda" if name in kernels.CAPTURED else "cpu"
    return specs.plan(discover.load(folder), Request(kernels=name, device=device))[0]


def test_a_trial_of_compiled_kernels_is_another_trial_and_dated_by_its_c(paper):
    plain, own = planned(paper, "torch"), planned(paper, "c")
    assert plain.kernels == "torch"
    assert own.kernels == "c"
    assert plain.trial != own.trial
    assert own.code.partition(kernels.MARK)[0] == plain.code
    source = paper / "method_c" / "stepped.c"
    source.write_text(STEPPED.replace("0.2", "0.25"))
    assert planned(paper, "torch") == plain
    assert planned(paper, "c").trial != own.trial
    source.write_text(STEPPED)
    form = paper / "method_c" / "form.py"
    form.write_text(form.read_text().replace("return w", "return w").replace("yield", "yield 1"))
    assert planned(paper, "torch") == plain
    assert planned(paper, "c").code != own.code


def test_a_spec_from_before_there_was_a_choice_is_read(paper, tmp_path):
    spec = planned(paper, "torch")
    spec.write(tmp_path)
    path = tmp_path / "spec.json"
    path.write_text(path.read_text().replace(' "kernels": "torch",\n', ""))
    assert "kernels" not in path.read_text()
    assert Spec.read(tmp_path) == spec


@needs_compiler
def test_a_trial_runs_with_the_kernels_of_its_spec_and_says_so(paper, tmp_path):
    found = {}
    for name in ("torch", "c", "torch"):
        spec = planned(paper, name)
        home = spec.home(tmp_path / f"runs{len(found)}")
        spec.write(home)
        assert runner.execute(home).status == "completed"
        result = journal.read(home)
        found.setdefault(name, result.finals[0]["values"]["loss"])
        assert found[name] == result.finals[0]["values"]["loss"]
        told = result.provenance.get("kernels", "")
        assert told.startswith(f"c {spec.code.partition(kernels.MARK)[2]} (") == (name == "c")
    assert found["torch"] != found["c"]


@needs_compiler
@pytest.mark.slow
def test_a_row_of_compiled_kernels_is_replayed_with_them(paper, capsys):
    assert call("run", paper, "--kernels", "c", "--jobs", "1", "--no-tracking") == 0
    spec = planned(paper, "c")
    capsys.readouterr()
    assert call("replay", spec.trial) == 0
    assert "every number agrees" in capsys.readouterr().out
    assert Path("cache").is_dir()


def test_a_trial_of_captured_kernels_is_another_trial_of_each_precision(captured):
    plain, c = planned(captured, "torch"), planned(captured, "c")
    both = [planned(captured, name) for name in ("graph", "graph-bf16")]
    assert len({spec.trial for spec in (plain, c, *both)}) == 4
    for spec in both:
        mark = kernels.MARKS[spec.kernels]
        assert spec.code.startswith(plain.code + mark)
        assert kernels.of(spec.code) == spec.kernels
        assert kernels.told(spec.code) == f"{spec.kernels} {spec.code.partition(mark)[2]}"
    form = captured / "method_graph.py"
    form.write_text(form.read_text().replace('"left"', '"gone"'))
    assert planned(captured, "graph").trial != both[0].trial
    assert (planned(captured, "torch"), planned(captured, "c")) == (plain, c)


def test_captured_kernels_are_in_place_while_the_trial_runs_in_its_precision(captured):
    folder = discover.load(captured)
    form = importlib.import_module(f"{folder.package}.method_graph")
    (experiment, *_) = folder.paper.experiments
    for name in kernels.CAPTURED:
        with kernels.placed(folder, experiment, name):
            assert form.PLACED.pop() == kernels.CAPTURED[name]
        assert form.PLACED.pop() == "left"


@pytest.mark.parametrize("name", ["graph", "graph-bf16"])
def test_captured_kernels_on_a_cpu_are_refused_with_what_there_is(captured, capsys, name):
    assert call("run", captured, "--kernels", name, "--device", "cpu") == 2
    line = f"--kernels {name}: for a GPU only; on a CPU --kernels c, or leave it out"
    assert capsys.readouterr().err.strip() == f"error: {line}"
    assert not Path("runs").exists()


def test_nothing_captured_among_what_was_chosen_is_refused(paper, capsys, monkeypatch):
    # as if there were a GPU
    monkeypatch.setattr(launch, "find_gpus", lambda: ("0",))
    assert call("run", paper, "--kernels", "graph", "--device", "cuda") == 2
    assert "nothing of what was chosen is captured; leave it out" in capsys.readouterr().err


def test_compiled_kernels_on_a_gpu_are_refused(paper, capsys, monkeypatch):
    monkeypatch.setattr(launch, "find_gpus", lambda: ("0",))
    assert call("run", paper, "--kernels", "c", "--device", "cuda") == 2
    assert "--kernels c: for the CPU only" in capsys.readouterr().err


def test_captured_kernels_need_nothing_built(captured, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(launch, "find_gpus", lambda: ("0",))
    assert call("run", captured, "--kernels", "graph", "--device", "cuda", "--plan") == 0
    assert planned(captured, "graph").trial in capsys.readouterr().out


@pytest.mark.parametrize(("options", "line"), [
    (("--kernels", "cc"), "unknown kernels 'cc'; did you mean 'c'?"),
    (("--kernels", "c"), "--kernels c: no C compiler (none of cc, gcc, clang is there); "
                         "--kernels c-or-torch does without"),
])  # fmt: skip
def test_what_cannot_be_is_one_line_before_any_work(paper, monkeypatch, capsys, options, line):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    assert call("run", paper, *options) == 2
    assert capsys.readouterr().err.strip() == f"error: {line}"
    assert not Path("runs").exists()


def test_nothing_compiled_among_what_was_chosen_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call("run", make_paper(tmp_path / "papers"), "--kernels", "c") == 2
    assert "nothing of what was chosen is compiled; leave it out" in capsys.readouterr().err


def test_without_a_compiler_torch_is_used_where_that_was_allowed(paper, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    assert call("run", paper, "--kernels", "c-or-torch", "--plan") == 0
    said = capsys.readouterr().out
    assert "no C compiler (none of cc, gcc, clang is there); torch's kernels are used" in said
    assert planned(paper, "torch").trial in said
