"""The header of a LibreView export: where it is, in which language, and which cell is which column.

It stands below a preamble of one line (personal) or two (clinic), with or without blank lines, so
it is found by its time stamp column. From there on the order is the same in all languages; that
nothing is missing or new in between is seen by the four columns that name a unit. By these alone a
header of any other language is found too.

Evidence: English and Spanish headers of real exports, the German and the Italian one verbatim;
French, Dutch and Portuguese as other parsers expect them. The 18 columns of 2018 have no device;
newer accounts have 21, with two of a ketone sensor at the end, never seen filled: they are drift.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import FormatDrift
from connectors.reading.delimited import Delimited, rows_below
from connectors.reading.grid import Grid
from connectors.reading.query import query

# Header of the time stamp, by language; the old English layout calls every device a meter.
LANGUAGES = {
    "en": "Device Timestamp",
    "en_meter": "Meter Timestamp",
    "de": "Gerätezeitstempel",
    "es": "Sello de tiempo del dispositivo",
    "fr": "Horodatage de l'appareil",
    "it": "Timestamp del dispositivo",
    "nl": "Tijdstempel apparaat",
    "pt": "Carimbo de data/hora do dispositivo",
}
BY_POSITION = "by_position"
# Columns from the time stamp on, the same in all languages. Source: the headers named above.
COLUMNS = (
    *("stamp", "kind", "historic", "scan", "rapid_flag", "rapid", "food_flag", "grams"),
    *("servings", "long_flag", "long_acting", "notes", "strip", "ketone"),
    *("meal", "correction", "user_change"),
)
# How each is called in English, whatever stands behind: the only headers seen in many files.
ENGLISH = {
    "kind": "record type",
    "historic": "historic glucose",
    "scan": "scan glucose",
    "rapid_flag": "non-numeric rapid-acting insulin",
    "rapid": "rapid-acting insulin",
    "food_flag": "non-numeric food",
    "grams": "carbohydrates (grams)",
    "servings": "carbohydrates (servings)",
    "long_flag": "non-numeric long-acting insulin",
    "long_acting": "long-acting insulin",
    "notes": "notes",
    "strip": "strip glucose",
    "ketone": "ketone",
    "meal": "meal insulin",
    "correction": "correction insulin",
    "user_change": "user change insulin",
}
PER_SERVING = "grams of carbs per serving"  # after the servings, in clinic files of 2018
UNIT = re.compile(r"\b(mg/dL|mmol/L)\)?$", re.IGNORECASE)
# Places after the time stamp of what names a unit: historic, scan and strip glucose, ketone.
GLUCOSE_AT = (2, 3, 12)
KETONE_AT = 13
UNITS = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}
HEADER_WITHIN = 30  # lines; the preamble has one or two, and blank ones
SURPLUS = 8  # fields beyond the header that are looked at: old files end every row with a comma
# The number that a type fills, so that a digit beside it can only be its tenths.
TENTHS = {
    "historic": "0",
    "scan": "1",
    "strip": "2",
    "ketone": "3",
    "rapid": "4",
    "long_acting": "4",
    "servings": "5",
}


@dataclass(frozen=True)
class Layout:
    """Where a header is, and which of its cells is which column, from the time stamp `start` on."""

    line: int
    language: str
    cells: list[str]
    start: int

    @property
    def names(self) -> list[str]:
        """The columns after the record type, in the order of the file."""
        order = sorted(self.places, key=self.places.__getitem__)
        return order[order.index("kind") + 1 :]

    @property
    def unknown(self) -> list[str]:
        """Header cells of no known column, and of one that is called otherwise than ever before."""
        known = {place: name for name, place in self.places.items()}
        words = ENGLISH if self.language.startswith("en") else {}
        return [
            cell
            for i, cell in enumerate(self.cells)
            if cell and (i not in known or not _plain(cell).startswith(words.get(known[i], "")))
        ]

    @property
    def places(self) -> dict[str, int]:
        """The position of every column that the file has."""
        start, names = self.start, list(COLUMNS)
        if PER_SERVING in map(_plain, self.cells):
            names.insert(names.index("servings") + 1, "per_serving")
        before = {"device": start - 2, "serial": start - 1} if start >= 2 else {}
        after = {name: start + i for i, name in enumerate(names) if start + i < len(self.cells)}
        return before | after

    def units(self) -> dict[str, str]:
        """The unit of every number column.

        Raises: FormatDrift if a column that must name one does not.
        """
        units = {"rapid": "U", "long_acting": "U", "grams": "g"}
        for name in ("historic", "scan", "strip", "ketone"):
            place = self.places.get(name)
            if place is None and name in ("strip", "ketone"):
                continue
            found = UNIT.search(self.cells[place]) if place is not None else None
            if found is None:
                raise FormatDrift(
                    f"the {name} column of a LibreView export must stand at its place after "
                    "the time stamp and name mg/dL or mmol/L; download the file again"
                )
            units[name] = UNITS[found.group(1).lower()]
        return units


def _plain(cell: str) -> str:
    return cell.lower().replace("’", "'")


def layout_of(grid: Grid) -> Layout | None:
    """The layout of the first row that is a LibreView header, or None."""
    for row, cells in enumerate(grid.top[:HEADER_WITHIN]):
        found = _language(cells) if len(cells) >= 4 else None
        if found is not None:
            return Layout(row, found[0], cells, found[1])
    return None


def _language(cells: list[str]) -> tuple[str, int] | None:
    """The language of a header, and where its time stamp stands."""
    names = [_plain(cell) for cell in cells]
    if not any(UNIT.search(cell) for cell in cells):
        return None
    for code, stamp in LANGUAGES.items():
        if _plain(stamp) in names:
            return code, names.index(_plain(stamp))
    units = [UNIT.search(cell) for cell in cells]
    named = [UNITS[unit.group(1).lower()] if unit else "" for unit in units]
    for start in range(len(cells) - KETONE_AT):
        glucose = {named[start + place] for place in GLUCOSE_AT}
        # the type's own column says no unit, nor does any from the insulin to the notes
        others = {named[start + 1], *named[start + 4 : start + GLUCOSE_AT[-1]]}
        if len(glucose) == 1 and glucose != {""} and others == {""}:
            return (BY_POSITION, start) if named[start + KETONE_AT] == "mmol/L" else None
    return None


def unwrapped(lines: list[str]) -> list[str]:
    """Lines without the quotes that some tool put around a whole row."""
    if not any(line.startswith('"') for line in lines):
        return lines
    text = pa.array(lines, pa.string())
    found = pc.extract_regex(text, r'^"(?P<row>(?:[^"]|"")*)"[,;\t]*$')
    bare = pc.replace_substring(pc.struct_field(found, "row"), '""', '"')
    plain: list[str] = pc.coalesce(bare, text).to_pylist()
    return plain


def rows_under(grid: Grid, layout: Layout) -> Delimited:
    """The rows below the header; of text with room for SURPLUS fields that it does not name."""
    if grid.sheet:
        return grid.below(layout.line)
    delimiter = grid.delimiter(layout.line)
    padded = [*grid.lines]
    padded[layout.line] += delimiter * SURPLUS
    return rows_below(padded, layout.line, delimiter)


def columns_of(rows: Delimited, layout: Layout) -> pa.Table:
    """The rows by column name, decimal commas put back, '' where the file has nothing.

    device    name and serial number
    filled    the names of the value columns in which something stands, with blanks between
    pointed   the file has decimals in one piece, so that nothing in it was split
    unknown   what stands in columns that only the header knows
    beyond    what stands in fields that not even the header has
    raw       the whole row
    """
    return query(_repaired_sql(layout.names), rows=_named(rows, layout))


def _named(rows: Delimited, layout: Layout) -> pa.Table:
    places = layout.places
    columns: dict[str, pa.ChunkedArray] = {"record": rows.line}
    blank = pa.repeat("", len(rows.line))
    for name in ("device", "serial", *COLUMNS, "per_serving"):
        columns[name] = rows.columns.column(places[name]) if name in places else blank
    others = [i for i in range(len(rows.header)) if i not in places.values()]
    for name, which, mark in (
        ("unknown", [i for i in others if rows.header[i]], ""),
        ("beyond", [i for i in others if not rows.header[i]], ""),
        ("raw", range(len(rows.header)), "|"),
    ):
        cells = [rows.columns.column(i) for i in which]
        columns[name] = pc.binary_join_element_wise(*cells, mark) if cells else blank
    return pa.table(columns)


def _repaired_sql(names: list[str]) -> str:
    """The rows with tenths that stood one column on back at their number.

    `whole` is the column whose tenths they are. Only a row that fills nothing else is repaired.
    """
    after = {name: right for name, right in pairwise(names) if name in TENTHS}
    if after.get("servings") == "per_serving":
        del after["servings"]  # there a digit can be what it says
    split = " ".join(
        f"""when kind = '{TENTHS[name]}' and filled = '{name} {right}'
            and regexp_full_match({name}, '[0-9]+') and regexp_full_match({right}, '[0-9]')
            then '{name}'"""
        for name, right in after.items()
    )
    texts = {name: name for name in names}
    for name, right in after.items():
        texts[name] = f"if(whole = '{name}', {name} || '.' || {right}, {texts[name]})"
        texts[right] = f"if(whole = '{name}', '', {texts[right]})"
    repaired = ", ".join(f"{text} as {name}" for name, text in texts.items() if text != name)
    numbers = ", ".join(name for name in names if name in TENTHS or name == "grams")
    filled = ", ".join(f"if({name} <> '', '{name}', null)" for name in names)
    return f"""
    with described as (
        select *, concat_ws(' ', {filled}) as filled,
            nullif(concat_ws(' ', nullif(device, ''), nullif(serial, '')), '') as whose,
            coalesce(bool_or(regexp_matches(concat_ws(' ', {numbers}), '[0-9][.,][0-9]'))
                over (), false) as pointed
        from rows
    ), halved as (
        select *, case when pointed or beyond <> '' then null {split} end as whole from described
    )
    select * exclude (serial, whole, whose)
        replace (coalesce(whole, filled) as filled, whose as device, {repaired})
    from halved order by record
    """
