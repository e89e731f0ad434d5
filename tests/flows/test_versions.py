"""Of versions of one fact the newest is used, by every sign of age; what is not plain is told."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from flows.deriving.derivation import derivation
from flows.deriving.pipeline import complete, prepared, read_all
from flows.deriving.receipt import Receipt
from flows.reading.manifest import files_of, parts_of
from tests.lake import BERLIN, PERSON, clarity, kept, put, table, tree
from transforms.copies.age import (
    NO_SIGNS,
    Signs,
    is_earlier,
    named_in,
    ranked,
    signs_of,
    unpacked_in,
)
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

OLD, NEW = "2025-09-05", "2025-11-20"


def carbs(grams: int, *more: str) -> str:
    """Nightscout treatments: one meal, and others at later times."""
    told = [("t1", "2025-07-01T12:00:00.000Z", grams)]
    told += [(f"t{n}", when, 50) for n, when in enumerate(more, 2)]
    rows = [
        {"_id": i, "eventType": "Meal Bolus", "created_at": t, "carbs": g, "enteredBy": "x"}
        for i, t, g in told
    ]
    return json.dumps(rows)


def packed(path: Path, made: str, files: Mapping[str, str | bytes]) -> Path:
    """A zip whose members are of a date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    year, month, day = map(int, made.split("-"))
    with ZipFile(path, "w") as zipped:
        for name, data in files.items():
            zipped.writestr(ZipInfo(name, (year, month, day, 8, 0, 0)), data)
    return path


def of_time(path: Path, made: str) -> Path:
    when = dt.datetime.fromisoformat(f"{made}T08:30+00:00").timestamp()
    os.utime(path, (when, when))
    return path


def ingested(lake: Lake, *paths: Path) -> Receipt:
    """With the receipt of `ingest`, without the views."""
    settings, there = prepared(lake, PERSON, BERLIN), files_of(lake, PERSON)
    receipt = Receipt(PERSON, read_all(lake, PERSON, paths, settings))
    with derivation(lake, settings) as derive:
        outcome = derive.align(PERSON)
        complete(lake, receipt, there, outcome, derive.finish())
    return receipt


def grams(lake: Lake) -> list[float]:
    return [r["value"] for r in table(lake, "sample") if r["metric"] == "dietary_carbohydrate"]


LATER = "2025-07-30T12:00:00.000Z"


@pytest.mark.parametrize("way", ["name", "members", "file", "folder"])
@pytest.mark.parametrize("is_backwards", [False, True])
def test_a_narrow_later_download_wins_by_each_sign(
    way: str, is_backwards: bool, tmp_path: Path
) -> None:
    """The older one reaches further; whichever comes first, the newer value is used."""
    old, new = {"a.json": carbs(40, LATER)}, {"a.json": carbs(60)}
    if way == "name":
        paths = [
            packed(tmp_path / f"takeout-{made.replace('-', '')}T080000Z-001.zip", "1980-01-01", f)
            for made, f in ((OLD, old), (NEW, new))
        ]
    elif way == "members":
        paths = [packed(tmp_path / f"{m}x.zip"[4:], m, f) for m, f in ((OLD, old), (NEW, new))]
    elif way == "file":
        paths = [of_time(put(tmp_path / made, f)[0], made) for made, f in ((OLD, old), (NEW, new))]
    else:
        paths = [
            put(tmp_path / f"samsung_{made.replace('-', '')}101500", f)[0].parent
            for made, f in ((OLD, old), (NEW, new))
        ]
    lake = Lake(tmp_path / "lake")
    receipts = [ingested(lake, path) for path in (paths[::-1] if is_backwards else paths)]
    assert grams(lake) == [60, 50]
    assert [f.corrected for f in receipts[1].files] == [0 if is_backwards else 1]
    notes = [note for note in receipts[1].notes if "told differently" in note]
    assert len(notes) == is_backwards
    if is_backwards:
        newer = next(p.file for p in parts_of(lake, PERSON) if p.manifest["carried_count"] == 1)
        assert "1 fact is told differently by two exports" in notes[0]
        assert f"made {NEW}" in notes[0]
        assert f"`dawnlake withdraw {newer}`" in notes[0]


