"""The columns of CareLink's CSVs, wherever their words come from.

Their names follow the account's language, their order does not: it is held together by the columns
that name a unit of glucose and nothing else. BG Reading is the first of these, Sensor Glucose the
last, and all else that is read stands at a fixed distance of them.

Source: English headers of real files of 2009 to 2024 and of fixtures of the 780G; German names as
a public script lists them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading.delimited import Delimited

UNIT = re.compile(r"\((mg/dl|mmol/l)\)$", re.IGNORECASE)
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
PERSONAL, REPORT = 7, 6  # columns of a unit: the older files have the sensitivity in it too
NARROWEST = 30
# Distance from BG Reading, in the report and in the older file (which has no Basal Rate).
AFTER_BG = ("basal_rate", "temp_amount", "temp_type", "temp_duration", "bolus_type", "selected")
LAST = ("delivered", "bolus_duration", "prime_type", "prime")
COLUMNS = (
    *("date", "time", "new_time", "bg", *AFTER_BG, *LAST, "carbs", "calibration", "sensor"),
    *("marker", "daily_total", "raw_type", "raw_values", "raw_id", "device_type"),
)
# The English names of what is read, to tell of others. Source: the headers named above.
ENGLISH = {
    "bg": "bg reading",
    "basal_rate": "basal rate",
    "temp_amount": "temp basal amount",
    "delivered": "bolus volume delivered",
    "carbs": "bwz carb input",
    "calibration": "sensor calibration bg",
    "sensor": "sensor glucose",
    "marker": "event marker",
    "raw_values": "raw-values",
}
LANGUAGES = {
    "bg reading": "en",
    "bz-messwert": "de",
    "bg-meetwaarde": "nl",
}


@dataclass(frozen=True)
class Layout:
    """A header: where every column stands, the unit of glucose, the language."""

    cells: tuple[str, ...]
    places: dict[str, int]
    unit: str
    language: str

    @property
    def unknown(self) -> list[str]:
        """Names of columns that an English header calls otherwise than ever before."""
        if self.language != "en":
            return []
        names = {name: self.cells[i].lower() for name, i in self.places.items()}
        return [
            self.cells[self.places[name]]
            for name, known in ENGLISH.items()
            if name in names and not names[name].startswith(known)
        ]


def layout_of(cells: list[str], units: int) -> Layout | None:
    """The layout of a header with so many columns of a unit, or None."""
    found = [UNIT.search(cell) for cell in cells]
    at = [i for i, unit in enumerate(found) if unit]
    if (
        len(cells) < NARROWEST
        or len(at) != units
        or len({u.group(1).lower() for u in found if u}) > 1
    ):
        return None
    is_report = units == REPORT
    bg, last = at[0], at[-1]
    # BG Source may stand before BG Reading
    if not (4 <= bg <= 6) or last - bg < 20:
        return None
    names = AFTER_BG if is_report else AFTER_BG[1:]
    places = {"date": 1, "time": 2, "new_time": 3 if is_report else 4, "bg": bg}
    places |= {name: bg + 2 + i for i, name in enumerate((*names, *LAST))}
    places |= {"carbs": at[-3] - 1, "calibration": at[-2], "sensor": last}
    if is_report:
        places |= {"marker": last + 2}
    else:
        after = ("daily_total", "raw_type", "raw_values", "raw_id")
        places |= {name: last + 2 + i for i, name in enumerate(after)}
        places |= {"device_type": last + 8}
    places = {name: i for name, i in places.items() if i < len(cells)}
    unit = UNITS[next(u for u in found if u).group(1).lower()]
    word = cells[bg].partition("(")[0].strip().lower()
    return Layout(tuple(cells), places, unit, LANGUAGES.get(word, "by_position"))


def named(rows: Delimited, layout: Layout, device: str | None) -> pa.Table:
    """The rows of a section by our names, '' where it has no such column, with `device` beside."""
    blank = pa.repeat("", len(rows.line))
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"record": rows.line}
    for name in COLUMNS:
        place = layout.places.get(name)
        columns[name] = blank if place is None else rows.columns.column(place)
    columns["device"] = pa.repeat(pa.scalar(device, pa.string()), len(rows.line))
    others = [rows.columns.column(i) for i in range(3, len(layout.cells))]
    columns["filled"] = pc.not_equal(pc.binary_join_element_wise(*others, ""), "")
    columns["raw"] = pc.binary_join_element_wise(*rows.columns.columns, "|")
    return pa.table(columns)
