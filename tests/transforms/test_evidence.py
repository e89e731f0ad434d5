"""What extracted rows tell of clocks, against a plain reading of the rule, row by row."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import SAMPLE
from tests import strategies  # noqa: F401  # how Hypothesis is run
from transforms.clocks.claims import Claim
from transforms.clocks.counter import LONGEST_SILENCE
from transforms.clocks.every_zone import is_zone
from transforms.clocks.evidence import claims
from transforms.clocks.timeline import HOUR, MINUTE

pytestmark = [pytest.mark.whole, pytest.mark.long]

START = dt.datetime(2024, 3, 30, tzinfo=dt.UTC)
SCHEMA = SAMPLE.append(pa.field("connector", pa.string())).append(pa.field("file", pa.string()))
Row = dict[str, object]


def row(
    start_min: int,
    end_min: int | None,
    record: int,
    file: str,
    device: str | None,
    zone: str | None,
    offsets: tuple[int | None, int | None],
) -> Row:
    """An extracted sample by its instant, minutes after START."""
    end = None if end_min is None else START + dt.timedelta(minutes=end_min)
    return {
        "record": record,
        "metric": "heart_rate",
        "start_utc": START + dt.timedelta(minutes=start_min),
        "start_offset_min": offsets[0],
        "end_utc": end,
        "end_offset_min": None if end is None else offsets[1],
        "zone": zone,
        "device": device,
        "connector": "apple_health",
        "file": file,
    }


def told(rows: list[Row]) -> list[Claim]:
    """The claims of rows, as alignment asks for them."""
    with duckdb.connect() as connection:
        connection.register("rows", pa.Table.from_pylist(rows, SCHEMA))
        return claims(connection, ["rows"])


Said = tuple[str | None, str | None, int | None]  # device, zone, offset
Ends = tuple[int, int]


def plain(rows: list[Row]) -> list[Claim]:
    """The same, one row after the other."""
    by_record: dict[tuple[Said, object, object], list[Ends]] = defaultdict(list)
    for each in rows:
        for said, ends in statements(each):
            by_record[said, each["file"], each["record"]].append(ends)
    stretches: dict[Said, set[Ends]] = defaultdict(set)
    for (said, _, _), ends in by_record.items():
        stretches[said].add((min(a for a, _ in ends), max(b for _, b in ends)))
    found: list[Claim] = []
    for (device, zone, offset), pieces in stretches.items():
        source = "apple_health" if device is None else f"apple_health {device}"
        if zone is not None and not is_zone(zone):
            continue
        mine: list[Claim] = []
        reached = None
        for first, last in sorted(pieces):
            if reached is None or first - reached > LONGEST_SILENCE:
                ground = "offset" if zone is None else "zone_name"
                mine.append(Claim(first, last, source, ground, offset, zone, 0))  # type: ignore[arg-type]
            now = mine[-1]
            mine[-1] = Claim(
                now.first, max(now.last, last), source, now.ground, offset, zone, now.pieces + 1
            )
            reached = last if reached is None else max(reached, last)
        found += mine
    return found


def statements(each: Row) -> list[tuple[Said, Ends]]:
    """What one row says, and from when until when."""
    start, end = micros(each["start_utc"]), micros(each["end_utc"])
    device, zone = each["device"], each["zone"]
    one, other = each["start_offset_min"], each["end_offset_min"]
    assert start is not None
    if zone is not None:
        return [((device, zone, None), (start, start if end is None else end))]  # type: ignore[list-item]
    said: list[tuple[Said, Ends]] = []
    if one is not None:
        is_one = one == other and end is not None
        said.append(((device, None, one), (start, end if is_one and end else start)))  # type: ignore[arg-type]
    if end is not None and one is not None and other is not None and one != other:
        said.append(((device, None, other), (end, end)))  # type: ignore[arg-type]
    return [each for each in said if abs(each[0][2] or 0) <= 840]


def micros(moment: object) -> int | None:
    if not isinstance(moment, dt.datetime):
        return None
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


OFFSETS = st.sampled_from([None, 0, 60, 120, -240, 900])
MINUTES = st.integers(0, 3000)
ROWS = st.lists(
    st.builds(
        row,
        MINUTES,
        st.none() | MINUTES,
        st.integers(1, 12),
        st.sampled_from(["a", "b"]),
        st.sampled_from([None, "", "watch", "phone"]),
        st.sampled_from([None, None, "Europe/Berlin", "Asia/Tokyo", "120", "nowhere"]),
        st.tuples(OFFSETS, OFFSETS),
    ),
    max_size=30,
)


@given(ROWS)
def test_claims_are_those_of_a_plain_reading(rows: list[Row]) -> None:
    found = told(rows)
    assert sorted(found, key=repr) == sorted(plain(rows), key=repr)
    assert found == sorted(found, key=lambda c: (c.first, c.last, c.source))


@given(ROWS, st.randoms())
def test_claims_know_no_order_of_rows(rows: list[Row], random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert told(mixed) == told(rows)


def test_what_is_said_again_within_three_hours_is_one_claim() -> None:
    minutes = (0, 179, 358, 600)
    rows = [
        row(m, None, n, "a", "watch", "Asia/Tokyo", (None, None)) for n, m in enumerate(minutes)
    ]
    begin = micros(START) or 0
    source = "apple_health watch"
    assert told(rows) == [
        Claim(begin, begin + 358 * MINUTE, source, "zone_name", None, "Asia/Tokyo", 3),
        Claim(begin + 10 * HOUR, begin + 10 * HOUR, source, "zone_name", None, "Asia/Tokyo", 1),
    ]


def test_a_record_is_told_by_its_file_and_number_and_a_fact_by_what_it_says() -> None:
    def zoned(minute: int, file: str) -> Row:
        return row(minute, None, 1, file, "watch", "Asia/Tokyo", (None, None))

    assert [c.pieces for c in told([zoned(0, "a"), zoned(5, "b")])] == [2]
    assert [c.pieces for c in told([zoned(0, "a"), zoned(0, "b")])] == [1]
    assert [c.pieces for c in told([zoned(0, "a"), zoned(5, "a")])] == [1]
