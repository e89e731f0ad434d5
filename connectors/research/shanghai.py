"""ShanghaiT1DM and ShanghaiT2DM data sets: one stay of one person a workbook (.xls or .xlsx).

One record is one row: a reading every 15 minutes, and what was eaten, injected or pricked then. The
clock is a naive wall clock. Glucose is mg/dL, ketones mmol/L; some headers name no unit, and some
end in a blank. Insulin is text, "Novolin R, 8 IU": doses of insulins that are known to be short or
long are read, mixtures and infusions are not. Food has words in English and Chinese.

Evidence: two layouts of real files, read in disguised copies; the article; a reader of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.contract import Connector, Drift, Fact, FormatDrift, Head, Item, Source, Total
from connectors.reading.columns import with_wall
from connectors.reading.delimited import Delimited
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.workbook import Sheet, sheets_of, sheets_seen

GLUCOSE = re.compile(r"(CGM|CBG|Blood Ketone)(?: ?\((mg ?/ ?dl|mmol ?/ ?L)\))?", re.IGNORECASE)
NAMES = {
    "Date": "stamp",
    "Dietary intake": "food",
    "Insulin dose - s.c.": "injected",
    "CSII - bolus insulin (Novolin R, IU)": "pumped",
}
# Known and left alone: food in Chinese, infusions, tablets, and the rate that runs.
LEFT = ("饮食", "进食量", "Insulin dose - i.v.", "Non-insulin hypoglycemic agents")
SHORT = "novolin r|humulin r|gansulin r|regular|aspart|lispro|glulisine|novorapid|humalog|apidra"
LONG = "degludec|glargine|detemir|lantus|levemir|tresiba|toujeo|basaglar|nph"
MIXED = r"\d+ ?r\b|\d+ ?/ ?\d+|mix|;"  # 30R, 70/30; or two insulins in one cell
NO_FOOD = "('', 'fasting for examination')"  # no meal. Source: the article
UNSAID = "('data not available')"  # a meal without words


def identify(head: Head) -> str | None:
    """`workbook` for a sheet with a date, CGM and its neighbours in the first row, or None."""
    return "workbook" if any(_is_ours(sheet) for sheet in sheets_seen(head)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Glucose, fingersticks, ketones, meals with their words, injected insulin, pump boluses.

    Skips: `nothing_measured`.

    Raises: FormatDrift without such a sheet.
    """
    sheet = next((sheet for sheet in sheets_of(source) if _is_ours(sheet)), None)
    if sheet is None:
        raise FormatDrift("no sheet with Date and CGM in its first row: download it again")
    rows = sheet.below(0)
    yield Fact("unit", "mg/dL")
    yield Total(rows.records)
    for cell in rows.header:
        if cell and not _is_known(cell):
            yield Drift(f"column {cell}")
    yield from rows.unreadable()
    yield from _rows(rows)


def _rows(rows: Delimited) -> Iterator[Item]:
    header = [" ".join(cell.split()) for cell in rows.header]
    places = {name: f"c{header.index(cell)}" for cell, name in NAMES.items() if cell in header}
    measured = {m[1].lower(): f"c{i}" for i, c in enumerate(header) if (m := GLUCOSE.fullmatch(c))}
    food, shot = places.get("food", "''"), places.get("injected", "''")
    pumped = places.get("pumped", "''")
    dose = f"regexp_extract({shot}, '(\\d+(?:\\.\\d+)?)\\s*IU\\s*$', 1, 'i')"
    name = f"lower({shot})"
    known = f"not regexp_matches({name}, '{MIXED}')"
    numbers = [
        Number(measured["cgm"], "interstitial_glucose", "mg/dL", "CGM"),
        Number(dose, "insulin_bolus", "U", "Insulin dose - s.c.",
               when=f"{known} and regexp_matches({name}, '{SHORT}')"),
        Number(dose, "insulin_long_acting", "U", "Insulin dose - s.c.",
               when=f"{known} and regexp_matches({name}, '{LONG}')"),
        # words in this column say that the pump was stopped
        Number(pumped, "insulin_bolus", "U", "CSII - bolus insulin", is_zero_nothing=True,
               when=f"try_cast({pumped} as double) is not null"),
    ]  # fmt: skip
    if "cbg" in measured:
        numbers.append(Number(measured["cbg"], "capillary_glucose", "mg/dL", "CBG"))
    if "blood ketone" in measured:
        numbers.append(Number(measured["blood ketone"], "blood_ketone", "mmol/L", "Blood Ketone"))
    stamp = places["stamp"]
    yield from planned(
        with_wall(rows.table(), stamp),
        Plan(
            stamp=stamp,
            stamp_column="Date",
            times={"start_wall": "moment"},
            numbers=tuple(numbers),
            intervals=(
                Interval(
                    f"lower({food}) not in {NO_FOOD}",
                    "meal",
                    f"case when lower({food}) not in {UNSAID} then {food} end",
                ),
            ),
            raw=(stamp, *measured.values()),
        ),
    )


def _is_known(cell: str) -> bool:
    name = " ".join(cell.split())
    is_pump = name.startswith("CSII - b")
    return name in NAMES or name in LEFT or is_pump or GLUCOSE.fullmatch(name) is not None


def _is_ours(sheet: Sheet) -> bool:
    cells = [" ".join(cell.split()) for row in sheet.top(1) for cell in row]
    found = {m[1].lower() for cell in cells if (m := GLUCOSE.fullmatch(cell))}
    return "Date" in cells and {"cgm", "cbg"} <= found and "Dietary intake" in cells


CONNECTOR = Connector(
    name="research_shanghai",
    title="Shanghai T1DM and T2DM data sets",
    version="1",
    variants={"workbook": "verified"},
    identify=identify,
    extract=extract,
    source="cgm",
)
