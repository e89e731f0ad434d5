"""Exports that overlap: one record is one piece of evidence, in however many files it stands."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lake import Row, clarity, kept, put, table
from tests.strategies import at, micros
from tests.travellers import Traveller, clocks_of, traveller
from transforms.arrays import Micros
from transforms.clocks.timeline import Stay
from transforms.clocks.times import Times, times
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

SAMPLE = ("metric", "value", "start_at", "start_local", "time_basis", "flag")


def seen(who: Traveller, *chosen: Micros) -> dict[int, tuple[int, int, bool]]:
    """Of each reading in some exports, by its number: instant, wall clock, and how it is known."""
    rows = pa.concat_tables(who.rows(each, f"{n:016}") for n, each in enumerate(chosen))
    told: Times = times(rows, clocks_of(rows, who.home))
    numbers = np.concatenate(chosen).tolist()
    columns = (told.start.micros, told.start_local.micros, told.basis)
    values = zip(*(column.tolist() for column in columns), strict=True)
    found: dict[int, tuple[int, int, bool]] = {}
    for number, value in zip(numbers, values, strict=True):
        assert found.setdefault(number, value) == value  # the copies agree
    return found


@st.composite
def covers(draw: st.DrawFn, size: int) -> list[tuple[int, int]]:
    """Stretches of `size` records that overlap and leave none out, and more of them by chance."""
    parts, reached = [], 0
    while reached < size:
        first = max(reached - draw(st.integers(0, size // 3)), 0)
        reached = min(reached + draw(st.integers(size // 6, size)), size)
        parts.append((first, reached))
    for _ in range(draw(st.integers(0, 2))):
        first = draw(st.integers(0, size - 2))
        parts.append((first, draw(st.integers(first + 1, size))))
    return draw(st.permutations(parts))


@st.composite
def journeys_and_covers(draw: st.DrawFn) -> tuple[Traveller, list[tuple[int, int]]]:
    """A month with journeys shorter and longer than a day, and how it was downloaded."""
    who = traveller(draw(st.integers(0, 10_000)), every=30)
    begin = int(draw(st.integers(0, len(who.instants) - 1500)))
    month = np.arange(begin, begin + draw(st.integers(200, 1440)))
    day = at(int(who.instants[month[0]]))
    stays = [who.stays[0]]
    for _ in range(draw(st.integers(1, 2))):
        day += dt.timedelta(hours=draw(st.integers(6, 150)))
        # by the clock there, which may be ahead of home by so much
        zone, ahead = draw(st.sampled_from([("Asia/Tokyo", 17), ("America/Denver", 0)]))
        until = day + dt.timedelta(hours=draw(st.integers(3, 90)) + ahead)
        stays.append(Stay(day, zone, until))
        day = until
    short = Traveller(who.home, stays, who.instants[month], who.sensor[month], who.count[month])
    return short, draw(covers(len(month)))


@settings(max_examples=20)
@given(journeys_and_covers())
def test_overlapping_parts_tell_what_the_whole_tells(
    told: tuple[Traveller, list[tuple[int, int]]],
) -> None:
    who, parts = told
    whole = seen(who, np.arange(len(who.instants)))
    assert seen(who, *(np.arange(a, b) for a, b in parts)) == whole


def canonical(lake: Lake, paths: list[Path], who: Traveller) -> list[Row]:
    """What comes of files, apart from which file told it."""
    for path in paths:
        kept(lake, [path], zone=who.home)
    rows = [{name: row[name] for name in SAMPLE} for row in table(lake, "sample")]
    stays = [(row["zone"], row["from_at"], row["to_at"]) for row in table(lake, "zone_timeline")]
    return [*rows, {"stays": stays}]


@pytest.mark.parametrize("hours", [9, 40])
def test_tables_of_overlapping_files_are_those_of_the_whole(hours: int, tmp_path: Path) -> None:
    """A journey shorter, and one longer, than stay_min_h."""
    home = traveller(1, every=30, home="Europe/Berlin")
    leaves = dt.datetime(2024, 6, 4, 12)
    stay = Stay(leaves, "America/New_York", leaves + dt.timedelta(hours=hours - 6))
    chosen = (home.instants >= micros(leaves) - 3 * 86_400_000_000) & (
        home.instants < micros(leaves) + 5 * 86_400_000_000
    )
    who = Traveller(
        home.home, [home.stays[0], stay], home.instants[chosen], home.sensor[chosen],
        home.count[chosen],
    )  # fmt: skip
    walls = [at(wall).isoformat() for wall in who.clock.wall(who.instants).tolist()]
    rows = [
        (wall, 90 + n % 50, count, f"S{sensor}")
        for n, (wall, count, sensor) in enumerate(
            zip(walls, who.count.tolist(), who.sensor.tolist(), strict=True)
        )
    ]
    size = len(rows)
    parts = [(0, size // 2), (size // 3, size), (size // 4, size // 2 + 20)]
    files = {f"{a}.csv": clarity(rows[a:b]) for a, b in parts}
    whole = put(tmp_path / "whole", {"a.csv": clarity(rows)})
    one = canonical(Lake(tmp_path / "one"), whole, who)
    assert canonical(Lake(tmp_path / "many"), put(tmp_path / "parts", files), who) == one
    assert len(one) == size + 1