def test_where_nothing_tells_the_order_of_giving_does_and_is_kept(tmp_path: Path) -> None:
    """The receipt says so; deriving and reading everything again gives the same."""
    first, second = put(tmp_path, {"1/a.json": carbs(40, LATER), "2/a.json": carbs(60)})
    for paths, expected in (((first, second), [60, 50]), ((second, first), [40, 50])):
        lake = Lake(tmp_path / f"lake{expected[0]}")
        receipts = [ingested(lake, of_time(path, NEW)) for path in paths]
        assert grams(lake) == expected
        (note,) = receipts[1].notes
        assert "nothing tells which is newer: what was given later is used" in note
        assert [p.manifest["age"]["given"] for p in parts_of(lake, PERSON)] in ([1, 2], [2, 1])
        before = tree(lake.tables)
        read_all(
            lake, PERSON, [tmp_path / "2", tmp_path / "1"], prepared(lake, PERSON, None), again=True
        )
        kept(lake, [])
        assert tree(lake.tables) == before


def test_signs_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    old = packed(tmp_path / "export_2025-09-05.zip", OLD, {"a.json": carbs(40)})
    odd = packed(tmp_path / "export_2025-11-20.zip", "2025-07-05", {"a.json": carbs(60)})
    lake = Lake(tmp_path / "lake")
    ingested(lake, old)
    (note,) = ingested(lake, odd).notes
    assert grams(lake) == [60]
    assert (
        "; the times in its archive contradict that. If that is wrong, `dawnlake withdraw" in note
    )


def test_the_same_bytes_given_again_are_not_newer_but_may_be_older(tmp_path: Path) -> None:
    files = put(tmp_path, {"1/a.json": carbs(40), "2/a.json": carbs(60)})
    lake = Lake(tmp_path / "lake")
    ingested(lake, of_time(files[0], "2025-10-01"))
    ingested(lake, of_time(files[1], NEW))
    ingested(lake, of_time(put(tmp_path, {"copy.json": carbs(40)})[0], "2025-12-24"))
    assert grams(lake) == [60]
    ingested(lake, packed(tmp_path / "was.zip", OLD, {"a.json": carbs(60)}))
    assert grams(lake) == [40]
    by = {p.manifest["age"]["by"] for p in parts_of(lake, PERSON)}
    assert by == {"file_time", "archive_time"}


def test_a_copy_tells_nothing_of_bytes_whose_age_is_not_known(tmp_path: Path) -> None:
    """What was there already is not younger than the day on which it was read first."""
    lake = Lake(tmp_path / "lake")
    ingested(lake, of_time(put(tmp_path, {"a.json": carbs(40)})[0], "1970-01-01"))
    before = tree(lake.root / "extracted")
    ingested(lake, put(tmp_path, {"copied now.json": carbs(40)})[0])
    assert tree(lake.root / "extracted") == before
    (part,) = parts_of(lake, PERSON)
    assert part.manifest["age"]["by"] == "order"


def test_a_batch_keeps_the_age_of_each(tmp_path: Path) -> None:
    """Eight small files that are read as one, corrected by eight of a later archive."""
    days = range(1, 10)
    old = {f"{d}.json": json.dumps(json.loads(carbs(d).replace('"t1"', f'"t{d}"'))) for d in days}
    new = {n: text.replace('"carbs": ', '"carbs": 1') for n, text in old.items()}
    lake = Lake(tmp_path / "lake")
    ingested(lake, packed(tmp_path / "b.zip", NEW, new))
    ingested(lake, packed(tmp_path / "a.zip", OLD, old))
    assert sorted(grams(lake)) == [10 + d for d in days]
    assert sorted(p.manifest["age"]["given"] for p in parts_of(lake, PERSON)) == list(range(1, 19))


