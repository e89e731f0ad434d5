"""What must hold of clocks whatever happens: zones, journeys, counters, evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lake import reported
from tests.strategies import MINUTE, journeys, micros, visits
from transforms.arrays import DAY, HOUR, Micros
from transforms.clocks.claims import Claim
from transforms.clocks.itinerary import Itinerary, Patience, itinerary
from transforms.clocks.known import Clocks, Readings
from transforms.clocks.timeline import Stay, Timeline, spans_of, timeline
from transforms.clocks.times import times

pytestmark = [pytest.mark.whole, pytest.mark.long]

YEARS = (2014, 2016)
SPRING, END = micros(dt.datetime(2015, 2, 1)), micros(dt.datetime(2015, 12, 20))


def truth_of(stays: Sequence[Stay]) -> Timeline:
    return timeline(stays, *YEARS)


def counted(instants: Micros, clock: Timeline, counter: str, born: int) -> pa.Table:
    """Readings of a phone: its wall clock follows the person, the transmitter counts seconds."""
    (one,) = reported("sample", [{"metric": "interstitial_glucose"}]).to_batches()
    columns = {name: pa.repeat(one[name][0], len(instants)) for name in one.schema.names}
    columns["record"] = pa.array(np.arange(1, len(instants) + 1))
    columns["start_wall"] = pa.array(clock.wall(instants)).cast(pa.timestamp("us"))
    columns["device"] = pa.repeat(pa.scalar("iPhone G6"), len(instants))
    columns["clock_id"] = pa.repeat(pa.scalar(counter), len(instants))
    columns["clock_s"] = pa.array((instants - born) // 1_000_000)
    return pa.table(columns, schema=one.schema)


def known(rows: pa.Table, home: str, claims: Sequence[Claim] = ()) -> Clocks:
    """All that can be known of the clocks of a person whose home is told."""
    spans = spans_of([Stay(None, home)], *YEARS)
    with_counter = rows.filter(pc.is_valid(rows["clock_s"]))
    readings = Readings(with_counter, rows.slice(0, 0))
    return Clocks.told(spans, claims, readings, YEARS, Patience())


def starts(rows: pa.Table, clocks: Clocks) -> list[int | None]:
    """Instants in microseconds, None where there is none."""
    found = times(rows, clocks).start
    return [
        int(instant) if is_known else None
        for instant, is_known in zip(found.micros, found.known, strict=True)
    ]


def transmitters(rng: np.random.Generator) -> list[tuple[str, int, Micros]]:
    """Name, first second and readings of one transmitter after the other, for most of a year."""
    lives = []
    begin = SPRING - 10 * DAY
    while begin < END:
        end = min(begin + int(rng.integers(40, 90)) * DAY, END)
        instants = np.arange(begin, end, int(rng.choice([30, 55, 115])) * MINUTE)
        instants = instants[rng.random(len(instants)) < rng.uniform(0.5, 1)]
        instants = instants + rng.integers(0, 3, len(instants)) * 1_000_000
        lives.append((f"8A{len(lives)}", begin - int(rng.integers(1, 9)) * HOUR, instants))
        begin = end + int(rng.integers(1, 4)) * HOUR
    return lives


@pytest.mark.simulation
@settings(max_examples=25)
@given(visits(), st.integers(0, 2**32))
def test_counters_place_every_reading_of_a_traveller(stays: list[Stay], seed: int) -> None:
    """Home alone is told. Every minute is conserved, in whatever order the rows come."""
    rng = np.random.default_rng(seed)
    truth, lives = truth_of(stays), transmitters(rng)
    rows = pa.concat_tables(counted(instants, truth, name, born) for name, born, instants in lives)
    expected = np.concatenate([instants for _, _, instants in lives])
    order = rng.permutation(rows.num_rows)
    rows = rows.take(pa.array(order))
    clocks = known(rows, stays[0].zone)
    assert starts(rows, clocks) == expected[order].tolist()
    # and the person's own clock is the phone's
    assert np.array_equal(clocks.zone.wall(expected), truth.wall(expected))


@st.composite
def nights_abroad(draw: st.DrawFn) -> tuple[list[Stay], list[Claim], list[bool]]:
    """Journeys, a source that tells every night's offset, and which nights are known first."""
    stays = draw(journeys())
    truth = truth_of(stays)
    claims = []
    for day in range(0, 320):
        first = SPRING + day * DAY + draw(st.integers(0, 3)) * HOUR
        offset = int(truth.offset_at(np.array([first]))[0])
        last = first + 7 * HOUR
        if truth.offset_at(np.array([last]))[0] == offset:
            claims.append(Claim(first, last, "oura", "offset", offset // MINUTE))
    share = draw(st.floats(0, 1))
    is_first = [draw(st.floats(0, 1)) < share for _ in claims] if share < 0.9 else []
    return stays, claims, is_first or [True] * len(claims)


def bare(told: Itinerary, walls: Micros) -> list[int | None]:
    """Instants of wall clocks by the zones alone; None where there are two."""
    found = told.timeline.resolve(walls)
    return [
        int(instant) if count < 2 else None
        for instant, count in zip(found.first, found.count, strict=True)
    ]


@settings(max_examples=25)
@given(nights_abroad())
def test_true_evidence_never_moves_a_time_that_was_right(told: object) -> None:
    """What was placed rightly by some of the evidence stays there when more becomes known; it may
    turn out to have two instants, and then has none."""
    stays, claims, is_first = told  # type: ignore[misc]
    truth = truth_of(stays)
    spans = spans_of([Stay(None, stays[0].zone)], *YEARS)
    instants = np.arange(SPRING, END, 7 * HOUR + 13 * MINUTE)
    walls = truth.wall(instants)
    some = [claim for claim, is_early in zip(claims, is_first, strict=True) if is_early]
    before = bare(itinerary(spans, some, YEARS, Patience()), walls)
    after = bare(itinerary(spans, claims, YEARS, Patience()), walls)
    for instant, early, late in zip(instants.tolist(), before, after, strict=True):
        if early == instant:
            assert late in (instant, None)


@settings(max_examples=25)
@given(nights_abroad())
def test_evidence_of_every_night_is_followed(told: object) -> None:
    """In each night the zone timeline shows what the source stated, and nothing contradicts it."""
    stays, claims, _ = told  # type: ignore[misc]
    spans = spans_of([Stay(None, stays[0].zone)], *YEARS)
    found = itinerary(spans, claims, YEARS, Patience())
    ends = np.array([t for claim in claims for t in (claim.first, claim.last)])
    assert np.array_equal(found.timeline.offset_at(ends), truth_of(stays).offset_at(ends))
    assert found.contradictions == ()
