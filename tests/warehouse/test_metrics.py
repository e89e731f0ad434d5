"""metrics.csv: the one place of metric names, units, ranges and LOINC codes."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

import warehouse
from warehouse.schema import METRICS, Metric

ROWS = list(csv.DictReader(Path(warehouse.__path__[0], "metrics.csv").read_text().splitlines()))
UNITS = {
    "mg/dL",
    "mmol/L",
    "U",
    "U/h",
    "g",
    "mg",
    "kcal",
    "min",
    "m",
    "/min",
    "ms",
    "%",
    "Cel",
    "lx",
}
ANNOTATIONS = {"{count}", "{score}"}  # UCUM: braces count as the unit 1
SHAPES = {"sample", "daily"}


def check_digit(number: str) -> int:
    """The digit after the hyphen of a LOINC code: Luhn's mod 10 over the digits before it.

    Every second digit, from the right one on, is doubled; the digits of all that are added; the
    check digit lifts the sum to a multiple of ten. Source: LOINC Users' Guide, check digits.
    """
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return -total % 10


def is_loinc(code: str) -> bool:
    found = re.fullmatch(r"([1-9]\d{0,6})-(\d)", code)
    return found is not None and check_digit(found[1]) == int(found[2])


@pytest.mark.parametrize("code", ["8867-4", "2339-0", "718-7", "99504-3", "2708-6", "1-8"])
def test_known_codes_are_loinc(code: str) -> None:
    assert is_loinc(code)


@pytest.mark.parametrize(
    "code",
    ["8867-3", "8876-4", "99504-4", "99540-3", "88674", "8867-", "-4", "08867-4", "8867-4 ", "x-1"],
)
def test_a_wrong_digit_or_form_is_no_loinc(code: str) -> None:
    assert not is_loinc(code)


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if m.loinc], ids=lambda m: m.metric)
def test_loinc(metric: Metric) -> None:
    assert is_loinc(metric.loinc)


def test_names_are_unique_and_snake_case() -> None:
    names = Counter(row["metric"] for row in ROWS)
    assert [name for name, times in names.items() if times > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert list(METRICS) == list(names)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda m: m.metric)
def test_row(metric: Metric) -> None:
    assert metric.low < metric.high
    assert metric.unit in UNITS | ANNOTATIONS
    assert metric.shape in SHAPES
    assert metric.description == metric.description.strip() != ""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["metric"])
def test_row_has_every_column(row: dict[str | None, str | None]) -> None:
    assert list(row) == ["metric", "unit", "shape", "low", "high", "loinc", "description"]
    assert None not in row.values()
