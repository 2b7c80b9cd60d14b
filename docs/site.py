"""`python -m docs.site FOLDER`: the READMEs, the reports and all docstrings as a site to read.

pdoc makes a page of every module of `harness` and `papers`; a paper's page begins with its README.
Exit status 1 when a link on it leads nowhere.
"""

from __future__ import annotations

import importlib
import posixpath
import re
import shutil
import sys
import warnings
from pathlib import Path

import pdoc
import pdoc.docstrings
import pdoc.extract
import pdoc.render
import pdoc.render_helpers

from docs.links import LINK, broken, page_of, places, plain, rewritten

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
THEME = Path(__file__).parent / "theme"
REPORTS = ("figures/*", "*.csv", "*.tex")  # as they are


def build(site: Path) -> list[str]:
    """Write the site into a folder, in place of what was there; return its broken links."""
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    google = pdoc.docstrings.google
    pdoc.docstrings.google = lambda text: google(plain(text))
    pdoc.render.configure(  # an index to search in would be 20 MB
        docformat="google", show_source=False, search=False, template_directory=THEME
    )
    # under TYPE_CHECKING alone: shown as it is written
    warnings.filterwarnings("ignore", "Error parsing type annotation", UserWarning)
    names = [n for n in pdoc.extract.walk_specs(["harness", "papers"]) if "__main__" not in n]
    _introduce(names)
    modules = {name: pdoc.doc.Module.from_name(name) for name in names}
    _reports(site)
    for path in (*TEXTS, *(f"reports/{p.name}" for p in sorted((ROOT / "reports").glob("*.md")))):
        _text(path, site, modules)
    for name, module in modules.items():
        _put(site / f"{name.replace('.', '/')}.html", pdoc.render.html_module(module, modules))
    return list(broken(site))


def _introduce(names: list[str]) -> None:
    """Let the READMEs of packages stand below the first words of their pages."""
    for path in sorted((ROOT / "papers").glob("*/README.md")):
        module = importlib.import_module(f"papers.{path.parent.name}")
        own = rewritten(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)), names)
        module.__doc__ = f"{module.__doc__}\n\n{own}"
        module.__docformat__ = "markdown"


def _text(path: str, site: Path, modules: dict[str, pdoc.doc.Module]) -> None:
    """Write the page of a Markdown file, and copy the plain files to which it links."""
    text = (ROOT / path).read_text(encoding="utf-8")
    there = page_of(path, modules)
    html = pdoc.render_helpers.to_html(rewritten(text, path, modules))
    up = "../" * there.count("/")
    body, contents = (_renamed(part, places(html)) for part in (html, html.toc_html or ""))
    template = pdoc.render.env.get_template("page.html.jinja2")
    title = next(line for line in text.splitlines() if line.startswith("# ")).lstrip("# ")
    said = {"title": title, "body": body, "contents": contents, "up": up}
    _put(site / there, template.render(said, papers=_papers(modules)))


def _renamed(html: str, names: dict[str, str]) -> str:
    """Return HTML with other names of its headings."""

    def led(place: re.Match[str]) -> str:
        return f'{place[1]}"{place[2]}{names.get(place[3], place[3])}"'

    return re.sub(r'(id=|href=)"(#?)([^"]+)"', led, html)


def _papers(modules: dict[str, pdoc.doc.Module]) -> list[str]:
    return [name for name in modules if name.count(".") == 1 and name.startswith("papers.")]


def _reports(site: Path) -> None:
    """Copy what pages show and link as it is."""
    for pattern in REPORTS:
        for path in (ROOT / "reports").glob(pattern):
            _copy(path.relative_to(ROOT), site)
    board = (ROOT / "reports" / "index.html").read_text(encoding="utf-8")
    _put(site / "reports" / "index.html", re.sub(r'(href="[\w-]+)\.md"', r'\1.html"', board))
    for path in (*map(ROOT.joinpath, TEXTS), *(ROOT / "papers").glob("*/README.md")):
        text, home = path.read_text(encoding="utf-8"), path.parent
        for _, link in LINK.findall(text):
            meant = home / link.partition("#")[0]
            if meant.is_file() and meant.suffix not in (".md", ".html"):
                _copy(Path(posixpath.relpath(meant.resolve(), ROOT)), site)


def _copy(path: Path, site: Path) -> None:
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / path, site / path)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    found = build(Path(sys.argv[1]))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"{sys.argv[1]}/index.html: {len(found)} broken links\n")
    raise SystemExit(1 if found else 0)
