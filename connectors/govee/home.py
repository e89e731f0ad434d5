"""Govee Home CSV: a row per sample of a thermometer, in the wall clock of the phone.

The header tells how often: `Timestamp for sample frequency every 15 min min`; blanks after commas
and the unit of the temperature vary. There is no zone, and the room stands in the file's name
alone.

Evidence: public examples of both units.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.query import query
from connectors.reading.room import readings
from connectors.reading.text_sql import wall

BEGIN = "Timestamp for sample frequency"
UNITS = {"Temperature_Celsius": "Cel", "Temperature_Fahrenheit": "[degF]"}


def identify(head: Head) -> str | None:
    """The unit, where the header is Govee's."""
    header = header_of(head)
    if not header or not header[0].startswith(BEGIN):
        return None
    units = ("celsius", "fahrenheit")
    return next((unit for unit in units if f"Temperature_{unit.capitalize()}" in header), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Temperature and humidity.

    Raises: FormatDrift without a column that is needed.
    """
    column = f"Temperature_{variant.capitalize()}"
    read = {header_of(source)[0]: "time", column: "temperature", "Relative_Humidity": "humidity"}
    layout = Layout(read, ("time", "temperature"), unread=("PM2.5(µg/m³)", *UNITS))
    rows, items = named(source, layout)
    yield from items
    timed = query(f"select *, {wall('time')} as start_wall from rows", rows=rows)
    told = {"temperature": ("room_temperature", UNITS[column]), "humidity": ("room_humidity", "%")}
    yield from readings(timed, "time", "start_wall", told, "temperature")


CONNECTOR = Connector(
    name="govee_home",
    title="Govee Home CSV",
    version="1",
    variants={"celsius": "verified", "fahrenheit": "verified"},
    identify=identify,
    extract=extract,
    source="room",
)
