"""The contract suite: every connector, every golden case. A new connector needs no test code."""

from __future__ import annotations

import os
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import connectors.contract as contract
from connectors import connectors
from connectors.contract import (
    EPISODE_KINDS,
    PEEK_BYTES,
    REJECT_CODES,
    SHAPES,
    SLEEP_LABELS,
    SLEEP_STAGES,
    Batch,
    Skip,
    Total,
)
from connectors.reading.lists import Joined, listed
from tests.golden_case import Case, cases, lines_of_items, source_of
from transforms.divided import Divided
from warehouse.schema import METRICS

CASES = cases()
READ = [case for case in CASES if "error" not in case.about]
JUNK = {
    "empty": b"",
    "blank": b"\n\n\n",
    # what a pattern that gives back what it took looks at for a minute, or for ever
    "blank_lines": b"\n" * PEEK_BYTES,
    "blanks": b" " * PEEK_BYTES,
    "commas": b"," * PEEK_BYTES,
    "brackets": b"(" * PEEK_BYTES,
    "objects": b'[{"a":1},' * (PEEK_BYTES // 9),
    "letters": b"(1" * (PEEK_BYTES // 2),
    "zeros": bytes(4096),
    "text": b"This is not an export of anything.\n" * 20,
    "csv": b"a,b,c\n1,2,3\n",
    "json": b'{"hello": [1, 2, {"deep": null}]}',
    "json_array": b"[]",
    "json_cut": b'[{"type": "sgv", "dat',
    # neighbours of files that are read: same words, another layout. Source: real files
    "garmin_api": b"""[{"calendarDate": "2024-01-04", "sleepTimeSeconds": 1, "retro": false,
        "sleepWindowConfirmationType": "enhanced_confirmed_final", "deepSleepSeconds": 1,
        "sleepStartTimestampGMT": 1704400000000, "sleepEndTimestampGMT": 1704420000000}]""",
    "garmin_summary": b"""{"calendarDate": "2024-01-04", "userProfilePK": 1, "totalSteps": 1,
        "userDailySummaryId": 1, "wellnessStartTimeGmt": "2024-01-03T23:00:00.0", "rule": null,
        "wellnessStartTimeLocal": "2024-01-04T00:00:00.0", "dailyStepGoal": 1,
        "durationInMilliseconds": 1, "bmrKilocalories": 1}""",
    "garmin_readiness": b"""[{"userProfilePK": 1, "calendarDate": "2024-01-04", "level": "LOW",
        "timestamp": "2024-01-04T08:23:57.0", "sleepScore": 77, "validSleep": true, "score": 43,
        "timestampLocal": "2024-01-04T09:23:57.0", "hrvWeeklyAverage": 42.0}]""",
    "xml": b'<?xml version="1.0"?><root><child/></root>',
    "sqlite": b"SQLite format 3\x00" + bytes(4080),
    "random": bytes((i * 7919 + i // 256) % 256 for i in range(8192)),
    "bom": b"\xef\xbb\xbf",
    "utf16": "Device,Time\n1,2\n".encode("utf-16-le"),
}


READINGS: dict[str, list[contract.Item]] = {}


def rows_of(case: Case) -> list[contract.Item]:
    """What the connector yields; each case is read once, and looked at by several tests."""
    if str(case) not in READINGS:
        source, variant = case.source(), str(case.about["variant"])
        READINGS[str(case)] = list(connectors()[case.connector].extract(source, variant))
    return READINGS[str(case)]


@pytest.mark.parametrize("case", READ, ids=str)
def test_golden(case: Case, request: pytest.FixtureRequest) -> None:
    lines = "".join(line + "\n" for line in lines_of_items(rows_of(case)))
    if request.config.getoption("--regenerate"):
        assert not os.environ.get("CI"), "golden files are written by people, not by CI"
        case.expected.write_text(lines)
    assert lines == case.expected.read_text()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_claimed_by_this_connector_alone(case: Case) -> None:
    source = case.source()
    claims = {name: c.identify(source) for name, c in connectors().items()}
    found = {name: variant for name, variant in claims.items() if variant is not None}
    assert found == {case.connector: case.about["variant"]}


@pytest.mark.parametrize("case", READ, ids=str)
def test_conserved(case: Case) -> None:
    items = rows_of(case)
    total = sum(item.records for item in items if isinstance(item, Total))
    skipped = sum(item.count for item in items if isinstance(item, Skip))
    carried = {r for i in items if isinstance(i, Batch) for r in i.data["record"].to_pylist()}
    assert total == case.about["records"]
    assert len(carried) + skipped == total


@pytest.mark.parametrize("case", READ, ids=str)
def test_rows_have_the_shape(case: Case) -> None:
    for item in rows_of(case):
        if not isinstance(item, Batch):
            continue
        assert item.data.schema.equals(SHAPES[item.shape])
        assert item.data["record"].null_count == 0
        for row in item.data.to_pylist():
            check_row(item.shape, row)


LISTS = [c for c in READ if c.about["variant"] in connectors()[c.connector].lists]


@pytest.mark.parametrize("case", LISTS, ids=str)
def test_lists_are_the_same_in_any_company(case: Case) -> None:
    """Twice the same file as one: each of the two is told as it is alone."""
    told = listed(case.data())
    assert told is not None
    both = Joined([told, told])
    items = list(connectors()[case.connector].extract(both.source(), case.about["variant"]))
    if any(isinstance(item, contract.Drift | contract.Fact) for item in rows_of(case)):
        with pytest.raises(ValueError, match="of the whole"):  # it is read alone
            Divided(items, [told.records] * 2, both.whose)
        return
    divided = Divided(items, [told.records] * 2, both.whose)
    for rows in tables_of(divided, ["one", "other"]), tables_of(divided, ["other", "one"]):
        assert rows == {
            shape: sorted(map(repr, pa.concat_tables(found).to_pylist()))
            for shape, found in batches_of(rows_of(case)).items()
        }
    skips = [Counter({i.reason: i.count}) for i in rows_of(case) if isinstance(i, Skip)]
    assert [book.skipped for book in divided.books()] == [sum(skips, Counter())] * 2


def tables_of(divided: Divided, ids: list[str]) -> dict[str, list[str]]:
    """The rows of the file that is called `one`."""
    return {
        shape: sorted(map(repr, own.drop_columns(["file"]).to_pylist()))
        for shape, rows in divided.tables(ids)
        if (own := rows.filter(pc.equal(rows["file"], "one"))).num_rows
    }


def batches_of(items: list[contract.Item]) -> dict[str, list[pa.Table]]:
    found: dict[str, list[pa.Table]] = {}
    for item in items:
        if isinstance(item, Batch) and item.data.num_rows:
            rows = item.data
            table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
            found.setdefault(item.shape, []).append(table)
    return found


def check_row(shape: str, row: dict[str, object]) -> None:
    """What every row of a shape must be."""
    if shape in ("sample", "episode"):
        assert row["start_utc"] or row["start_wall"], row
    if shape in ("sample", "daily"):
        assert row["metric"] in METRICS, row
        assert row["value"] is not None, row
        assert row["unit"], row
    if shape == "sample":
        assert row["bound"] in (None, "<", ">")
        assert (row["clock_id"] is None) or (row["clock_s"] is not None)
    if shape == "episode":
        assert row["kind"] in EPISODE_KINDS
        if row["kind"] == "sleep_stage":
            assert row["label"] in SLEEP_STAGES
            assert row["end_utc"] or row["end_wall"]
        if row["kind"] == "sleep":
            assert row["label"] in SLEEP_LABELS
            assert row["session"]
    if shape == "reject":
        assert row["code"] in REJECT_CODES


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c.about], ids=str)
def test_refused(case: Case) -> None:
    with pytest.raises(getattr(contract, str(case.about["error"]))) as caught:
        rows_of(case)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("name", connectors())
def test_every_variant_has_a_case(name: str) -> None:
    shown = {case.about["variant"] for case in CASES if case.connector == name}
    assert set(connectors()[name].variants) == shown


@pytest.mark.parametrize("name", connectors())
def test_identify_is_total(name: str) -> None:
    claimed = {junk: connectors()[name].identify(source_of(data)) for junk, data in JUNK.items()}
    assert not any(claimed.values()), claimed


@pytest.mark.fuzz
@pytest.mark.parametrize("case", READ, ids=str)
def test_a_cut_file_is_an_ingest_error_or_conserved(case: Case) -> None:
    """Half of every golden input: never another exception, never an unaccounted record."""
    data = case.data()
    connector = connectors()[case.connector]
    for share in (0.97, 0.6, 0.3):
        source = source_of(data[: int(len(data) * share)])
        variant = connector.identify(source)
        if variant is None:
            continue
        try:
            items = list(connector.extract(source, variant))
        except contract.IngestError:
            continue
        total = sum(item.records for item in items if isinstance(item, Total))
        skipped = sum(item.count for item in items if isinstance(item, Skip))
        carried = {r for i in items if isinstance(i, Batch) for r in i.data["record"].to_pylist()}
        assert len(carried) + skipped == total


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_is_small_and_says_what_it_shows(case: Case) -> None:
    (path,) = case.folder.glob("input.*")
    assert path.stat().st_size <= 6_000
    assert {"variant", "shows", "evidence"} <= set(case.about)
    assert ("error" in case.about) != case.expected.exists()


def test_shapes_are_one_declaration() -> None:
    assert all(isinstance(schema, pa.Schema) for schema in SHAPES.values())
