"""METRICS.md is what the headers and the notes make of it, and the notes speak of what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import warehouse.metric_notes
from flows.settings import Rules
from tests.reference_series import COLUMNS
from tests.warehouse.test_sleep_history import EXPECTED
from warehouse.metric_notes import metric_notes
from warehouse.metrics_guide import GUIDE, guide, unit_of
from warehouse.schema import METRICS
from warehouse.view_files import relations

MARTS = {name: view for name, view in relations().items() if view.layer == "marts"}


def test_the_guide_is_up_to_date() -> None:
    assert GUIDE.read_text() == guide(), "run `make guide`"


def test_the_guide_has_every_view_column_and_metric() -> None:
    text = guide()
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == [*sorted(MARTS), "Canonical"]
    for name in [*METRICS, *(column for view in MARTS.values() for column in view.columns)]:
        assert f"| `{name}` |" in text


@pytest.mark.parametrize("key", metric_notes(), ids=" ".join)
def test_a_note_is_of_a_column_and_whole(key: tuple[str, str]) -> None:
    relation, column = key
    note = metric_notes()[key]
    assert column in MARTS[relation].columns
    assert note.minimum_data and note.equals
    known = {*Rules.model_fields, *MARTS[relation].columns}
    assert set(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", note.minimum_data)) <= known


@pytest.mark.parametrize("relation", ["glucose_summary", "glucose_summary_between"])
def test_what_is_compared_with_iglu_says_so_and_nothing_else(relation: str) -> None:
    """Lengths of events that none of the six people has are compared with nothing."""
    absent = {"hypo_l2_mean_min", "hypo_extended_mean_min"}
    told = {
        c
        for (r, c), note in metric_notes().items()
        if r == relation and "iglu 4.3.0" in note.equals
    }
    assert told == set(COLUMNS.values()) - absent


def test_the_rules_a_note_names_are_those_of_the_sql() -> None:
    """Of glucose_summary: variability, patterns and estimates need what the header says."""
    sql = relations()["glucose_summary_of"].sql
    named = {w for note in metric_notes().values() for w in re.findall(r"\w+", note.minimum_data)}
    rules = named & set(Rules.model_fields)
    assert rules == set(re.findall(r"rule_(\w+)\(\)", sql))


@pytest.mark.parametrize(
    ("column", "equals", "elsewhere"),
    [
        ("interdaily_stability", "IS_vanSomeren_population", "IS_pyActigraphy_sampleVar"),
        ("intradaily_variability", "IV_vanSomeren_population", "IV_pyActigraphy"),
        ("composite_phase_deviation_h", "cpd_mean_hours_ref_mean", None),
    ],
)
def test_numbers_of_the_notes_are_those_of_the_vectors(
    column: str, equals: str, elsewhere: str | None
) -> None:
    note = metric_notes()["sleep_rhythm", column]
    assert f"{EXPECTED[equals]:.5f}" in note.equals
    assert elsewhere is None or f"{EXPECTED[elsewhere]:.5f}" in note.differs


def test_two_rows_for_a_column_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = "sleep_rhythm,interdaily_stability,,,,\n"
    heading = "relations,columns,minimum_data,equals,differs,source\n"
    (tmp_path / "metric_notes.csv").write_text(heading + row * 2)
    monkeypatch.setattr(warehouse.metric_notes, "__file__", str(tmp_path / "metric_notes.py"))
    with pytest.raises(ValueError, match="two rows for sleep_rhythm interdaily_stability"):
        metric_notes.__wrapped__()


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("sd_roc_mgdl_min", "mg/dL/min"),
        ("auc_above_140_mgdl_min", "mg/dL × min"),
        ("breakfast_iauc_2h_mgdl_min", "mg/dL × min"),
        ("mag_mgdl_h", "mg/dL/h"),
        ("conga_1h_mgdl", "mg/dL"),
        ("hypo_l1_per_day", "/d"),
        ("sleep_fragmentation_per_h", "/h"),
        ("midpoint_local_h", "h"),
        ("is_short_6h", ""),
        ("sleep_regularity_index_7d", ""),
    ],
)
def test_a_name_ends_with_its_unit(column: str, unit: str) -> None:
    assert unit_of(column) == unit


@pytest.mark.parametrize(
    ("words", "unit"), [(r", minutes\b", "min"), (r", %", "%"), (r"\(UTC\)", "UTC")]
)
def test_units_are_those_of_the_headers(words: str, unit: str) -> None:
    found = {
        column: unit_of(column)
        for view in MARTS.values()
        for column, meaning in view.columns.items()
        if re.search(words, meaning)
    }
    assert len(found) > 5
    assert {column for column, of in found.items() if of != unit} == set()
