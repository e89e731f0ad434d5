"""Sleep and wake without overlaps, against minutes that are painted one after the other."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.sleep.parts import ASLEEP, sleep_parts
from warehouse.schema import EPISODE

pytestmark = pytest.mark.whole

ZERO = dt.datetime(2025, 3, 10, 22, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
HERE = dt.timedelta(hours=1)
LABELS = ("light", "deep", "rem", "awake", "unknown", "in_bed", "out_of_bed", "asleep_unspecified")
Fact = dict[str, Any]

facts = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["sleep_stage", "sleep_stage", "sleep_stage", "sleep"]),
        "label": st.sampled_from(LABELS),
        "begin": st.integers(0, 40),
        "length": st.integers(-1, 12),
        "connector": st.sampled_from(["oura", "garmin_connect"]),
        "device": st.sampled_from([None, "ring"]),
        "session": st.sampled_from([None, "a", "b"]),
    }
)


def told(given_facts: list[Fact]) -> pa.Table:
    """The canonical episodes."""
    rows = []
    for record, fact in enumerate(given_facts, 1):
        begin = ZERO + dt.timedelta(minutes=fact["begin"])
        end = begin + dt.timedelta(minutes=fact["length"])
        clock = {"start_local": begin + HERE, "end_local": end + HERE}
        clock = {name: moment.replace(tzinfo=None) for name, moment in clock.items()}
        rows.append({**fact, **clock, "start_at": begin, "end_at": end, "record": record})
    return pa.Table.from_pylist(rows, EPISODE)


def parts(given_facts: list[Fact]) -> list[Fact]:
    found: list[Fact] = sleep_parts(told(given_facts)).to_pylist()
    return found


def stream(row: Fact) -> tuple[str, str]:
    return row["connector"], row["device"] or ""


def painted(given_facts: list[Fact]) -> list[tuple[Any, ...]]:
    """The same, minute by minute: whoever comes first keeps a minute."""
    staged = {
        (fact["connector"], fact["session"])
        for fact in given_facts
        if fact["kind"] == "sleep_stage" and fact["session"] and fact["length"] > 0
        if fact["label"] not in ("in_bed", "out_of_bed")
    }
    count = [
        {**fact, "record": record, "label": fact["label"] if is_stage else "asleep_unspecified"}
        for record, fact in enumerate(given_facts, 1)
        for is_stage in [fact["kind"] == "sleep_stage"]
        if fact["length"] > 0 and fact["label"] not in ("in_bed", "out_of_bed")
        if is_stage or (fact["connector"], fact["session"]) not in staged
    ]
    owner: dict[tuple[tuple[str, str], int], Fact] = {}
    for fact in sorted(count, key=lambda f: (f["begin"], -f["length"], f["record"])):
        for place in range(fact["begin"], fact["begin"] + fact["length"]):
            owner.setdefault((stream(fact), place), fact)
    lengths = Counter((where, fact["record"], fact["label"]) for (where, _), fact in owner.items())
    return sorted((*key, length) for key, length in lengths.items())


@given(st.lists(facts, max_size=12))
def test_every_minute_belongs_to_the_first_that_tells_of_it(given_facts: list[Fact]) -> None:
    found = [
        (stream(row), row["record"], row["label"], (row["end_at"] - row["start_at"]) // MINUTE)
        for row in parts(given_facts)
    ]
    assert sorted(found) == painted(given_facts)


WITHIN = [
    {"kind": "sleep_stage", "connector": "oura", "device": None, "session": None} | fact
    for fact in (
        {"label": "awake", "begin": 0, "length": 10},
        {"label": "light", "begin": 2, "length": 3},
        {"label": "rem", "begin": 10, "length": 5},
    )
]


@given(st.lists(facts, max_size=12))
@example(WITHIN)
def test_what_came_before_is_known_and_nothing_overlaps(given_facts: list[Fact]) -> None:
    covered: dict[tuple[str, str], list[dt.datetime]] = {}
    asleep: dict[tuple[str, str], list[dt.datetime]] = {}
    for row in parts(given_facts):
        where = stream(row)
        assert row["covered_until"] == max(covered.get(where, []), default=None)
        assert row["asleep_until"] == max(asleep.get(where, []), default=None)
        assert row["covered_until"] is None or row["start_at"] >= row["covered_until"]
        local = row["end_local"] - row["start_local"]
        assert local == row["end_at"] - row["start_at"] > dt.timedelta(0)
        assert row["is_asleep"] == (row["label"] in ASLEEP)
        covered.setdefault(where, []).append(row["end_at"])
        if row["is_asleep"]:
            asleep.setdefault(where, []).append(row["end_at"])


@given(st.lists(facts, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(given_facts: list[Fact], chance: Any) -> None:
    episode = told(given_facts)
    order = list(range(len(episode)))
    chance.shuffle(order)
    shuffled = episode.take(pa.array(order, pa.int64()))
    assert sleep_parts(shuffled).to_pylist() == sleep_parts(episode).to_pylist()
