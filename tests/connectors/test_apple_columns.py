"""Apple's times, read in one cast or in parts: the same either way."""

from __future__ import annotations

import datetime as dt
from unittest.mock import patch

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.apple import columns as apple_columns
from connectors.apple.columns import instants

MOMENTS = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))
OFFSETS = st.sampled_from([0, 60, -210, 345, 840, -720])


def written(moment: dt.datetime, offset: int) -> str:
    zone = dt.timezone(dt.timedelta(minutes=offset))
    return moment.replace(microsecond=0, tzinfo=zone).strftime("%Y-%m-%d %H:%M:%S %z")


@given(st.lists(st.tuples(MOMENTS, OFFSETS), min_size=1))
def test_each_instant_by_its_own_offset(told: list[tuple[dt.datetime, int]]) -> None:
    expected = [
        m.replace(microsecond=0, tzinfo=dt.UTC) - dt.timedelta(minutes=offset) for m, offset in told
    ]
    texts = pa.array([written(*each) for each in told])
    assert instants(texts).to_pylist() == expected
    assert instants(texts.slice(1)).to_pylist() == expected[1:]
    assert apple_columns._usual_instants(texts) is not None


@st.composite
def misprints(draw: st.DrawFn) -> str:
    """A time with some of its letters changed, left out or doubled."""
    text = written(draw(MOMENTS), draw(OFFSETS))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + draw(st.text("0123456789 +-:TZ.é", max_size=2)) + text[place + 1 :]
    return text


@given(st.lists(st.one_of(misprints(), st.none()), min_size=1, max_size=3))
@example(["2022-11-02 22:26:14 .5123"])
@example(["2022-11-02 22:26:60 +0100"])
@example(["2022-11-02 22:26:14 +2400"])
@example(["2022-11-02 22:26:14 +01:0"])
@example(["2022-11-02 22:26:14Z+0100"])
def test_what_is_misprinted_is_read_the_same_in_one_cast_and_in_parts(
    texts: list[str | None],
) -> None:
    column = pa.array(texts, pa.string())
    with patch.object(apple_columns, "_usual_instants", lambda _: None):
        in_parts = instants(column)
    assert instants(column).equals(in_parts)
