"""A connection that sees one participant alone, from the files of that one."""

from __future__ import annotations

import re

import duckdb
import pytest

from pages.asked import person
from tests.lake import demo_lake, opened
from warehouse.from_marts import computed_of
from warehouse.one_person import only_of
from warehouse.store.lake import PARTITION
from warehouse.view_files import relations

pytestmark = pytest.mark.whole


def asked_for() -> set[str]:
    """What the queries of a page name."""
    sql = " ".join(text for text in vars(person).values() if isinstance(text, str))
    return set(re.findall(r"\b(?:from|join) (\w+) (?!\()", sql)) - {"n"}


def test_a_page_names_all_that_it_asks() -> None:
    functions = {name for name, view in relations().items() if view.parameters}
    assert asked_for() - functions - set(person.ASKED) == set()
    assert "night_to_day" in asked_for()


@pytest.mark.parametrize("who", ["ada", "ben"])
def test_one_of_many_has_the_same_rows(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setattr("warehouse.store.lake.NAMED_MAX", 0)
    lake = demo_lake()
    with opened(lake) as connection:
        before = {name: found(connection, name, who) for name in person.ASKED}
        everyone = {name: count(connection, name) for name in person.ASKED}
        only_of(connection, lake, who, person.ASKED)
        after = {name: found(connection, name, who) for name in person.ASKED}
        narrowed = [n for n in person.ASKED if count(connection, n) < everyone[n]]
    assert after == before
    assert {"glucose", "zone_timeline"} <= set(narrowed)  # others share buckets


@pytest.mark.parametrize("who", ["ada", "ben", "nobody"])
@pytest.mark.parametrize("most", [0, 64])
def test_a_view_that_is_asked_of_marts_as_a_table_of_one(
    monkeypatch: pytest.MonkeyPatch, who: str, most: int
) -> None:
    monkeypatch.setattr("warehouse.store.lake.NAMED_MAX", most)
    lake = demo_lake()
    with opened(lake) as connection:
        before = found(connection, "night_source", who)
        computed_of(connection, lake, who, "night_source")
        assert found(connection, "night_source", who) == before
        assert count(connection, "night_source") == len(before)
        for name in ("glucose", "sleep_nightly", "daily"):
            assert count(connection, name) == len(found(connection, name, who))
    assert (who == "nobody") == (before == [])


def test_of_few_nothing_is_changed() -> None:
    lake = demo_lake()
    with opened(lake) as connection:
        only_of(connection, lake, "ada", person.ASKED)
        made = "from duckdb_views() where temporary and not internal"
        assert connection.execute(made).fetchall() == []


def found(connection: duckdb.DuckDBPyConnection, name: str, who: str) -> list[object]:
    sql = f"from {name} where {PARTITION} = ? order by all"
    return [str(row) for row in connection.execute(sql, [who]).fetchall()]


def count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    ((rows,),) = connection.execute(f"select count({PARTITION}) from {name}").fetchall()
    return int(rows)
