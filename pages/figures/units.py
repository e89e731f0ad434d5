"""Glucose in the unit that was asked for, and numbers as words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pages.drawing.scales import ticks

MGDL_PER_MMOLL = 18.0156  # molar mass 180.156 g/mol (C6H12O6, IUPAC atomic weights)
UNKNOWN = "–"
MINUS = "−"


@dataclass(frozen=True)
class Unit:
    """How glucose is written. Rows are in mg/dL, and so are places in drawings."""

    name: str
    mgdl: float  # what one of it is
    places: int
    limits: tuple[str, str, str, str, str]  # of the consensus, as this unit has them
    ranges: tuple[str, str, str, str, str]

    def text(self, mgdl: float | None, more: int = 0) -> str:
        """A value without its unit; a dash if it is not known."""
        return plain(None if mgdl is None else mgdl / self.mgdl, self.places + more)

    def marks(self, low: float, high: float) -> list[tuple[float, str]]:
        """Ticks of an axis in mg/dL that are round in this unit."""
        found = ticks(low / self.mgdl, high / self.mgdl, 6)
        whole = all(value == round(value) for value in found)
        return [(value * self.mgdl, plain(value, 0 if whole else 1)) for value in found]


# 54, 70, 140, 180, 250 mg/dL. Source: Battelino et al. 2019 and 2023 (both units).
MGDL = Unit(
    *("mg/dL", 1, 0, ("54", "70", "140", "180", "250")),
    ranges=("below 54", "54 to 69", "70 to 180", "181 to 250", "above 250"),
)
MMOLL = Unit(
    *("mmol/L", MGDL_PER_MMOLL, 1, ("3.0", "3.9", "7.8", "10.0", "13.9")),
    ranges=("below 3.0", "3.0 to 3.8", "3.9 to 10.0", "10.1 to 13.9", "above 13.9"),
)
UNITS = {unit.name: unit for unit in (MGDL, MMOLL)}
LIMITS_MGDL = (54, 70, 140, 180, 250)


def plain(value: float | None, places: int = 0) -> str:
    """A number with so many decimals and a true minus; a dash if it is not known."""
    if value is None:
        return UNKNOWN
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", MINUS)


def short(value: float | None) -> str:
    """A slope or another number of any size: three digits."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    return plain(value, 2 if size < 10 else 1 if size < 100 else 0)


def hours(minutes: float | None) -> str:
    """Minutes as 7:08, hours and minutes."""
    if minutes is None:
        return UNKNOWN
    whole = round(abs(minutes))
    return f"{MINUS if minutes < 0 and whole else ''}{whole // 60}:{whole % 60:02d}"


def day(date: dt.date | None) -> str:
    """A date as it sorts."""
    return UNKNOWN if date is None else date.isoformat()


def short_day(date: dt.date) -> str:
    """A date for an axis: 3 Nov."""
    return f"{date.day} {MONTHS[date.month - 1]}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
