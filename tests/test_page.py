"""The committed page in a real browser: wide and narrow, light and dark, by mouse and by keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.browser import Browser, browser, program

PAGE = Path(__file__).parents[1] / "reports" / "index.html"
AXE = os.environ.get("HARNESS_AXE", "")  # the path of axe-core's axe.min.js
SHOWN = "[...document.querySelectorAll('.claim:not([hidden])')]"
CLEAR = "document.getElementById('filters').reset()"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(program() is None, reason="no Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def choose(chromium: Browser, name: str, value: str) -> None:
    """Choose a value of a filter as a reader does."""
    chromium.ask(
        f"(() => {{ const one = document.querySelector('[name={name}]'); one.value = '{value}';"
        " one.dispatchEvent(new Event('input', {bubbles: true})) })()"
    )


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_and_complains_of_nothing(chromium: Browser, width: int, dark: bool):
    chromium.complaints.clear()
    chromium.requests.clear()
    chromium.show(PAGE, width, dark)
    assert chromium.ask("document.documentElement.scrollWidth") == width
    ground = chromium.ask("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") != dark
    assert chromium.complaints == []
    assert {url.partition(":")[0] for url in chromium.requests} <= {"file", "about", "data"}


def test_filters_show_what_was_asked_for_and_say_how_much(chromium: Browser):
    chromium.show(PAGE, 1280)
    every = chromium.ask(f"{SHOWN}.length")
    choose(chromium, "paper", "darts")
    choose(chromium, "kind", "headline")
    found = chromium.ask(f"{SHOWN}.map(one => [one.dataset.paper, one.dataset.kind])")
    assert 0 < len(found) < every
    assert {tuple(one) for one in found} == {("darts", "headline")}
    said = chromium.ask("document.querySelector('output').textContent")
    assert said == f"{len(found)} of {every} claims"
    choose(chromium, "paper", "")
    choose(chromium, "kind", "")
    choose(chromium, "budget", "smoke")
    choose(chromium, "word", "reproduced")
    words = chromium.ask(
        f"{SHOWN}.map(one => [...one.querySelectorAll('.at:not([hidden])')]"
        ".map(at => at.dataset.budget + ' ' + at.dataset.word).join())"
    )
    assert set(words) == {"smoke reproduced"}
    chromium.ask(f"{CLEAR}; new Promise(done => setTimeout(done, 50))")
    assert chromium.ask(f"{SHOWN}.length") == every


def test_what_is_folded_opens_for_a_filter_and_closes_with_it(chromium: Browser):
    chromium.show(PAGE, 1280)
    seen = "[...document.querySelectorAll('.claim')].filter(one => one.checkVisibility()).length"
    first = chromium.ask(seen)
    choose(chromium, "kind", "self-check")
    checks = chromium.ask(seen)
    assert checks == chromium.ask(f"{SHOWN}.length")
    chromium.ask(f"{CLEAR}; new Promise(done => setTimeout(done, 50))")
    assert chromium.ask(seen) == first < chromium.ask(f"{SHOWN}.length")


def test_the_axis_of_the_league_switches_by_key(chromium: Browser):
    chromium.show(PAGE, 1280)
    panels = (
        "[...document.querySelector('.league').querySelectorAll('.panel')]"
        ".filter(one => getComputedStyle(one).display !== 'none').map(one => one.classList[1])"
    )
    assert chromium.ask(panels) == ["steps"]
    chromium.ask("document.querySelector('.league [value=steps]').focus()")
    chromium.press("ArrowRight")
    assert chromium.ask(panels) == ["flops"]
    chromium.press("ArrowRight")
    assert chromium.ask(panels) == ["seconds"]


def test_a_sign_of_the_matrix_opens_its_claim_also_where_a_filter_hides_it(chromium: Browser):
    chromium.show(PAGE, 1280)
    choose(chromium, "word", "blocked")
    chromium.ask("document.querySelector('.strip a:not(.open)').click()")
    chromium.ask("new Promise(done => setTimeout(done, 200))")
    claim = "document.getElementById(location.hash.slice(1))"
    assert chromium.ask(f"{claim}.open && !{claim}.hidden")
    assert "python -m harness replay" in chromium.ask(f"{claim}.innerText")


def test_a_link_to_a_folded_claim_that_a_filter_hides_shows_it(chromium: Browser):
    chromium.show(PAGE, 1280)
    choose(chromium, "word", "blocked")
    place = chromium.ask("document.querySelector('.rest .claim[hidden]').id")
    chromium.ask(f"location.hash = '{place}'; new Promise(done => setTimeout(done, 200))")
    assert chromium.ask(f"document.getElementById('{place}').checkVisibility()")
    assert chromium.ask(f"document.getElementById('{place}').open")


def test_a_claim_opens_by_keys_alone(chromium: Browser):
    chromium.show(PAGE, 390)
    chromium.ask("document.querySelector('.skip').focus()")
    chromium.press("Enter", "\r")
    chromium.ask("document.querySelector('.claim summary').focus()")
    chromium.press("Enter", "\r")
    assert chromium.ask("document.querySelector('.claim').open")


def test_every_figure_is_there(chromium: Browser):
    """Loaded one after the other: all at once are gigabytes of pixels."""
    chromium.show(PAGE, 1280)
    missing = chromium.ask(
        "(async () => { const gone = []; for (const one of document.images) {"
        " const again = new Image(); again.src = one.src;"
        " await again.decode().catch(() => gone.push(one.src)) } return gone })()"
    )
    assert missing == []


@pytest.mark.skipif(
    not Path(AXE).is_file(),
    reason="no axe-core: `npm pack axe-core`, and HARNESS_AXE=.../axe.min.js",
)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_to_mend(chromium: Browser, dark: bool):
    chromium.show(PAGE, 1280, dark)
    chromium.ask(Path(AXE).read_text() + ";0")
    found = chromium.ask(
        "axe.run().then(told => told.violations.map(each =>"
        " each.id + ': ' + each.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(' ')))"
    )
    assert found == []
