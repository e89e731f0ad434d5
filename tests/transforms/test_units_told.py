"""A unit that changes within a file: told with counts, and never where readings are only odd."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.contract import batch
from flows.cli import main
from tests.lake import BERLIN, PERSON, asked, golden, put, table
from transforms.glucose.units_told import UnitsTold, is_doubt
from transforms.units import GLUCOSE
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

NEW_YORK = "America/New_York"
EVERY = 576  # readings of a file, two days of a sensor at five minutes
HALF = EVERY // 2

Told = Callable[..., str]


def readings() -> list[float]:
    """mg/dL, up and down between 60 and 280."""
    return [60 + 220 * abs(n % 144 - 72) / 72 for n in range(EVERY)]


def joined(unit: str) -> list[str]:
    """Cells of a file that states `unit`, the second half of which is in the other one."""
    first = [f"{v:.0f}" if unit == "mg/dL" else f"{v / GLUCOSE:.1f}" for v in readings()]
    other = [f"{v / GLUCOSE:.1f}" if unit == "mg/dL" else f"{v:.0f}" for v in readings()]
    return first[:HALF] + other[HALF:]


def clarity(unit: str, cells: Iterable[str]) -> str:
    """The head of a golden input of that unit, and readings in the form of its own."""
    name = "us_14_columns_fall_back_low_high" if unit == "mg/dL" else "eu_mmoll_13_columns_cut_row"
    head, *lines = golden("dexcom_clarity", name).data().decode("utf-8-sig").splitlines()
    (cell, row) = ("101", 6) if unit == "mg/dL" else ('"10.0"', 2)
    number, _, rest = lines[row].partition(",")
    stamp, _, rest = rest.partition(",")
    assert rest.count(cell) == 1
    start, made = dt.datetime(2025, 3, 3), [head]
    for n, value in enumerate(cells):
        moment = (start + n * dt.timedelta(minutes=5)).isoformat()
        text = rest.replace(cell, value)
        made.append(f"{number.replace('7', str(n + 1))},{moment},{text}")
    assert stamp.strip('"') < "2026"
    return "\n".join(made) + "\n"


def libreview(unit: str, cells: Iterable[str]) -> str:
    """The same of LibreView, of which the golden line of a scan has no part."""
    name = "us_am_pm_all_record_types" if unit == "mg/dL" else "uk_mmoll_padded_cells"
    lines = golden("libreview", name).data().decode("utf-8-sig").splitlines()
    form = "%m-%d-%Y %I:%M %p" if unit == "mg/dL" else "%d-%m-%Y %H:%M"
    head = next(n for n, line in enumerate(lines) if line.startswith("Device,"))
    device, serial, _, kind, _, rest = lines[head + 1].split(",", 5)
    start, made = dt.datetime(2025, 3, 3), lines[: head + 1]
    for n, value in enumerate(cells):
        moment = (start + n * dt.timedelta(minutes=15)).strftime(form)
        made.append(f"{device},{serial},{moment},{kind},{value},{rest}")
    return "\n".join(made) + "\n"


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """What `ingest` and then `status` say of a file, at the command line."""

    def do(text: str, zone: str = BERLIN) -> str:
        (path,) = put(tmp_path / "in", {"a file.csv": text})
        lake = tmp_path / "lake"
        capsys.readouterr()
        for words in (
            ["ingest", str(path), "--participant", PERSON, "--timezone", zone],
            ["status"],
        ):
            with pytest.raises(SystemExit) as left:
                main([*words, "--lake", str(lake)])
            assert left.value.code == 0
        said = capsys.readouterr()
        return "\n".join(
            line for line in f"{said.err}\n{said.out}".splitlines() if "in doubt" in line
        )

    return do


@pytest.mark.parametrize("unit, other", [("mg/dL", "mmol/L"), ("mmol/L", "mg/dL")])
@pytest.mark.parametrize("connector, made", [("dexcom_clarity", clarity), ("libreview", libreview)])
def test_two_exports_joined_below_one_header_are_noticed(
    told: Told,
    tmp_path: Path,
    unit: str,
    other: str,
    connector: str,
    made: Callable[[str, Iterable[str]], str],
) -> None:
    (receipt, status) = told(made(unit, joined(unit))).splitlines()
    lake = Lake(tmp_path / "lake")
    (file,) = {row["file"] for row in table(lake, "sample")}
    what = f"glucose stated in {unit}, {HALF} readings look like {other}"
    assert status == f"unit in doubt: {connector} {file}: {what}"
    assert receipt.startswith(f"unit in doubt: a file.csv: {what}, and were taken as they are")


@pytest.mark.parametrize("unit", ["mg/dL", "mmol/L"])
@pytest.mark.parametrize("made", [clarity, libreview])
def test_a_file_of_one_unit_is_in_no_doubt(
    told: Told, unit: str, made: Callable[[str, Iterable[str]], str]
) -> None:
    cells = [f"{v:.0f}" if unit == "mg/dL" else f"{v / GLUCOSE:.1f}" for v in readings()]
    assert told(made(unit, cells)) == ""


@pytest.mark.parametrize("unit", ["mg/dL", "mmol/L"])
def test_values_stay_as_reported_and_out_of_the_summaries(
    told: Told, tmp_path: Path, unit: str
) -> None:
    """What is below 20 or above 600 mg/dL is implausible, as it was before."""
    told(clarity(unit, joined(unit)), NEW_YORK)
    lake = Lake(tmp_path / "lake")
    rows = [row for row in table(lake, "sample") if row["metric"] == "interstitial_glucose"]
    rows.sort(key=lambda row: row["start_at"])
    assert [row["reported_value"] for row in rows] == [float(cell) for cell in joined(unit)]
    assert {row["reported_unit"] for row in rows} == {unit}
    flagged = ["implausible" in (row["flag"] or "") for row in rows]
    assert flagged == [False] * HALF + [True] * HALF
    ((counted,),) = [
        tuple(row.values()) for row in asked(lake, "select reading_count from glucose_summary")
    ]
    assert counted == HALF


def doubts(
    values: Iterable[float],
    unit: str = "mg/dL",
    metric: str = "capillary_glucose",
    bound: str | None = None,
    records: Iterable[int] | None = None,
) -> list[str]:
    numbers = list(values)
    order = list(records or range(1, len(numbers) + 1))
    rows = batch(
        "sample",
        record=pa.array(order, pa.int64()),
        value=numbers,
        unit=unit,
        metric=metric,
        bound=bound,
    )
    book = UnitsTold()
    for begin in range(0, len(numbers), 7):  # batches end anywhere
        book.note(rows.data.slice(begin, 7))
    return list(book.doubts())


USUAL = [110.0, 95.0, 140.0, 180.0] * 50


@pytest.mark.parametrize(
    "odd",
    [
        [35.0] * 20,  # a hypoglycaemia that was measured again and again
        [33.0, 30.0, 28.0, 25.0, 22.0, 28.0, 31.0, 33.0],  # a worse one
        [5.6, 6.1, 7.2, 8.8, 10.4],  # typed in the wrong unit, five times
        [9.0, 10.0, 12.0, 5.0] * 10,  # codes of a sensor
        [1.5, 0.0, 1.9, 0.4] * 10,  # no glucose in either unit
        [33.5, 34.5, 35.9] * 10,
    ],
)
def test_odd_readings_are_no_other_unit(odd: list[float]) -> None:
    assert doubts(USUAL + odd + USUAL) == []
    assert doubts([*USUAL, *odd], metric="interstitial_glucose") == []


def test_single_errors_all_over_a_file_are_no_other_unit() -> None:
    scattered = [5.6 if n % 20 == 0 else 110.0 for n in range(400)]
    assert doubts(scattered) == []
    assert doubts([5.6 if n % 20 == 0 else 6.2 for n in range(400)], "mmol/L") == []


def test_limits_of_a_sensor_are_no_other_unit() -> None:
    assert doubts([*USUAL, *[2.2] * 40], bound="<") == []
    assert doubts([33.3, 27.8, 30.1] * 20, "mmol/L") == []


def test_six_in_a_row_are_and_a_tenth_of_all() -> None:
    row = [5.6, 6.1, 7.2, 8.8, 10.4, 7.0]
    assert doubts(USUAL * 10 + row + USUAL) == [
        "glucose stated in mg/dL, 6 readings look like mmol/L"
    ]
    assert doubts([*USUAL[:20], *[101.0, 118.0, 90.0, 88.0, 77.0, 180.0]], "mmol/L") == [
        "glucose stated in mmol/L, 26 readings look like mg/dL"
    ]
    mixed = [5.6 if n % 2 else 110.0 for n in range(60)]
    assert doubts(mixed) == ["glucose stated in mg/dL, 30 readings look like mmol/L"]


def test_a_row_is_one_in_the_file_whatever_the_order_of_batches() -> None:
    """Six side by side in the file, far apart in what comes; and the other way round."""
    apart = [*range(1, 200, 34)]
    by_place = apart + [record for record in range(1, 201) if record not in apart]
    together = [7.3] * 6 + [110.0] * 194
    scattered = [value for _, value in sorted(zip(by_place, together, strict=True))]
    back = [by_place.index(record) + 1 for record in range(1, 201)]
    assert len(doubts(together)) == len(doubts(scattered, records=back)) == 1
    assert doubts(scattered) == doubts(together, records=by_place) == []


def test_another_metric_or_unit_is_left_alone() -> None:
    assert doubts([5.6] * 60, metric="heart_rate") == []
    assert doubts([5.6] * 60, unit="mmol/mol") == []
    assert is_doubt(doubts([5.6] * 60)[0])
    assert not is_doubt("column Glucose")


def test_nightscout_knows_codes_of_a_sensor_from_glucose_in_another_unit(
    told: Told, tmp_path: Path
) -> None:
    """It states no unit, and its codes are whole numbers: only those are left out as such."""
    cells = joined("mg/dL")
    start = 1741000000000
    text = json.dumps(
        [
            {"_id": f"a{n}", "type": "sgv", "sgv": float(cell), "date": start + n * 300_000}
            for n, cell in enumerate(cells)
        ]
    )
    receipt, status = told(text).splitlines()
    decimal = sum(not float(cell).is_integer() for cell in cells[HALF:])
    assert 0 < decimal < HALF
    assert f"glucose stated in mg/dL, {decimal} readings look like mmol/L" in receipt
    assert status.endswith(f"{decimal} readings look like mmol/L")
    assert len(table(Lake(tmp_path / "lake"), "sample")) == HALF + decimal
