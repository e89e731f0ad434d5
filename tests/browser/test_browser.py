"""The pages in a real browser: nothing is loaded, nothing complains, everybody can read them.

`make browser` brings Playwright; the browser is the system's chromium. Pictures to look at are kept
in build/pages/. Where either is missing the tests are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.cli import main
from pages.asked.person import person
from pages.asked.reader import Reader
from pages.figures.units import MGDL
from pages.page import About, person_page
from tests.lake import Person, demo_lake, lake_of, opened

pytestmark = [pytest.mark.whole, pytest.mark.browser]

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no Playwright here: `make browser` brings it"
)
PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
if PROGRAM is None:
    pytest.skip("no browser here: apt-get install chromium", allow_module_level=True)

KEPT = Path(__file__).parents[2] / "build" / "pages"
WIDTHS = (360, 800, 1400)
HOSTILE = ("<script>document.title='lost'</script>", "\u202eevil", '"><img src=x onerror=alert(1)>')


@dataclass
class Seen:
    """A page in the browser, and what it did."""

    page: Any
    requests: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        # as root there is no sandbox; what is opened are our own files
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = driver.chromium.launch(executable_path=PROGRAM, args=options)
        yield started
        started.close()


@pytest.fixture
def look(browser: Any) -> Iterator[Callable[..., Seen]]:
    """Opens a file, with a listener for everything that should not happen."""
    contexts = []

    def open_(path: Path, width: int = 1000, scheme: str = "light") -> Seen:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page, seen = context.new_page(), Seen(None, [], [])
        seen.page = page
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
        page.goto(path.as_uri())
        return seen

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the demo with what `effect` found, and one of hostile names."""
    folder = tmp_path_factory.mktemp("pages")
    lake = shutil.copytree(demo_lake().root, folder / "lake")
    for words in (["effect"], ["report", "-o", str(folder / "out")]):
        with pytest.raises(SystemExit) as left:
            main([*words, "--lake", str(lake)])
        assert left.value.code == 0
    someone = Person()
    for day, device in enumerate(HOSTILE, 1):
        someone.cgm(f"2025-06-0{day} 00:00", [100, 120] * 144, device=device)
    with opened(lake_of(folder / "hostile", {"p1": someone})) as connection:
        told = person(Reader(connection, "p1"))
    text = person_page(told, MGDL, About("0", "dawnlake report"))
    (folder / "out" / "hostile.html").write_text(text, "utf-8")
    return folder / "out"


PAGES = ("ada", "ben", "index", "hostile")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_loaded_and_nothing_complains(
    look: Callable[..., Seen], made: Path, name: str
) -> None:
    path = made / f"{name}.html"
    seen = look(path)
    for summary in seen.page.locator("summary").all():
        summary.click()
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []
    assert "lost" not in seen.page.title()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(look: Callable[..., Seen], made: Path, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here")
    seen = look(made / f"{name}.html", scheme=scheme)
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_every_width(look: Callable[..., Seen], made: Path, name: str, width: int) -> None:
    """The page never scrolls sideways; wide drawings and tables do, in a frame of their own."""
    seen = look(made / f"{name}.html", width)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    smallest = seen.page.evaluate(
        """Math.min(...[...document.querySelectorAll('svg.figure:not(.spark)')].map(
            s => s.getBoundingClientRect().width / s.viewBox.baseVal.width * 10), 99)"""
    )
    assert smallest >= 7.5, "the smallest words of a drawing cannot be read"
    KEPT.mkdir(parents=True, exist_ok=True)
    seen.page.screenshot(path=KEPT / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize(("name", "pages"), [("ada", 9), ("ben", 9), ("index", 1)])
def test_it_prints(look: Callable[..., Seen], made: Path, name: str, pages: int) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{name}.pdf"
    look(made / f"{name}.html").page.pdf(path=path, format="A4")
    count = len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))
    assert abs(count - pages) <= 1


def test_a_keyboard_reaches_everything(look: Callable[..., Seen], made: Path) -> None:
    page = look(made / "ada.html").page
    page.keyboard.press("Tab")  # from the list of participants, if there is one, to the content
    first = page.evaluate("document.activeElement.textContent")
    assert first == "To the content"
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName"))
    assert {"A", "SUMMARY", "DIV"} <= seen
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


def test_a_right_to_left_name_does_not_turn_its_neighbours(
    look: Callable[..., Seen], made: Path
) -> None:
    page = look(made / "hostile.html").page
    assert page.locator("html").evaluate("e => getComputedStyle(e).direction") == "ltr"
    assert "⟨U+202E⟩evil" in page.content()
