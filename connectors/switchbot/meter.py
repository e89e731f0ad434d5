"""SwitchBot meter CSV: a row per sample, in the wall clock of the phone.

The newer one is quoted and has `Timestamp` with seconds, the older `Date` without; the sign of the
degree is one letter there. Dew point and vapour pressure are made from the others: not read.

Evidence: public examples of both generations.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Connector, Head, Item, Source
from connectors.reading.named import Layout, header_of, named
from connectors.reading.query import query
from connectors.reading.room import readings
from connectors.reading.text_sql import wall

DERIVED = ("CO2(ppm)", "Absolute_Humidity(g/m³)", "DPT_Celsius(°C)", "DPT_Celsius(℃)",
           "DPT_Fahrenheit(°F)", "DPT_Fahrenheit(℉)", "VPD(kPa)", "Light_Level",
           "Light_Value")  # fmt: skip
HUMIDITY = {"Relative_Humidity(%)": "humidity"}
CELSIUS = {"Temperature_Celsius(°C)": "temperature", "Temperature_Celsius(℃)": "temperature"}
FAHRENHEIT = {
    "Temperature_Fahrenheit(°F)": "temperature",
    "Temperature_Fahrenheit(℉)": "temperature",
}
TIMES = {"Timestamp": "time", "Date": "time"}
LAYOUTS = {
    variant: Layout({**TIMES, **cells, **HUMIDITY}, ("time", "temperature"), DERIVED)
    for variant, cells in (("celsius", CELSIUS), ("fahrenheit", FAHRENHEIT))
}
UNITS = {"celsius": "Cel", "fahrenheit": "[degF]"}


def identify(head: Head) -> str | None:
    """The unit, where time and temperature stand as SwitchBot spells them."""
    header = header_of(head)
    if header[:1] not in (["Timestamp"], ["Date"]) or "Relative_Humidity(%)" not in header:
        return None
    return next((variant for variant, layout in LAYOUTS.items() if layout.is_of(header)), None)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Temperature and humidity.

    Raises: FormatDrift without a column that is needed.
    """
    rows, items = named(source, LAYOUTS[variant])
    yield from items
    timed = query(f"select *, {wall('time')} as start_wall from rows", rows=rows)
    told = {"temperature": ("room_temperature", UNITS[variant]), "humidity": ("room_humidity", "%")}
    yield from readings(timed, "time", "start_wall", told, "temperature")


CONNECTOR = Connector(
    name="switchbot_meter",
    title="SwitchBot meter CSV",
    version="1",
    variants={"celsius": "verified", "fahrenheit": "unverified"},
    identify=identify,
    extract=extract,
    source="room",
)
