"""AI-READI room sensor CSV (LeeLab Anura): lines of `#` that describe it, then a row per 5 s.

`ts` is UTC. `temp` is the room in degrees Celsius, `inttemp` the inside of the case; `hum` is 0 to
1. The light channels are relative to each other and no lux.

Evidence: the data set's public pipeline and its description of the columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import BrokenFile, Connector, Head, Item, Source
from connectors.reading.delimited import decoded, lines_of, rows_below
from connectors.reading.named import Layout, columns_of
from connectors.reading.query import query
from connectors.reading.room import readings
from connectors.reading.text_sql import instant

MARK = "# environmental_sensor_manufacturer:"
LIGHT = tuple(f"lch{n}" for n in range(12))
LAYOUT = Layout(
    {"ts": "time", "temp": "temperature", "hum": "humidity"},
    needed=("time", "temperature"),
    unread=(*LIGHT, "pm1", "pm2.5", "pm4", "pm10", "voc", "nox", "screen", "ff", "inttemp"),
)


def identify(head: Head) -> str | None:
    """`csv` where the lines above describe an environmental sensor."""
    text = decoded(head.first)
    return "csv" if text.startswith("# header_lines:") and MARK in text else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Temperature and humidity of the room. Skips: `no_value`.

    Raises: BrokenFile without a header below the description.
    """
    lines = lines_of(decoded(source.read()))
    head = next((n for n, line in enumerate(lines) if not line.startswith("#")), None)
    if head is None:
        raise BrokenFile("no table below its description: download it again")
    rows, items = columns_of(rows_below(lines, head, ","), LAYOUT)
    yield from items
    at = instant("(time || 'Z')")
    timed = query(f"select *, {at} as start_utc from rows", rows=rows)
    told = {"temperature": ("room_temperature", "Cel"), "humidity": ("room_humidity", "1")}
    yield from readings(timed, "time", "start_utc", told, "temperature")


CONNECTOR = Connector(
    name="aireadi_room",
    title="AI-READI room sensor",
    version="1",
    variants={"csv": "unverified"},
    identify=identify,
    extract=extract,
    source="room",
)
