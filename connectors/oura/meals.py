"""Oura account export, `meal.csv` and `fooditem.csv`.

One record is one line: a meal with its start in the phone's offset, its words and, as JSON, what is
in it; or a food, which has no time and is left out. Cells stand between semicolons; the JSON is
quoted with doubled quotes or bare. Carbohydrate, protein, fat and fibre are grams, energy is kcal.

Evidence: the columns as independent readers take them; the keys of the JSON as one of them has
them. No real file was seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Drift, Head, Item, Skip, Source, Total, batch
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.head_cells import head_rows
from connectors.reading.table import Interval, Number, Plan, planned
from connectors.reading.text_sql import instant, offset_min, wall

MEAL = ("id", "start_time", "name", "type", "weight", "food_item_ids", "nutrition_details")
FOOD = ("id", "name", "weight")
LINE = re.compile(
    r"(?:(?P<id>[0-9a-fA-F-]{36});)?(?P<start>[^;]*);(?P<name>.*);(?P<type>[^;]*);(?P<weight>[^;]*);"
    r'"?(?:\[.*\])?"?;"?(?P<inside>\{.*\})?"?\s*'
)
# Keys of nutrition_details, in the words of several readers. All but energy are grams.
NUTRIENTS = {
    "carbohydrates": ("dietary_carbohydrate", "g"),
    "carbs": ("dietary_carbohydrate", "g"),
    "protein": ("dietary_protein", "g"),
    "fat": ("dietary_fat", "g"),
    "fiber": ("dietary_fiber", "g"),
    "sugar": ("dietary_sugar", "g"),
    "energy_kcal": ("dietary_energy", "kcal"),
}


def identify(head: Head) -> str | None:
    """`meal` or `food_item` by exactly these columns, semicolons between, or None."""
    row = next(iter(head_rows(head)), None)
    if row is None or row.delimiter != ";":
        return None
    return {MEAL: "meal", FOOD: "food_item"}.get(row.cells)


def extract(source: Source, variant: str) -> Iterator[Item]:
    """Meals with their words and what was in them. Skips: `food_item` (it has no time)."""
    lines = [line for line in enumerate(lines_of(decoded(source.read())), 1) if line[1].strip()]
    yield Total(len(lines) - 1)
    if variant == "food_item":
        if len(lines) > 1:
            yield Skip("food_item", len(lines) - 1)
        return
    rows: list[dict[str, object]] = []
    told: set[str] = set()
    for record, line in lines[1:]:
        found = LINE.fullmatch(line)
        if found is None:
            yield batch("reject", record=[record], code="ragged_row", raw=line)
            continue
        inside = _inside(found["inside"])
        if inside is None:
            yield batch("reject", record=[record], code="broken_row", raw=line)
            continue
        told |= inside.keys()
        texts = {key: found[key] or "" for key in ("id", "start", "name", "type")}
        rows.append({"record": record, **texts, **{k: inside.get(k, "") for k in NUTRIENTS}})
    for key in sorted(told - NUTRIENTS.keys()):
        yield Drift(f"key {key}")
    keys = ("id", "start", "name", "type", *NUTRIENTS)
    schema = pa.schema([("record", pa.int64()), *((key, pa.string()) for key in keys)])
    yield from planned(pa.Table.from_pylist(rows, schema), _plan())


def _plan() -> Plan:
    return Plan(
        stamp="start",
        stamp_column="start_time",
        times={
            "start_utc": instant("start"),
            "start_wall": wall("start"),
            "start_offset_min": offset_min("start"),
        },
        numbers=tuple(
            Number(f'"{key}"', metric, unit, key) for key, (metric, unit) in NUTRIENTS.items()
        ),
        intervals=(
            Interval("true", "meal", "concat_ws(': ', nullif(type, ''), nullif(name, ''))"),
        ),
        more={"key": "id"},
        raw=("start", *(f'"{key}"' for key in NUTRIENTS)),
    )


def _inside(text: str | None) -> dict[str, str] | None:
    """What a meal has in it, numbers as text, nothing left out; None for what is no object."""
    if not text:
        return {}
    try:
        value = json.loads(text.replace('""', '"') if '""' in text else text)
    except (ValueError, RecursionError):
        return None
    return {key: str(amount) for key, amount in value.items() if amount is not None}


CONNECTOR = Connector(
    name="oura_meals",
    title="Oura account export: meals",
    version="1",
    variants={"meal": "unverified", "food_item": "unverified"},
    identify=identify,
    extract=extract,
    source="manual",
)
