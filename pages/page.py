"""Whole pages as text: one of a participant, one that lists them, one night as an image."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pages import HERE, content
from pages.asked.listing import Entry
from pages.asked.person import Person
from pages.figures.figure import Figure
from pages.figures.spark import spark
from pages.figures.units import Unit, day
from warehouse.view_files import relations

LONGEST = 120  # characters of a name that are shown


@dataclass(frozen=True)
class About:
    """How a page was made."""

    version: str
    command: str
    is_disguised: bool = False


def person_page(person: Person, unit: Unit, about: About, index: str = "") -> str:
    """The page of one participant, whole; `index` is the page that lists everybody, if any."""
    parts = content.sections(person, unit)
    meanings = {name: view.columns for name, view in relations().items()}
    return _written(
        "person.html",
        person=person,
        period=period(person),
        unit=unit,
        about=about,
        index=index,
        sections=parts,
        sources=content.sources(person),
        clocks=content.clocks(person),
        bases=content.bases(person),
        definitions=content.definitions(parts, meanings),
    )


def period(person: Person) -> str:
    """From the first to the last day of anything; '' if there is nothing."""
    dates = [row["sleep_date"] for row in person.nights] + [row["date"] for row in person.coverage]
    return f"{day(min(dates))} to {day(max(dates))}" if dates else ""


def image_alone(figure: Figure) -> str:
    """An SVG file of its own: the style is in it."""
    style = Markup("<style>{}</style>").format(Markup(_style("figures.css")))
    start, end = str(figure.image).split(">", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{start}>{style}{end}\n'


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates", encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["shown"] = shown
    made.globals["style"] = lambda name: Markup(_style(name))
    return made


def _written(template: str, **values: object) -> str:
    return _templates().get_template(template).render(**values)


@cache
def _style(name: str) -> str:
    text = (HERE / "templates" / name).read_text("utf-8")
    return re.sub(r"\s*\n\s*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def shown(text: object) -> str:
    """A text of a file or a person, harmless: what does not print is written as its number.

    Marks of direction, control characters and the like could make a name look like another.
    """
    told = "".join(
        f"⟨U+{ord(each):04X}⟩" if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        else each
        for each in str(text)
    )  # fmt: skip
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"


def index_page(entries: Sequence[Entry], unit: Unit, about: About) -> str:
    """The page that lists participants, a row with a link for each."""
    return _written(
        "index.html",
        entries=[(each, content.index_cells(each, unit), spark(each.nights)) for each in entries],
        headings=content.index_headings(unit),
        unit=unit,
        about=about,
    )
