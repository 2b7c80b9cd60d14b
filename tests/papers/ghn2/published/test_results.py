"""The released results give the paper's tables; the table is whole and cannot change unseen."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.paper import Refused
from papers.ghn2.published import released, results
from papers.ghn2.published.config import RELEASED, Results
from papers.ghn2.published.figures import networks
from papers.ghn2.space.generator import LARGE, SMALL
from papers.ghn2.space.predefined import PREDEFINED

COUNTS = {"test": 500, "wide": 100, "deep": 100, "dense": 100, "bnfree": 100, "predefined": 2}
# per cent, mean and standard error: ID, wide, deep, dense, without batch norm
CIFAR10 = {
    "mlp": ((42.2, 0.6), (22.3, 0.9), (37.9, 1.2), (44.8, 1.1), (23.9, 0.7)),
    "ghn1": ((51.4, 0.4), (43.1, 1.7), (48.3, 0.8), (51.8, 0.9), (13.7, 0.3)),
    "ghn2": ((66.9, 0.3), (64.0, 1.1), (60.5, 1.2), (65.8, 0.7), (36.8, 1.5)),
    "sgd": ((88.5, 0.3), (88.9, 1.2), (84.5, 1.2), (87.3, 0.8), (45.6, 3.6)),
}
IMAGENET = {
    "ghn1": ((17.2, 0.4), (15.8, 0.9), (15.9, 0.8), (15.1, 0.7), (0.5, 0.0)),
    "ghn2": ((27.2, 0.6), (19.4, 1.4), (24.7, 1.4), (26.4, 1.2), (7.2, 0.6)),
    "sgd": ((37.7, 0.6), (38.7, 1.6), (22.1, 1.4), (36.3, 1.2), (8.0, 1.2)),
}
ROWS = [
    (data, method, row)
    for data, rows in (("cifar10", CIFAR10), ("imagenet", IMAGENET))
    for method, row in rows.items()
]
ROUNDED = 0.05 + 1e-9  # of what is printed with one digit


@pytest.fixture(scope="module", params=RELEASED)
def table(request) -> released.Table:
    return released.read(request.param)


def found(data: str) -> dict[str, float]:
    table = released.read(data)
    parts = (results.means, results.pairs, results.ranks, results.stuck)
    return {name: value for part in parts for name, value in part(table).items()}


def test_every_network_of_every_split_is_there(table):
    for split, count in COUNTS.items():
        for column in (*table.methods, "parameters"):
            values = table.of(split, column)
            assert len(values) == count
            assert (values >= 0).all()
    assert ("mlp" in table.methods) == (table.data == "cifar10")


def test_networks_stand_in_their_order_once_each():
    rows = pd.read_csv(released.FILE)
    for (_, split), own in rows.groupby(["dataset", "split"]):
        assert own["network"].tolist() == list(range(COUNTS[split]))
    assert len(rows) == 2 * sum(COUNTS.values())


def test_weights_but_for_the_last_bias_are_multiples_of_eight(table):
    """Widths are; a digit that was copied wrongly would show in most places."""
    classes = {"cifar10": 10, "imagenet": 1000}[table.data]
    for split in COUNTS:
        assert ((table.of(split, "parameters") - classes) % 8 == 0).all()


@pytest.mark.parametrize(("data", "method", "row"), ROWS)
def test_the_tables_of_the_paper_come_out(data, method, row):
    own = found(data)
    for split, (mean, error) in zip(results.SPLITS, row, strict=True):
        assert 100 * own[f"{split}_{method}"] == pytest.approx(mean, abs=ROUNDED)
        assert 100 * own[f"{split}_{method}_se"] == pytest.approx(error, abs=ROUNDED)


@pytest.mark.parametrize(
    ("data", "name", "value"),
    [
        ("cifar10", "ood_ghn2", 56.8), ("cifar10", "ood_ghn2_se", 0.8),
        ("cifar10", "ood_ghn1", 39.2), ("cifar10", "ood_ghn1_se", 0.9),
        ("cifar10", "ood_mlp", 32.2), ("cifar10", "ood_mlp_se", 0.7), ("cifar10", "ood_sgd", 76.6),
        ("cifar10", "id_ghn2_best", 77.1), ("cifar10", "id_ghn1_best", 59.9),
        ("cifar10", "id_mlp_best", 60.2), ("cifar10", "id_sgd_best", 93.1),
        ("cifar10", "resnet50_ghn2", 58.6), ("cifar10", "vit_ghn2", 11.4),
        ("cifar10", "resnet50_ghn1", 19.2), ("cifar10", "vit_ghn1", 18.2),
        ("cifar10", "resnet50_mlp", 17.7), ("cifar10", "resnet50_sgd", 93.5),
        ("cifar10", "id_ghn2_beats_ghn1", 99.4), ("cifar10", "id_ghn2_beats_mlp", 100),
        ("cifar10", "id_ghn1_beats_mlp", 89.6), ("cifar10", "id_ghn2_beats_sgd", 0.4),
        ("cifar10", "id_ghn2_less_ghn1", 15.5), ("cifar10", "id_ghn2_less_ghn1_sd", 6.7),
        ("cifar10", "id_ghn1_less_mlp", 9.1), ("cifar10", "id_ghn1_less_mlp_sd", 13.3),
        ("cifar10", "wide_ghn2_less_ghn1", 20.9), ("cifar10", "deep_ghn2_less_ghn1", 12.2),
        ("cifar10", "dense_ghn2_less_ghn1", 14.0), ("cifar10", "bnfree_ghn2_less_ghn1", 23.1),
        ("cifar10", "bnfree_ghn2_less_ghn1_sd", 14.6), ("cifar10", "bnfree_ghn1_less_mlp", -10.2),
        ("cifar10", "bnfree_stuck", 50), ("cifar10", "bnfree_stuck_ghn2", 29.5),
        ("cifar10", "bnfree_trained_ghn2", 44.1), ("cifar10", "bnfree_trained_sgd", 81.1),
        ("imagenet", "id_ghn2_best", 48.3), ("imagenet", "id_ghn1_best", 32.1),
        ("imagenet", "resnet50_ghn2", 5.2), ("imagenet", "resnet50_ghn1", 6.9),
        ("imagenet", "id_ghn2_beats_ghn1", 82), ("imagenet", "wide_ghn2_beats_ghn1", 62),
    ],
)  # fmt: skip
def test_single_numbers_come_out(data, name, value):
    assert 100 * found(data)[name] == pytest.approx(value, abs=ROUNDED)


@pytest.mark.parametrize(
    ("data", "name", "value"),
    [
        ("cifar10", "ghn2", 0.26), ("cifar10", "ghn1", 0.28), ("cifar10", "mlp", 0.10),
        ("cifar10", "parameters", -0.02), ("imagenet", "ghn2", 0.03), ("imagenet", "ghn1", 0.16),
    ],
)  # fmt: skip
def test_predicted_accuracy_ranks_as_was_found(data, name, value):
    table = released.read(data)
    tau = results.ranks(table)[f"id_{name}_tau"]
    assert tau == pytest.approx(value, abs=0.005)
    pair = table.of("test", name), table.of("test", "sgd")
    assert tau == pytest.approx(stats.kendalltau(*pair).statistic, abs=1e-12)


def test_the_standard_error_is_that_of_all_networks():
    values = np.random.default_rng(0).random(40)
    row = results.described("x", values)
    assert row["x"] == pytest.approx(values.mean())
    assert row["x_se"] == pytest.approx(np.std(values) / 40**0.5)


def test_predefined_networks_have_as_many_weights_as_the_authors():
    for data, frame in (("cifar10", SMALL), ("imagenet", LARGE)):
        counts = released.read(data).of("predefined", "parameters").tolist()
        assert [make(frame).graph.size for make in PREDEFINED.values()] == counts


def test_a_changed_table_is_refused(tmp_path):
    content = released.FILE.read_text()
    copy = tmp_path / released.FILE.name
    facts = released.FILE.with_suffix(".json")
    (tmp_path / facts.name).write_bytes(facts.read_bytes())
    copy.write_text(content)
    assert released.read("cifar10", copy).digest == json.loads(facts.read_text())["sha256"]
    copy.write_text(content.replace("53.35", "53.36", 1))
    with pytest.raises(Refused, match="sha256"):
        released.read("cifar10", copy)


def test_what_is_not_there_is_refused(table):
    with pytest.raises(Refused, match="did you mean 'cifar10'"):
        released.read("cifar100")
    with pytest.raises(Refused, match="split 'tests'; did you mean 'test'"):
        table.of("tests", "ghn2")
    with pytest.raises(Refused, match="column 'ghn3'"):
        table.of("test", "ghn3")
    with pytest.raises(Refused, match="data"):
        Results(("cifar-10",))
    with pytest.raises(Refused, match="at least one"):
        Results(())


def test_every_network_is_drawn_once_in_each_panel():
    rows = pd.DataFrame([{"experiment": "published/results", "budget": "smoke"}])
    assert networks(rows.iloc[:0], pd.DataFrame()) is None
    drawn = networks(rows, pd.DataFrame())
    assert drawn is not None
    assert [axes.get_title() for axes in drawn.axes] == [
        "GHN-2: tau in distribution 0.26", "GHN-1: tau in distribution 0.28",
        "GHN-2: tau in distribution 0.03", "GHN-1: tau in distribution 0.16",
    ]  # fmt: skip
    for axes in drawn.axes:
        assert sum(len(dots.get_offsets()) for dots in axes.collections) == sum(COUNTS.values())
