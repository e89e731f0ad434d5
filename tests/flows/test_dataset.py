"""A data set is what its description says, in every form."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import frictionless
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pyreadstat
import pytest
from python_calamine import CalamineWorkbook

from flows.commands.export import run_export
from flows.errors import UsageError
from tests.lake import demo_lake
from warehouse.codebook import unit_of
from warehouse.dataset_forms import FORMS, TooLarge, csv_cells, write_workbook
from warehouse.named import named
from warehouse.schema import TABLES

pytestmark = pytest.mark.whole


def exported(folder: Path, form: str, *names: str, licence: str | None = None) -> dict[str, Any]:
    code = run_export(demo_lake().root, names, folder, form, None, None, licence=licence)
    assert code == 0
    told: dict[str, Any] = json.loads((folder / "datapackage.json").read_text())
    return told


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_frictionless_finds_nothing_wrong(tmp_path: Path, form: str) -> None:
    """Types, keys, words and, of CSV, sizes and hashes: read by the standard's own program."""
    exported(tmp_path / "ds", form, "glucose_daily", "sleep_nightly")
    with frictionless.system.use_context(trusted=True):
        report = frictionless.Package(str(tmp_path / "ds" / "datapackage.json")).validate()
    assert report.valid, [error.message for task in report.tasks for error in task.errors]
    path = tmp_path / "ds" / "glucose_daily.csv"
    if form == "csv":  # it would say so
        path.write_text(path.read_text().replace("ada,2025-10-13", "ada,2025-10-12"))
        with frictionless.system.use_context(trusted=True):
            report = frictionless.Package(str(tmp_path / "ds" / "datapackage.json")).validate()
        assert {"primary-key", "hash-count"} & {
            error.type for task in report.tasks for error in task.errors
        }


def test_the_description_says_what_it_is(tmp_path: Path) -> None:
    told = exported(tmp_path / "ds", "csv", "night_to_day", licence="CC-BY-4.0")
    assert told["licenses"] == [{"name": "CC-BY-4.0"}]
    assert told["created"].endswith("Z")
    assert told["version"]
    assert told["deidentified"] is False
    (resource,) = told["resources"]
    data = (tmp_path / "ds" / "night_to_day.csv").read_bytes()
    assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert resource["bytes"] == len(data)
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    assert fields["fasting_mgdl"]["unit"] == "mg/dL"
    assert fields["sleep_basis"]["constraints"] == {"required": True, "enum": ["stages"]}
    assert resource["schema"]["primaryKey"] == ["participant_id", "sleep_date"]


def test_a_codebook_has_a_row_for_each_column(tmp_path: Path) -> None:
    exported(tmp_path / "ds", "csv", "glucose_summary", "night_to_day")
    with (tmp_path / "ds" / "codebook.csv").open(newline="") as lines:
        rows = {(row["view"], row["column"]): row for row in csv.DictReader(lines)}
    latency = rows["night_to_day", "bedroom_temperature_cel"]
    assert (latency["n"], latency["missing"], latency["unit"]) == ("0", "62", "Cel")
    basis = rows["night_to_day", "time_in_bed_basis"]
    assert basis["values"] == "in_bed | in_bed_other_device"
    mean = rows["glucose_summary", "gmi_pct"]
    assert mean["minimum_data"]
    assert mean["source"]
    assert float(mean["low"]) <= float(mean["high"])


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *(("sleep_debt_7d_min", "min"), ("day_mag_mgdl_h", "mg/dL/h"), ("tir_pct", "%")),
        *(("day_hours", "h"), ("start_at", "UTC"), ("adrr", ""), ("midpoint_sd_7d_min", "min")),
    ],
)
def test_a_unit_is_the_end_of_a_name(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_times_are_iso_8601(tmp_path: Path) -> None:
    exported(tmp_path / "ds", "csv", "night_to_day")
    with (tmp_path / "ds" / "night_to_day.csv").open(newline="") as lines:
        row = next(iter(csv.DictReader(lines)))
    assert row["onset_at"] == "2025-10-13T03:13:00Z"
    assert row["onset_local"] == "2025-10-12T23:13:00"
    assert csv_cells([("n", "DOUBLE")]) == "n"


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("csv", "xlsx")])
def test_every_form_has_the_same_rows(tmp_path: Path, form: str) -> None:
    told = exported(tmp_path / "ds", form, "night_to_day")
    path = tmp_path / "ds" / f"night_to_day.{form}"
    labels: dict[str, str] = {}
    if form in ("dta", "sav"):
        reader = pyreadstat.read_dta if form == "dta" else pyreadstat.read_sav
        frame, about = reader(str(path))
        table, labels = pa.Table.from_pandas(frame), about.column_names_to_labels
        assert labels["sleep_date"] == "local date of the final wake"
    else:
        table = pq.read_table(path) if form == "parquet" else pyarrow.feather.read_table(path)
    assert table.num_rows == 62
    assert table["participant_id"].to_pylist() == ["ada"] * 31 + ["ben"] * 31
    assert str(table["onset_at"][0].as_py())[:19] == "2025-10-13 03:13:00"
    assert table["total_sleep_min"][0].as_py() == 413.5
    (resource,) = told["resources"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (resource["path"], resource["checksum"]) == (path.name, f"sha256:{digest}")
    assert digest in (tmp_path / "ds" / "SHA256SUMS").read_text()


def test_a_workbook_has_a_sheet_for_each_view_and_the_codebook(tmp_path: Path) -> None:
    exported(tmp_path / "ds", "xlsx", "glucose_daily", "night_to_day")
    book = CalamineWorkbook.from_path(str(tmp_path / "ds" / "dataset.xlsx"))
    assert book.sheet_names == ["glucose_daily", "night_to_day", "codebook"]
    heading, first, *_ = book.get_sheet_by_name("night_to_day").to_python()
    row = dict(zip(heading, first, strict=True))
    assert row["participant_id"] == "ada"
    assert str(row["onset_local"]) == "2025-10-12 23:13:00"
    assert row["total_sleep_min"] == 413.5


def test_a_sheet_takes_no_more_rows_than_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.dataset_forms.SHEET_ROWS", 2)
    with pytest.raises(TooLarge, match="has 3 rows, a sheet takes 2"):
        write_workbook([("v", lambda: pa.table({"a": [1, 2, 3]}))], [], tmp_path / "x.xlsx")
    with pytest.raises(UsageError, match="--format parquet"):
        run_export(demo_lake().root, ["night_to_day"], tmp_path / "ds", "xlsx", None, None)


@pytest.mark.parametrize("name", ["sample", "meal_step", "mage"])
def test_tables_and_steps_can_be_exported(tmp_path: Path, name: str) -> None:
    told = exported(tmp_path / "ds", "parquet", name)
    table = pq.read_table(tmp_path / "ds" / f"{name}.parquet")
    assert table.column_names == list(named()[name].columns)
    assert [field["name"] for field in told["resources"][0]["schema"]["fields"]] == (
        table.column_names
    )


def test_every_table_says_what_it_is() -> None:
    assert all(named()[name].about for name in TABLES)


def test_what_is_misspelt_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="you may mean night_to_day"):
        run_export(demo_lake().root, ["night_today"], tmp_path / "ds", "csv", None, None)
    with pytest.raises(UsageError, match="is asked with values"):
        run_export(
            demo_lake().root, ["glucose_summary_between"], tmp_path / "ds", "csv", None, None
        )
