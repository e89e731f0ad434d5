"""Stages whose sleep is not told beside sleeps that are, and stages that name no sleep."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from transforms.sleep.belonging import adopted, belonging, without_orphans
from warehouse.schema import EPISODE

EVENING = dt.datetime(2026, 4, 12, 4, tzinfo=dt.UTC)


def row(kind: str, session: str | None, hour: float, connector: str = "fitbit_takeout") -> Any:
    start = EVENING + dt.timedelta(hours=hour)
    return {
        "kind": kind,
        "label": "sleep" if kind == "sleep" else "light",
        "session": session,
        "connector": connector,
        "start_at": start,
        "end_at": start + dt.timedelta(hours=1 if kind == "sleep_stage" else 8),
    }


def kept(*rows: Any) -> list[tuple[str, str | None, float]]:
    table = without_orphans(pa.Table.from_pylist(list(rows), EPISODE)).to_pylist()
    hours = [(each["start_at"] - EVENING).total_seconds() / 3600 for each in table]
    return [(r["kind"], r["session"], hour) for r, hour in zip(table, hours, strict=True)]


def test_stages_of_the_algorithm_that_is_not_carried_go() -> None:
    night = [row("sleep", "22", 4), row("sleep_stage", "22", 4)]
    other = [row("sleep_stage", "11", 1), row("sleep_stage", "11", 11)]
    assert kept(*night, *other) == [("sleep", "22", 4), ("sleep_stage", "22", 4)]


def test_stages_that_came_alone_stay() -> None:
    alone = [row("sleep_stage", "11", 1), row("sleep_stage", "11", 2)]
    assert len(kept(*alone)) == 2
    far = row("sleep", "22", 24 * 9)
    assert len(kept(*alone, far)) == 3
    elsewhere = row("sleep", "22", 1, connector="oura")
    assert len(kept(*alone, elsewhere)) == 3


def test_a_sleep_goes_as_a_whole() -> None:
    """Its first stage is near the other sleep, its last is not."""
    night = row("sleep", "22", 0)
    stages = [row("sleep_stage", "11", 31), row("sleep_stage", "11", 33)]
    assert kept(night, *stages) == [("sleep", "22", 0)]
    later = [row("sleep_stage", "11", 33), row("sleep_stage", "11", 35)]
    assert len(kept(night, *later)) == 3


def test_stages_of_no_named_sleep_stay() -> None:
    assert len(kept(row("sleep", "22", 0), row("sleep_stage", None, 1))) == 2


def test_a_stage_without_a_name_belongs_to_the_sleep_it_lies_in() -> None:
    sleeps = [row("sleep", "a", 0), row("sleep", "b", 7.5), row("sleep", "z", 3, "oura")]
    stages = [row("sleep_stage", None, hour) for hour in (-0.6, -0.4, 4, 7.2, 15.2)]
    table = pa.Table.from_pylist([*sleeps, *stages], EPISODE)
    found = [each["session"] for each in adopted(table).to_pylist()[3:]]
    assert found == [None, "a", "a", "b", None]
    assert belonging(table).num_rows == table.num_rows


def test_without_sleeps_or_lone_stages_nothing_changes() -> None:
    table = pa.Table.from_pylist([row("sleep_stage", None, 1), row("sleep_stage", "a", 2)], EPISODE)
    assert adopted(table).equals(table)
