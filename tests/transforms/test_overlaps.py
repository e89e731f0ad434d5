"""Exports that overlap: one record is one piece of evidence, in however many files it stands."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lake import PERSON, kept, put, table
from tests.strategies import HOUR, micros
from tests.travellers import Traveller, exports, traveller
from transforms.arrays import DAY, MINUTE, Micros
from transforms.clocks.timeline import Stay
from transforms.clocks.times import Times, times
from warehouse.store.lake import Lake

SAMPLE = ("metric", "value", "start_at", "start_local", "time_basis", "flag")


def seen(who: Traveller, *chosen: Micros) -> dict[int, tuple[int, int, bool]]:
    """Of each reading in some exports, by its number: instant, wall clock, and how it is known."""
    import pyarrow as pa

    from tests.travellers import clocks_of

    rows = pa.concat_tables(who.rows(each, f"{n:016}") for n, each in enumerate(chosen))
    told: Times = times(rows, clocks_of(rows, who.home))
    numbers = np.concatenate(chosen).tolist()
    values = zip(
        told.start.micros.tolist(), told.start_local.micros.tolist(), told.basis.tolist(), strict=True
    )
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
    at = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(who.instants[month[0]]))
    stays = [who.stays[0]]
    for _ in range(draw(st.integers(1, 2))):
        at += dt.timedelta(hours=draw(st.integers(6, 150)))
        until = at + dt.timedelta(hours=draw(st.integers(3, 90)))
        stays.append(Stay(at, draw(st.sampled_from(["Asia/Tokyo", "America/Denver"])), until))
        at = until
    short = Traveller(
        who.home, stays, who.instants[month], who.sensor[month], who.count[month]
    )
    return short, draw(covers(len(month)))


@settings(max_examples=20)
@given(journeys_and_covers())
def test_overlapping_parts_tell_what_the_whole_tells(
    told: tuple[Traveller, list[tuple[int, int]]],
) -> None:
    who, parts = told
    whole = seen(who, np.arange(len(who.instants)))
    assert seen(who, *(np.arange(a, b) for a, b in parts)) == whole
