"""Every field of every config, asked for values that make no sense or just a little.

A value is refused in one line before any work, or the trial runs to its end at budget check.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness import budget
from harness.paper import Experiment, Refused
from harness.plan import discover, settings, specs
from harness.plan.discover import Folder
from harness.plan.specs import Spec
from harness.record import journal
from harness.run import runner
from harness.trial import Pace
from papers.cells.child import config as children
from tests.lab.throwaway import as_found  # noqa: F401

HUGE = "1" + 30 * "0"
OTHER_DIGITS = ("\u0663", "\u00b3")  # of another script, raised: Python reads the first as a 3
VALUES: dict[Any, tuple[str, ...]] = {
    int: ("-1", "0", "1", "nan", "inf", HUGE, "9" * 5000, "", *OTHER_DIGITS),
    float: ("nan", "inf", "-inf", "-1", "0", "1e300", HUGE, "", *OTHER_DIGITS),
    bool: ("maybe", "", "1"),
    str: ("", "nope", "\x00", "long" * 5000),
}
MANY = ("", "nan", "-1", "0", "inf", "1,1", HUGE, "1," * 20_000, *OTHER_DIGITS)
NEVER = ("nan", "inf", "-inf", "1e300", HUGE, "9" * 5000, *OTHER_DIGITS)  # of numbers
SAMPLE = 60  # one in so many of the accepted values runs in every pull request, all at night


@dataclass(frozen=True)
class Case:
    """One field of one experiment, and a value for it."""

    folder: Folder
    experiment: Experiment
    field: str
    kind: Any
    value: str

    @property
    def name(self) -> str:
        shown = self.value if len(self.value) < 20 else f"{self.value[:8]}..."
        return f"{self.folder.name}/{self.experiment.name}: {self.field}={shown!r}"

    def plan(self) -> Spec:
        wanted = [f"{self.field}={self.value}"]
        asked = specs.Request(
            [self.experiment.name], budget.standard("check"), seeds=[0], settings=wanted
        )
        planned = specs.plan(self.folder, asked)
        return next(spec for spec in planned if spec.experiment == self.experiment.name)


@cache
def cases() -> tuple[Case, ...]:
    """Every field of every experiment; one that a config's class has told already is left out."""
    seen, found = set(), []
    for folder in discover.load_all():
        for experiment in folder.paper.experiments:
            small = experiment.at("check")
            for field, kind in settings.of(experiment).items():
                key = (type(small), field, repr(getattr(small, field)), *sorted(experiment.phases))
                values = VALUES.get(kind, MANY)
                if key not in seen:
                    found += [Case(folder, experiment, field, kind, value) for value in values]
                seen.add(key)
    return tuple(found)


@cache
def answers() -> tuple[tuple[Case, Spec | str], ...]:
    """Each case with its plan, or the refusal's text."""
    return tuple((case, answer(case)) for case in cases())


def answer(case: Case) -> Spec | str:
    try:
        return case.plan()
    except Refused as refusal:
        return str(refusal)


def accepted() -> Iterator[tuple[Case, Spec]]:
    for case, plan in answers():
        if isinstance(plan, Spec):
            yield case, plan


def test_every_field_has_its_cases():
    fields = {(case.folder.name, case.field) for case in cases()}
    assert len(fields) > 150
    assert len(cases()) > 4000


def test_a_refusal_is_one_short_line_that_names_the_field():
    for case, told in answers():
        if isinstance(told, str):
            assert "\n" not in told, case.name
            assert len(told) < 400, case.name
            own = any(word in told for word in (case.field, *case.field.split("_")))
            other = "=" in told  # the field that does not fit beside this one
            chosen_from = "choose from: " in told or "did you mean" in told
            assert own or other or chosen_from, (case.name, told)


def test_no_number_is_taken_that_is_none_or_beyond_all_bounds():
    wrong = [
        case.name
        for case, _ in accepted()
        if case.value in NEVER and case.kind in (int, float)
    ]  # fmt: skip
    assert wrong == []


def test_a_plan_keeps_the_value_that_was_asked_for():
    for case, spec in accepted():
        if case.kind in (int, float):
            assert spec.config[case.field] == case.kind(case.value), case.name


def run(case: Case, spec: Spec, runs: Path) -> str:
    """Run the trial; return what went wrong."""
    home = spec.home(runs)
    spec.write(home)
    outcome = runner.execute(home, Pace(1e9, 1e9))
    result = journal.read(home)
    if outcome.status == "completed":
        return "" if result.rows else f"{case.name}: no rows"
    return f"{case.name}: {outcome.status}: {outcome.error}"


def chosen(part: int) -> list[tuple[Case, Spec]]:
    """Return the accepted cases whose name falls to one of SAMPLE parts, the same every time."""
    return [pair for pair in accepted() if zlib.crc32(pair[0].name.encode()) % SAMPLE == part]


@pytest.mark.slow
@pytest.mark.usefixtures("as_found")
def test_what_is_accepted_runs(tmp_path):
    some = chosen(0)
    assert len(some) > 2
    assert [told for case, spec in some if (told := run(case, spec, tmp_path))] == []


@pytest.mark.nightly
@pytest.mark.usefixtures("as_found")
@pytest.mark.parametrize("part", range(1, SAMPLE))
def test_all_that_is_accepted_runs(tmp_path, part):
    assert [told for case, spec in chosen(part) if (told := run(case, spec, tmp_path))] == []


def test_the_number_of_synthetic_images_is_what_refusals_count_with():
    from papers.cells.child import images

    assert children.ROWS[children.PIXELS] == images.SYNTHETIC["train"]


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        (1, "child_batch=1: must be at least 2"),
        (47, "child_batch=47: the last batch of 48 images would be a single one"),
        (46, ""),
    ],
)
def test_a_last_batch_of_one_image_is_refused(batch, told):
    folder = discover.load("papers/darts")
    asked = specs.Request(
        ["cifar10/published"], budget.standard("check"), settings=[f"child_batch={batch}"]
    )
    if told:
        with pytest.raises(Refused, match=told):
            specs.plan(folder, asked)
    else:
        assert len(specs.plan(folder, asked)) == 1
