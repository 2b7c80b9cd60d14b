"""The picture of headline verdicts: a sign for each claim, each with its name, and the cost."""

from __future__ import annotations

from types import SimpleNamespace

from harness.show import matrix
from harness.show.marks import MARKS


def section(name, words, spent):
    """A paper with a headline claim for each word."""
    rows = [
        SimpleNamespace(
            claim=SimpleNamespace(id=f"{name}{place}"),
            first=SimpleNamespace(word=word, mark=MARKS[word]),
        )
        for place, word in enumerate(words)
    ]
    return SimpleNamespace(folder=SimpleNamespace(name=name), headlines=rows, spent=spent)


def test_every_headline_has_its_sign_and_its_name_and_every_paper_its_cost():
    many = ["reproduced"] * (matrix.WIDE + 1)
    given = [section("a", many, 195), section("b", ["not reproduced", "blocked"], 0)]
    axes = matrix.drawn(given).axes[0]
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    assert {"a", "b", *(row.claim.id for one in given for row in one.headlines)} <= set(texts)
    assert texts["3:15 min"][1] == texts["a"][1] == 0
    assert texts["b"][1] == 2, "thirteen claims take two lines"
    signs = [line for line in axes.lines if line.get_marker() == MARKS["reproduced"].marker]
    places = {(x, round(y)) for line in signs for x, y in line.get_xydata()}
    assert places == {
        *((column, 0) for column in range(matrix.WIDE)),
        (0, 1),
    }
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == [
        f"reproduced: {len(many)}", "not reproduced: 1", f"{matrix.LACKS['blocked']}: 1"
    ]  # fmt: skip


def test_papers_without_headlines_are_left_out(tmp_path):
    assert list(matrix.write([section("a", [], 0)], tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
