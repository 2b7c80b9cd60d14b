"""A table never breaks a name, whatever the width; prose is broken between words only."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from harness.show.table import Table, wrapped

NAME = "league/first_order_with_a_long_name"


def printed(table: Table, width: int) -> list[str]:
    screen = io.StringIO()
    Console(file=screen, width=width).print(table, soft_wrap=True)
    return screen.getvalue().splitlines()


def made(**options) -> Table:
    table = Table("A title", ("experiment", "n", "verdict"), prose=("verdict",), **options)
    table.add(NAME, "3", Text("not reproduced: it is a little below what was asked for"))
    table.add("b", "12", "reproduced")
    return table


def test_where_there_is_room_a_row_is_a_line():
    title, head, rule, first, second = printed(made(), 100)
    assert (title, head.split()) == ("A title", ["experiment", "n", "verdict"])
    assert set(rule) == {"─", " "}
    assert first.startswith(f"{NAME}  3   not reproduced: it is a little below what")
    assert second == f"b{' ' * len(NAME)} 12  reproduced"


def test_numbers_stand_below_each_other():
    lines = printed(made(right=("n",)), 100)
    assert [line[len(NAME) + 2 :][:2] for line in lines[-2:]] == [" 3", "12"]


def test_prose_is_wrapped_between_words_and_nothing_is_wider_than_the_screen():
    lines = printed(made(caption="1 of 2"), 64)
    assert max(map(len, lines)) <= 64
    assert lines[-1] == "1 of 2"
    assert sum(line.startswith(NAME) for line in lines) == 1
    told = " ".join(line[len(NAME) + 6 :].strip() for line in lines[3:-2])
    assert told == "not reproduced: it is a little below what was asked for"


def test_where_the_names_do_not_fit_a_row_is_a_paragraph():
    assert printed(made(), 40) == [
        "A title",
        NAME,
        "    n: 3",
        "    verdict: not reproduced: it is a",
        "    little below what was asked for",
        "b",
        "    n: 12",
        "    verdict: reproduced",
    ]


def test_what_is_clipped_stays_on_its_line():
    table = Table("", ("paper", "title"), clipped=("title",))
    table.add("papers/one", "A very long title of a paper that nobody wrote")
    assert printed(table, 32)[-1] == "papers/one  A very long title o…"
    assert printed(table, 99)[-1] == "papers/one  A very long title of a paper that nobody wrote"


def test_cells_are_text_and_no_markup():
    table = Table("[red] title", ("a",))
    table.add("[P] App. A [/x]")
    assert printed(table, 80)[0::3] == ["[red] title", "[P] App. A [/x]"]


def test_a_row_has_a_cell_for_each_column():
    with pytest.raises(ValueError, match="2 cells for the 1 columns"):
        Table("", ("a",)).add("1", "2")


word = st.text("abc/_.-é字", min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(word, word, st.lists(word, max_size=9)), min_size=1, max_size=4),
       width=st.integers(1, 130))  # fmt: skip
def test_every_word_comes_out_whole_and_in_order(rows, width):
    table = Table("", ("name", "other", "prose"), prose=("prose",))
    for name, other, prose in rows:
        table.add(name, other, " ".join(prose))
    said = " ".join(printed(table, width)).split()
    for name, other, prose in rows:
        assert name in said
        assert other in said
        assert set(prose) <= set(said)


def test_wide_signs_count_twice():
    assert [line.plain for line in wrapped(Text("字字 字字 ab"), 7)] == ["字字", "字字 ab"]
