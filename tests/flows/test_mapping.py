"""dawnlake mapping, and a lake that reads tables by its mappings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.reading.manifest import parts_of
from tests.lake import asked, golden, put
from tests.running import Run
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

GUIDE = Path(__file__).parents[2] / "connectors" / "mapping" / "README.md"
BLOCKS = re.findall(
    r"^```(csv|toml|jsonl)\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE
)
TABLES = [text for kind, text in BLOCKS if kind == "csv"]
MAPPINGS = [text for kind, text in BLOCKS if kind == "toml"]
TABLE = "when,glucose (mg/dL)\n" + "".join(
    f"2024-03-{17 + n // 96} {n // 4 % 24:02}:{n % 4 * 15:02}:00,{100 + n % 40}\n"
    for n in range(200)
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return put(tmp_path, {"table.csv": TABLE})[0]


def ingested(run: Run, lake: Lake, file: Path, *more: str) -> tuple[int, str, str]:
    words = more or ("--participant", "p")
    return run("ingest", file, *words, "--timezone", "Europe/Berlin", "--lake", lake.root)


def test_from_a_table_to_readings(run: Run, lake: Lake, file: Path) -> None:
    code, _, err = ingested(run, lake, file)
    assert code == 1
    assert "in no layout that dawnlake reads: `dawnlake mapping`" in err
    code, out, err = run("mapping", file, "--lake", lake.root)
    assert code == 1
    assert "asked (clock)" in err
    assert 'metric = "interstitial_glucose"' in out
    assert not (lake.root / "mappings").exists()
    code, out, err = run("mapping", file, "--clock", "local", "--name", "ours", "--lake", lake.root)
    assert code == 0
    assert "200 records: 200 carried; nothing left out" in err
    assert "2024-03-17 00:00:00" in out
    assert ingested(run, lake, file)[0] == 0
    assert asked(lake, "select count(*) as n from sample") == [{"n": 200}]
    (part,) = parts_of(lake, "p")
    assert part.manifest["connector"] == "mapping_ours"
    assert "mapping_ours" in run("connectors", "--lake", lake.root)[1]
    assert "mapping_ours" in run("check", file, "--lake", lake.root)[1]
    assert run("mapping", file, "--lake", lake.root)[0] == 2  # it is read already


def test_a_changed_mapping_reads_its_files_again(run: Run, lake: Lake, file: Path) -> None:
    run("mapping", file, "--clock", "local", "--name", "ours", "--lake", lake.root)
    ingested(run, lake, file)
    assert "known" in ingested(run, lake, file)[2]
    place = lake.root / "mappings" / "ours.toml"
    place.write_text(place.read_text().replace("local", "UTC"))
    assert "read: " in ingested(run, lake, file)[2]
    first = asked(lake, "select min(start_at)::varchar as at from sample")
    assert first == [{"at": "2024-03-17 00:00:00+00"}]


def test_a_mapping_of_several_people(run: Run, lake: Lake, tmp_path: Path) -> None:
    lake.create()
    put(lake.root / "mappings", {"study.toml": MAPPINGS[2]})
    file = put(tmp_path, {"study.txt": TABLES[2]})[0]
    code, _, err = ingested(run, lake, file, "--subjects", "--prefix", "ours-")
    assert code == 1  # a record of nobody
    assert "of nobody by name" in err
    assert lake.participants() == ["ours-101", "ours-102"]
    assert "--subjects" in ingested(run, lake, file)[2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            MAPPINGS[1].replace("room_temperature", "room_temprature"),
            "did you mean room_temperature",
        ),
        (MAPPINGS[1].replace('"Cel"', '"C"'), "room_temperature is in Cel"),
        (MAPPINGS[1].replace("clock", "klock"), "klock"),
        ("name = [", "not valid TOML"),
    ],
)
def test_a_broken_mapping_is_told_by_name_and_key(
    run: Run, lake: Lake, file: Path, text: str, says: str
) -> None:
    lake.create()
    put(lake.root / "mappings", {"broken.toml": text})
    code, _, err = ingested(run, lake, file)
    assert code == 2
    assert "mappings/broken.toml" in err
    assert says in err
    assert lake.part_folders("p") == []


def test_two_mappings_of_one_file_are_told(run: Run, lake: Lake, file: Path) -> None:
    run("mapping", file, "--clock", "local", "--name", "ours", "--lake", lake.root)
    text = (lake.root / "mappings" / "ours.toml").read_text()
    put(lake.root / "mappings", {"two.toml": text.replace('"ours"', '"two"')})
    code, _, err = ingested(run, lake, file)
    assert code == 1
    assert "mapping_ours and mapping_two" in err
    put(lake.root / "mappings", {"two.toml": text})
    code, _, err = ingested(run, lake, file)
    assert code == 2
    assert "its name is that of another" in err


def test_what_is_read_without_a_mapping_needs_none(run: Run, lake: Lake, tmp_path: Path) -> None:
    clarity = put(tmp_path, {"a.csv": golden("dexcom_clarity", "italian").data()})[0]
    code, _, err = run("mapping", clarity, "--lake", lake.root)
    assert code == 2
    assert "dexcom_clarity" in err
    prose = put(tmp_path, {"b.txt": "this is no table\nof anything\n"})[0]
    code, _, err = run("mapping", prose, "--lake", lake.root)
    assert code == 2
    assert "no table" in err
    assert run("mapping", tmp_path, "--lake", lake.root)[0] == 2
