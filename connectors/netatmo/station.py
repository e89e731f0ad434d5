"""Netatmo station CSV: a row per five minutes of one module, below its name and its place.

`Timestamp` is epoch seconds, so the text beside it is not needed; the header says the IANA zone.
Temperatures are degrees Celsius, humidity %. Name and coordinates stand above and are not read; of
the module only its type (Indoor, Outdoor) is: an outdoor one is no room.

Evidence: a public example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from connectors.contract import BrokenFile, Connector, Fact, Head, Item, Skip, Source
from connectors.reading.delimited import decoded, fields_of, lines_of, rows_below
from connectors.reading.named import Layout, columns_of
from connectors.reading.query import query
from connectors.reading.room import readings
from connectors.reading.text_sql import epoch

HEADER = re.compile(r'Timestamp;"?Timezone : ([A-Za-z_+-]+(?:/[A-Za-z_+-]+)*)"?;')
ABOVE = "Name;Long;Lat;ModuleName;ModuleType"
FEW_LINES = 10


def identify(head: Head) -> str | None:
    """`csv` where one of the first lines is the header of a station."""
    lines = lines_of(decoded(head.first))[:FEW_LINES]
    return "csv" if any(HEADER.match(line) for line in lines) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Temperature and humidity of an indoor module. Skips: `outdoors`.

    Raises: BrokenFile without its header.
    """
    lines = lines_of(decoded(source.read()))
    place = next((n for n, line in enumerate(lines[:FEW_LINES]) if HEADER.match(line)), None)
    found = HEADER.match(lines[place]) if place is not None else None
    if place is None or found is None:
        raise BrokenFile("no header with Timestamp and Timezone; export it again")
    zone = found[1]
    yield Fact("timezone", zone)
    layout = Layout(
        {"Timestamp": "time", "Temperature": "temperature", "Humidity": "humidity"},
        needed=("time", "temperature"),
        unread=(*fields_of(lines[place], ";")[1:2], "CO2", "Noise", "Pressure", "Rain", "WindAngle",
                "WindStrength", "GustAngle", "GustStrength"),
    )  # fmt: skip
    rows, items = columns_of(rows_below(lines, place, ";"), layout)
    yield from items
    if place and _module(lines[:place]) == "Outdoor":
        yield Skip("outdoors", rows.num_rows)
        return
    timed = query(
        f"""select *, '{zone}' as zone,
                {epoch("time")} as start_utc
            from rows""",
        rows=rows,
    )
    told = {"temperature": ("room_temperature", "Cel"), "humidity": ("room_humidity", "%")}
    yield from readings(timed, "time", "start_utc", told, "temperature")


def _module(above: list[str]) -> str:
    """The type of the module, which stands under its header; '' if that is not there."""
    for line, below in pairwise(above):
        if line.startswith(ABOVE):
            return next(reversed(fields_of(below, ";")), "")
    return ""


CONNECTOR = Connector(
    name="netatmo_station",
    title="Netatmo station CSV",
    version="1",
    variants={"csv": "verified"},
    identify=identify,
    extract=extract,
    source="room",
)
