"""Where a link of a page in the repository leads on the site, and whether it leads anywhere.

A path on the site is the path in the repository, less what makes it a source: `papers/darts`,
its README.md and its `__init__.py` are one page, `papers/darts.html`.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINK = re.compile(r"(\]\()([^)\s]+)(?=\))")  # of Markdown; a picture's is one too
CODE = re.compile(r"(```.*?```|`+[^`]+`+)", re.DOTALL)
HOME = "README.md"


def page_of(path: str, modules: Collection[str]) -> str:
    """Return the place on the site of what stands at a path of the repository.

    `modules` are the dotted names of all modules that have a page.
    """
    if path == HOME:
        return "index.html"
    bare = posixpath.dirname(path) if posixpath.basename(path) in (HOME, "__init__.py") else path
    stem = bare.removesuffix(".py")
    if stem.replace("/", ".") in modules:
        return f"{stem}.html"
    return re.sub(r"\.md$", ".html", path)


def rewritten(text: str, path: str, modules: Collection[str]) -> str:
    """Return a Markdown text with its relative links as they lead from its page on the site.

    `path` is the text's own in the repository.
    """
    home = posixpath.dirname(page_of(path, modules))

    def led(link: re.Match[str]) -> str:
        parts = urlsplit(link[2])
        if parts.scheme or not parts.path:
            return link[0]
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(path), parts.path))
        there = posixpath.relpath(page_of(meant, modules), home or ".")
        return link[1] + parts._replace(path=there).geturl()

    return _outside_code(text, lambda part: LINK.sub(led, part))


def plain(text: str) -> str:
    """Return a docstring whose stars and brackets stay what they are: h*, (N, *shape), <=."""

    def kept(part: str) -> str:
        return re.sub(r"<(?!https?:)", "&lt;", part.replace("*", r"\*"))

    return _outside_code(text, kept)


def places(html: str) -> dict[str, str]:
    """Return {name of a heading: its name on GitHub, to which links of a text lead}."""
    seen: Counter[str] = Counter()
    found = {}
    for name, title in re.findall(r'<h[1-6] id="([^"]*)">(.*?)</h', html, re.DOTALL):
        bare = unescape(re.sub(r"<[^>]*>", "", title)).strip().lower()
        place = re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")
        found[name] = f"{place}-{seen[place]}" if seen[place] else place
        seen[place] += 1
    return found


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = CODE.split(text)
    return "".join(part if at % 2 else change(part) for at, part in enumerate(parts))


class Page(HTMLParser):
    """What a page has: the places that it names, and where its links and pictures lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the names and links of one element."""
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.names.add(value)
            if name in ("href", "src") and value and tag in ("a", "img", "link", "script"):
                self.links.append(value)


def broken(site: Path) -> Iterator[str]:
    """Yield a line for every relative link of a site's pages that leads nowhere."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages.get(there)
            if known is None and not there.is_file():
                yield f"{path.relative_to(site)}: {link}: no such page"
            elif known and parts.fragment and unquote(parts.fragment) not in known.names:
                yield f"{path.relative_to(site)}: {link}: no such place on the page"
