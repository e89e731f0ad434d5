"""What stands on a page, read back from its HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "link", "input"}


@dataclass
class Element:
    """An element with what is in it."""

    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def all(self, name: str = "", **wanted: str) -> list[Element]:
        """Every element in it, however deep, of a name and with these attributes."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                has = all(child.attributes.get(k.rstrip("_")) == v for k, v in wanted.items())
                found += [child] if has and child.name == (name or child.name) else []
                found += child.all(name, **wanted)
        return found

    def one(self, name: str = "", **wanted: str) -> Element:
        (found,) = self.all(name, **wanted)
        return found


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"{tag} is not closed where it should be"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(text: str) -> Element:
    """A whole page; an element that is not closed in its place is an error."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    assert [each.name for each in parser.open] == [""]
    return parser.root


def numbers(page: Element) -> dict[tuple[str, str], str]:
    """What the tiles tell, by view and column."""
    return {
        (dd.attributes["data-view"], dd.attributes["data-column"]): dd.one("b").text
        for dd in page.all("dd")
    }


def table(page: Element, figure: str) -> list[dict[str, str]]:
    """The rows of the table behind a figure, by heading."""
    return rows(page.one("figure", id=f"figure-{figure}"))


def rows(place: Element) -> list[dict[str, str]]:
    """The rows of the only table in a place."""
    found = place.one("table")
    headings = [th.text for th in found.one("thead").all("th")]
    lines = found.one("tbody").all("tr")
    return [
        dict(zip(headings, (c.text for c in line.all() if c.name in ("th", "td")), strict=True))
        for line in lines
    ]
