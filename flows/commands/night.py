"""night: one night and the day after it, as lines of a terminal or as an image."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from rich.text import Text

from flows.disguises import disguise_of
from flows.usage import (
    UsageError,
    data,
    folder_of,
    opened,
    participants,
    reached,
    say,
    unit_of,
    wake_date,
)
from pages.asked.night import Night, night
from pages.asked.reader import Reader
from pages.figures.strip import strip
from pages.figures.units import UNITS, Unit
from pages.lines import LEGEND, Line, lines
from pages.page import image_alone
from warehouse.store.lake import written

LOOKS = {
    "awake": "yellow",
    "rem": "magenta",
    "light": "cyan",
    "deep": "blue",
    "low": "bold blue",
    "in range": "green",
    "high": "bold yellow",
}


def show_night(
    lake: str,
    who: str,
    sleep_date: str,
    output: Path | None,
    unit: str | None,
    deidentify: bool,
) -> int:
    """Draw a night into the terminal, or into an SVG file.

    Raises: UsageError for an unknown participant, a date that has no night with a beginning and an
    end, or a file that is no .svg; LakeError if they need a new id and the lake is read-only.
    """
    if output is not None and output.suffix.lower() != ".svg":
        raise UsageError("-o names a file that ends in .svg")
    there, connection = reached(lake)
    participants(there, who)
    disguise = None
    if deidentify:
        folder = folder_of(there, "the key to new ids lies in its folder: --deidentify there")
        connection.close()
        disguise = disguise_of(folder, [who], "dawnlake night")
        _, connection = opened(folder.root)
    with connection:
        found = night(Reader(connection, who, disguise=disguise), wake_date(sleep_date))
    if isinstance(found, list):
        raise UsageError(_nearest(who, sleep_date, found))
    _give(found, UNITS[unit_of(there, unit)], output)
    return 0


def _nearest(who: str, date: str, near: list[dt.date]) -> str:
    there = f"the nearest are {', '.join(map(str, near))}" if near else "there are none at all"
    return f"no night of {who} with a known begin and end has its wake on {date}; {there}"


def _give(found: Night, unit: Unit, output: Path | None) -> None:
    figure = strip(found.row, found.around, unit)
    if output is not None:
        with written(output) as partial:
            partial.write_text(image_alone(figure), "utf-8")
        say(f"an image: {output}")
        return
    data.print(f"{found.participant_id}, {figure.caption}")
    for line in lines(found.row, found.around, unit, max(40, min(120, data.width - 12))):
        data.print(_coloured(line), no_wrap=True, crop=True)
    data.print(LEGEND)
    for what, value in figure.table:
        data.print(f"{what}: {value}")


def _coloured(line: Line) -> Text:
    text = Text(f"{line.name:>9}  ")
    for sign, look in line.cells:
        text.append(sign, LOOKS.get(look, ""))
    return text
