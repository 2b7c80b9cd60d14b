"""What CI is told to run exists: every job of tox, every verb and option of the command line."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from harness.cli import app as command_line
from harness.cli import data, trials

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BETWEEN = re.compile(r"&&|\|\||;|\n")


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def jobs_of_tox() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    return parser


def commands(text: str) -> Iterator[list[str]]:
    """Yield each command of a script, as words."""
    for part in BETWEEN.split(text):
        if part.strip().startswith("python -m"):
            yield shlex.split(part)


@pytest.fixture(scope="module")
def verbs():
    """The verbs of the command line, with their options."""
    if not command_line.app.registered_groups:
        command_line.app.add_typer(data.app, name="data")
        command_line.app.add_typer(trials.app)
    known = typer.main.get_command(command_line.app).commands
    return {name: {o for p in verb.params for o in p.opts} for name, verb in known.items()}


def require_known(words: list[str], verbs) -> None:
    verb, *rest = words[3:]
    assert verb in verbs
    unknown = [word for word in rest if word.startswith("--") and word not in verbs[verb]]
    assert unknown == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_command_of_a_workflow_exists(path, verbs):
    found = [words for step in steps(read(path)) for words in commands(step.get("run", ""))]
    environments = jobs_of_tox().sections()
    tox = [words for words in found if words[2] == "tox"]
    assert tox
    for words in tox:
        assert f"testenv:{words[words.index('-e') + 1]}" in environments
        if "--" in words:
            name = words[words.index("-e") + 1]
            (line,) = commands(jobs_of_tox()[f"testenv:{name}"]["commands"])
            assert line[-1] == "{posargs}"
            require_known([*line[:-1], *words[words.index("--") + 1 :]], verbs)
    for words in found:
        if words[2] == "harness":
            require_known(words, verbs)


def test_every_verb_that_tox_calls_exists(verbs):
    parser, called = jobs_of_tox(), []
    for section in parser.sections():
        for words in commands(parser[section].get("commands", "")):
            if words[2] == "harness":
                require_known([word for word in words if word != "{posargs}"], verbs)
                called.append(words[3])
    assert "night" in called


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_ends_by_itself_and_what_it_needs_is_a_job(path):
    workflow = read(path)
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        assert {job["needs"]} <= set(workflow["jobs"]) if "needs" in job else True


def test_the_night_runs_each_paper_keeps_its_journals_and_shows_its_table():
    night = read(ROOT / ".github" / "workflows" / "nightly.yml")["jobs"]["night"]
    assert night["strategy"]["fail-fast"] is False
    assert "fromJSON" in night["strategy"]["matrix"]["paper"]
    uses = {step["uses"].split("@")[0]: step["with"] for step in night["steps"] if "uses" in step}
    restored, kept = uses["actions/cache/restore"], uses["actions/cache/save"]
    assert restored["path"] == kept["path"]
    assert ".dvc/cache" in restored["path"]
    assert "hashFiles('data.dvc')" in restored["key"]
    assert uses["actions/upload-artifact"]["path"] == "runs/nights"
    (script,) = (step["run"] for step in night["steps"] if step.get("name") == "night")
    assert "$GITHUB_STEP_SUMMARY" in script
    assert "HARNESS_DVC_REMOTE" in night["env"]


def test_only_the_status_of_a_neutral_night_is_forgiven():
    from harness.cli.night import NEUTRAL_STATUS

    night = read(ROOT / ".github" / "workflows" / "nightly.yml")["jobs"]["night"]
    (script,) = (step["run"] for step in night["steps"] if step.get("name") == "night")
    assert f'if [ "$status" = {NEUTRAL_STATUS} ]' in script
    assert script.rstrip().endswith('exit "$status"')


def test_half_of_the_data_is_not_kept_for_the_nights_to_come():
    night = read(ROOT / ".github" / "workflows" / "nightly.yml")["jobs"]["night"]
    by_name = {step.get("name"): step for step in night["steps"]}
    assert "steps.night.outputs.status == '0'" in by_name["keep the data"]["if"]
    assert 'echo "status=$status" >> "$GITHUB_OUTPUT"' in by_name["night"]["run"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_steps_that_a_workflow_speaks_of_are_steps_of_the_same_job(path):
    workflow = read(path)
    for job in workflow["jobs"].values():
        known = {step["id"] for step in job["steps"] if "id" in step}
        assert set(re.findall(r"steps\.(\w+)\.", str(job))) <= known
        for name, output in re.findall(r"needs\.(\w+)\.outputs\.(\w+)", str(job)):
            assert name == job["needs"]
            assert output in workflow["jobs"][name]["outputs"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_script_is_one_that_bash_can_read(path):
    for step in steps(read(path)):
        script = re.sub(r"\$\{\{.*?\}\}", "filled", step.get("run", ""))
        done = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
        assert done.returncode == 0, script


def test_at_night_packages_that_cannot_be_installed_are_neutral_and_nothing_else_is():
    for name, job in read(ROOT / ".github" / "workflows" / "nightly.yml")["jobs"].items():
        forgiven = [step["id"] for step in job["steps"] if step.get("continue-on-error")]
        assert forgiven == ([] if name == "papers" else ["install"])
