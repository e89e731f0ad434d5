"""What a text states, and what a database would take it for: words and digits nobody writes."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from connectors.reading import text_sql

WORDS = ("infinity", "-infinity", "epoch", "today", "now", "nan", "inf", "", "x", " ")
DISGUISED = ("1_000", "0x1F", "0b1", "1_0.5")


def read(sql: str, text: str) -> object:
    """What an expression over the column `t` says of a text."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        answer = connection.execute(f"select {sql} from (select ? as t)", [text])
        ((value,),) = answer.fetchall()
        return value


EXPRESSIONS = {
    "number": text_sql.number("t"),
    "integer": text_sql.integer("t"),
    "date": text_sql.date("t"),
    "written": text_sql.written("t", "['%Y-%m-%d', '%H']"),
    "instant": text_sql.instant("t"),
    "wall": text_sql.wall("t"),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("text", WORDS)
def test_a_word_is_no_time_and_no_number(name: str, text: str) -> None:
    assert read(EXPRESSIONS[name], text) is None


@pytest.mark.parametrize("name", ["number", "integer"])
@pytest.mark.parametrize("text", DISGUISED)
def test_digits_in_disguise_are_no_number(name: str, text: str) -> None:
    assert read(EXPRESSIONS[name], text) is None


def test_what_vendors_write_is_read() -> None:
    assert read(EXPRESSIONS["number"], "-1.5e3") == -1500
    assert read(EXPRESSIONS["number"], " 12 ") == 12
    assert read(EXPRESSIONS["integer"], "7061") == 7061
    assert read(EXPRESSIONS["integer"], "1.2E+3") == 1200
    assert read(EXPRESSIONS["date"], "2025-07-01T10:00:00") == dt.date(2025, 7, 1)
    assert read(EXPRESSIONS["written"], "2025-07-01") == dt.datetime(2025, 7, 1)