def test_the_newest_stays_the_newest_in_a_lake_that_did_not_keep_ages(tmp_path: Path) -> None:
    """An older version of dawnlake went by the last time in a file."""
    old = {"exported_at": None, "last_time": "2025-07-30T12:00:00", "file": "a"}
    older = {"exported_at": None, "last_time": "2025-07-01T12:00:00", "file": "b"}
    new = {**older, "file": "c", "age": {"made_at": "2025-07-02T00:00:00", "given": 1}}
    assert ranked([old, older, new]) == [1, 0, 2]


def test_what_nothing_tells_of_is_newer_than_what_was_given_before(tmp_path: Path) -> None:
    def of(given: int, made_at: str | None) -> dict[str, object]:
        age = {"made_at": made_at, "given": given}
        return {"exported_at": None, "last_time": None, "file": str(given), "age": age}

    assert ranked([of(3, "2025-02-01"), of(2, None), of(1, "2025-03-01")]) == [0, 2, 1]
    assert ranked([of(2, None), of(1, None)]) == [1, 0]


FIRST, LAST = dt.datetime(2025, 6, 1), dt.datetime(2025, 8, 31)


@pytest.mark.parametrize(
    "signs, stated, by, made",
    [
        (NO_SIGNS, None, "order", None),
        (Signs(packed=dt.datetime(1980, 1, 1)), None, "order", None),
        (Signs(packed=dt.datetime(2025, 5, 1)), None, "order", None),  # before what it holds
        (Signs(filed=dt.datetime(2025, 7, 1)), None, "order", None),
        (Signs(filed=dt.datetime(2025, 9, 1, 8, 59)), None, "file_time", "2025-09-01T08:00:00"),
        (
            Signs(dt.datetime(2025, 9, 5), dt.datetime(2025, 9, 5, 8, 2)),
            None,
            "archive_name",
            "2025-09-05T08:02:00",
        ),
        (
            Signs(dt.datetime(2025, 9, 5)),
            "2025-09-04T23:30:00+02:00",
            "stated",
            "2025-09-04T21:30:00",
        ),
    ],
)
def test_signs(signs: Signs, stated: str | None, by: str, made: str | None) -> None:
    found = signs_of(signs, stated, FIRST, LAST)
    assert (found["by"], found["made_at"]) == (by, made)
    assert is_earlier(found, {"by": "order", "made_at": None}) == (made is not None)
    assert not is_earlier(found, found)


def test_dates_in_names_of_archives() -> None:
    assert named_in("x/takeout-20251120T080000Z-001.zip") == dt.datetime(2025, 11, 20, 8)
    assert named_in("garmin_2025-11-20.zip") == dt.datetime(2025, 11, 20)
    assert named_in("from 2024-01-01 to 2024-12-31.zip") == dt.datetime(2024, 12, 31)
    assert named_in("data_20251399.zip") is None
    assert named_in("AVB1_17120251120883.zip") is None
    assert unpacked_in("samsunghealth_ann_20251120101500/a.csv") == dt.datetime(
        2025, 11, 20, 10, 15
    )
    assert unpacked_in("2025-11-20/a.csv") is None


def test_clarity_readings_too(tmp_path: Path) -> None:
    """A vendor's counter is the key; the narrower download is the newer one."""

    def rows(value: int) -> list[tuple[str, object, object, object]]:
        return [("2025-07-01T10:00:00", value, 1000, "8AB")]

    wide = [*rows(101), ("2025-07-01T10:05:00", 102, 1300, "8AB")]
    files = put(tmp_path, {"wide.csv": clarity(wide), "narrow.csv": clarity(rows(99))})
    lake = Lake(tmp_path / "lake")
    for path in files:
        ingested(lake, path)
    assert [r["value"] for r in table(lake, "sample")] == [99, 102]
