"""One copy of each fact, where exports touch, and where a source was renamed between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pytest

from connectors.contract import STORED
from transforms.copies.one_copy import NONE, one_copy

Told = tuple[str, int, float]  # device, minute, value


def copies(files: Sequence[Sequence[Told]], newest: Sequence[int] | None = None) -> list[Told]:
    """What stays of heart rates in files, the last of which is the newest unless told."""
    rows, about = [], []
    for number, told in enumerate(files):
        for record, (device, minute, value) in enumerate(told, 1):
            at = dt.datetime(2025, 7, 1, 8, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
            fact = {"record": record, "metric": "heart_rate", "start_utc": at, "value": value}
            source = {"device": device, "connector": "apple_health", "file": f"f{number}"}
            rows.append({**fact, **source})
        age = newest[number] if newest else number
        about.append(("apple_health", f"f{number}", age, -age))
    schema = STORED["sample"]
    for name in ("connector", "file"):
        schema = schema.append(pa.field(name, pa.string()))
    names = ("connector", "file", "newness", "naming")
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register("rows", pa.Table.from_pylist(rows, schema))
        columns = zip(*about, strict=True)
        listed = pa.table(dict(zip(names, map(list, columns), strict=True)))
        found = one_copy(connection, "sample", "rows", listed).to_pylist()
    return sorted((r["device"], r["start_utc"].minute, r["value"]) for r in found)


def test_two_exports_that_share_one_instant_share_its_fact() -> None:
    """One ends with the very row that the other begins with."""
    one, other = [("w", 0, 60.0), ("w", 5, 61.0)], [("w", 5, 61.0), ("w", 10, 62.0)]
    for files in ([one, other], [other, one], [one[1:], other[:1]]):
        assert copies(files) == sorted({*files[0], *files[1]})


def test_two_equal_rows_of_one_file_stay_two() -> None:
    twice = [("w", 5, 61.0), ("w", 5, 61.0)]
    assert copies([twice, [("w", 5, 61.0), ("w", 6, 60.0)]]) == [*twice, ("w", 6, 60.0)]


A, B, C = (("a", 0, 60.0), ("b", 0, 60.0), ("c", 0, 60.0))


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ([A], [B], [B]),  # renamed
        ([A, B], [A, B], [A, B]),  # two sources that agree
        ([B], [A, B], [A, B]),
        ([A, B], [B], [A, B]),  # told by fewer, so one may be gone, and is not renamed
        ([A, B], [B, C], [B, C]),  # one of two was renamed
        ([A], [("b", 0, 61.0)], [A, ("b", 0, 61.0)]),  # another value is another fact
        ([A, ("a", 9, 70.0)], [B], [("a", 9, 70.0), B]),  # what only the old one tells stays
    ],
)
def test_a_source_that_was_renamed_is_not_told_twice(
    old: list[Told], new: list[Told], expected: list[Told]
) -> None:
    assert copies([old, new]) == sorted(expected)
    assert copies([new, old], newest=[1, 0]) == sorted(expected)  # whatever the files are called


@pytest.mark.parametrize("key", [None, "k"])
def test_of_one_file_only_the_excluded_record_goes(key: str | None) -> None:
    """What is told twice in one file are two facts, and one of them was set aside."""
    fact = {"metric": "heart_rate", "value": 60.0, "key": key, "device": "w"}
    source = {"connector": "apple_health", "file": "f0"}
    schema = STORED["sample"]
    for name in ("connector", "file"):
        schema = schema.append(pa.field(name, pa.string()))
    rows = pa.Table.from_pylist([{**fact, **source, "record": n} for n in (1, 2)], schema)
    files = pa.table({"connector": ["apple_health"], "file": ["f0"], "newness": [0]})
    excluded = pa.Table.from_pylist([{**source, "record": 1}], NONE.schema)
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        found = one_copy(connection, "sample", "rows", files, excluded=excluded)
    assert found["record"].to_pylist() == [2]


Version = tuple[str, int, float]  # file, record, value


@pytest.mark.parametrize(
    "told, expected",
    [
        ([("b", 7, 60.0), ("a", 9, 60.0)], ("a", 9, 60.0)),
        ([("a", 9, 60.0), ("b", 7, 60.0)], ("a", 9, 60.0)),  # whichever was given later
        ([("a", 9, 60.0), ("b", 7, 61.0)], ("b", 7, 61.0)),  # a version of its own
        ([("a", 9, 61.0), ("c", 5, 60.0), ("b", 7, 61.0)], ("a", 9, 61.0)),
        ([("a", 9, 60.0), ("a", 10, 60.0), ("b", 7, 60.0)], ("b", 7, 60.0)),  # not as often
    ],
)
def test_of_files_of_one_age_that_tell_a_fact_equally_the_first_by_name_is_named(
    told: list[Version], expected: Version
) -> None:
    fact = {"metric": "heart_rate", "key": "k", "device": "w", "connector": "oura"}
    schema = STORED["sample"]
    for name in ("connector", "file"):
        schema = schema.append(pa.field(name, pa.string()))
    names = ("file", "record", "value")
    listed = [{**fact, **dict(zip(names, each, strict=True))} for each in told]
    given = list(dict.fromkeys(file for file, _, _ in told))
    columns = {
        "connector": ["oura"] * len(given),
        "file": given,
        "newness": list(range(len(given))),
        "naming": [sorted(given).index(file) for file in given],
    }
    with duckdb.connect() as connection:
        connection.register("rows", pa.Table.from_pylist(listed, schema))
        (found,) = one_copy(connection, "sample", "rows", pa.table(columns)).to_pylist()
    assert tuple(found[name] for name in names) == expected
    assert found["newness"] == len(given) - 1
