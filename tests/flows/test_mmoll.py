"""Glucose in mmol/L, and a range of one's own."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from flows import cli
from flows.deriving.pipeline import ingest
from flows.settings import Settings, SettingsError, load
from tests.lake import BERLIN, PERSON, Person, asked, clarity, lake_of, put
from warehouse.mmoll import meaning, renamed, selected
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

START = "2025-03-10T00:00"


def made(folder: Path, unit: str, values: list[float], settings: str = "") -> Lake:
    """A lake with a day of readings, every five minutes the next of some values."""
    factor = 1.0 if unit == "mg/dL" else 1 / 18.0156
    day = [round(values[n % len(values)] * factor, 1) for n in range(288)]
    (folder / "dawnlake.toml").write_text(settings)
    chosen = load(folder / "dawnlake.toml")
    return lake_of(folder, {"p1": Person().cgm(START, day, unit=unit)}, chosen)


def run(capsys: pytest.CaptureFixture[str], lake: Lake, *words: str) -> str:
    with pytest.raises(SystemExit) as left:
        cli.main([*words, "--lake", str(lake.root)])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_names_and_meanings() -> None:
    assert renamed("overnight_mean_mgdl") == "overnight_mean_mmoll"
    assert renamed("mag_mgdl_h") == "mag_mmoll_h"
    assert renamed("tir_pct") == "tir_pct"
    assert meaning("iauc_mgdl_min", "area above 140 mg/dL, mg/dL times minutes") == (
        "area above 140 mg/dL, mmol/L times minutes"
    )
    assert meaning("tbr54_pct", "share below 54 mg/dL (3.0 mmol/L), %").startswith(
        "share below 54 mg"
    )


@pytest.mark.parametrize(
    "row, expected",
    [
        (
            "select 180.156::double as a_mgdl, 90.078 as b_mgdl, 5.5::double as c",
            (10, 5, 5.5),
        ),
        (
            "select 2.0::double as slope, 'mg/dL per h' as slope_unit, 'fasting_mgdl' as outcome",
            (2 / 18.0156, "mmol/L per h", "fasting_mmoll"),
        ),
        (
            "select 3.0::double as slope, 'min per 10 mg/dL' as slope_unit, 'x_mgdl_min' exposure",
            (3 * 1.80156, "min per mmol/L", "x_mmoll_min"),
        ),
        ("select 4.0::double as slope, 'min per h' as slope_unit", (4, "min per h")),
        ("select 90.078::double as value, 'mg/dL' as unit", (5, "mmol/L")),
        ("select 60.0::double as value, '/min' as unit", (60, "/min")),
        ("select 'a' as note_mgdl, null::double as low_mgdl", ("a", None)),
    ],
)
def test_rows(row: str, expected: tuple[object, ...]) -> None:
    with duckdb.connect() as connection:
        columns = [(n, k) for n, k, *_ in connection.execute(f"describe {row}").fetchall()]
        (found,) = connection.execute(f"select {selected(columns)} from ({row})").fetchall()
    assert found == tuple(pytest.approx(e) if isinstance(e, int | float) else e for e in expected)


def test_tables_and_exports_are_in_the_unit_of_the_lake_and_never_a_mix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [f"2025-03-10T{n // 12:02}:{n % 12 * 5:02}:00" for n in range(288)]
    told = [(when, (90, 144)[n % 2], 300 * n, "8AB") for n, when in enumerate(times)]
    lake = Lake(tmp_path / "lake").create()
    lake.settings.write_text('glucose_unit = "mmol/L"\n')
    ingest(lake, put(tmp_path / "in", {"a.csv": clarity(told)}), PERSON, BERLIN)
    shown = run(capsys, lake, "sql", "select mean_mgdl, min_mgdl, cv_pct from glucose_daily")
    assert "mean_mmoll" in shown
    assert "mgdl" not in shown
    assert "6.494" in shown  # 117 mg/dL
    # what programs read is what was asked for
    assert run(capsys, lake, "sql", "select min_mgdl from glucose_daily", "--format", "csv") == (
        "min_mgdl\n90.0\n"
    )
    out = tmp_path / "out"
    run(capsys, lake, "export", "glucose_daily", "glucose", "-o", str(out))
    with (out / "glucose_daily.csv").open() as lines:
        (row,) = csv.DictReader(lines)
    assert float(row["mean_mmoll"]) == pytest.approx(117 / 18.0156)
    every = "".join(path.read_text() for path in out.iterdir() if path.suffix == ".csv")
    assert "_mgdl" not in every
    assert "mmol/L per hour" in (out / "codebook.csv").read_text()
    assert "mean_mmoll" in (out / "datapackage.json").read_text()


@pytest.mark.parametrize("unit", ["mg/dL", "mmol/L"])
@pytest.mark.parametrize(
    "targets", ["low_mgdl = 63\nhigh_mgdl = 140", "low_mmoll = 3.5\nhigh_mmoll = 7.8"]
)
def test_an_own_range_has_both_ends_in_either_unit(unit: str, targets: str, tmp_path: Path) -> None:
    """63 and 140 are within, 60 and 144 are not; told in tenths they are 3.5, 7.8, 3.3 and 8.0."""
    lake = made(tmp_path, unit, [63, 140, 60, 144, 100, 100], f"[targets]\n{targets}\n")
    for view in ("glucose_daily", "glucose_summary"):
        (row,) = asked(lake, f"select tir_own_pct from {view}")
        assert row["tir_own_pct"] == pytest.approx(100 * 4 / 6)


def test_without_an_own_range_there_is_no_share(tmp_path: Path) -> None:
    lake = made(tmp_path, "mg/dL", [100])
    (row,) = asked(lake, "select tir_own_pct, tir_pct from glucose_daily")
    assert (row["tir_own_pct"], row["tir_pct"]) == (None, 100)


@pytest.mark.parametrize(
    "text, told",
    [
        ("[targets]\nlow_mgdl = 63", "both low_ and high_"),
        ("[targets]\nlow_mgdl = 63\nhigh_mmoll = 7.8", "both low_ and high_"),
        ("[targets]\nlow_mgdl = 140\nhigh_mgdl = 63", "low_ has to be below"),
        ("[targets]\nlow_mgld = 63", "did you mean low_mgdl"),
        ('glucose_unit = "mmol"', "glucose_unit"),
    ],
)
def test_settings_that_are_no_range_say_so(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "dawnlake.toml").write_text(text)
    with pytest.raises(SettingsError, match=told):
        load(tmp_path / "dawnlake.toml")


def test_tenths_of_mmoll_are_whole_mgdl() -> None:
    for low, high, expected in (
        (3.5, 7.8, (63, 140)),
        (3.9, 10.0, (70, 180)),
        (4.4, 6.6, (79, 119)),
    ):
        told = Settings.model_validate({"targets": {"low_mmoll": low, "high_mmoll": high}})
        assert told.targets.range_mgdl() == expected
