"""Questions of strangers: what they may ask is answered, and no way leads out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.lake import demo_lake
from warehouse.sandbox import ROWS, Refused, answer, sandboxed

pytestmark = pytest.mark.whole

REPLACEMENTS = "python_enable_replacements"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with sandboxed(demo_lake()) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("select count(*) from night_to_day", 1),
        ("from glucose_summary_between('2025-10-12', '2025-10-20') order by participant_id", 2),
        ("with a as (select 1 as b) select * from a, range(3)", 3),
        ("from agp_profile where participant_id = 'ada' limit 5", 5),
        ("select * from live.night_to_day limit 1", 1),
        ("from night_source where participant_id = 'ada' and sleep_date = '2025-11-08'", ROWS),
    ],
)
def test_what_may_be_asked(connection: duckdb.DuckDBPyConnection, sql: str, count: int) -> None:
    assert len(answer(connection, sql).rows) == count


def test_rows_are_cut_and_that_is_said(connection: duckdb.DuckDBPyConnection) -> None:
    found = answer(connection, "select glucose_mgdl from glucose")
    assert (len(found.rows), found.is_cut, found.columns) == (ROWS, True, ["glucose_mgdl"])


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that nobody may see, in four formats' names."""
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n1,2\n")
    return path


WAYS_OUT = (
    "select * from '{secret}'",
    "select * from read_csv('{secret}')",
    "select * from read_text('{secret}')",
    "select * from read_blob('{secret}')",
    "select * from sniff_csv('{secret}')",
    "select * from read_parquet('{lake}/extracted/**/*.parquet')",
    "select * from read_text('{lake}/dawnlake.toml')",
    "select * from glob('{folder}/*')",
    "copy night_to_day to '{folder}/out.csv'",
    "copy (select 1) to '{folder}/out.parquet'",
    "export database '{folder}/out'",
    "attach '{folder}/out.duckdb'",
    "attach '{lake}/warehouse.duckdb' as again",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma database_list",
    "call pragma_version()",
    "create table a as select 1",
    "create or replace view night_to_day as select 1",
    "delete from night_to_day",
    "select 1; copy (select 1) to '{folder}/out.csv'",
    "select * from query('select 1')",
    "select * from query_table('night_to_day')",
    "select getenv('HOME')",
    "select * from duckdb_secrets()",
    "select * from duckdb_settings()",
    "select * from information_schema.tables",
    "select * from pg_catalog.pg_class",
    "select * from system.main.duckdb_tables",
    "explain analyze select 1",
    "prepare a as select 1",
    "select (select content from read_text('{secret}'))",
    "with a as (select * from read_text('{secret}')) select * from a",
    "from secret_of_ours",
)


@pytest.mark.parametrize("sql", WAYS_OUT)
def test_no_way_leads_out(connection: duckdb.DuckDBPyConnection, secret: Path, sql: str) -> None:
    secret_of_ours = duckdb.sql("select 1")  # a variable is no table
    asked = sql.format(secret=secret, folder=secret.parent, lake=demo_lake().root)
    with pytest.raises((Refused, duckdb.CatalogException)):
        answer(connection, asked)
    assert list(secret.parent.iterdir()) == [secret]
    del secret_of_ours


# to attach what is open already gives nothing new
@pytest.mark.parametrize("sql", [way for way in WAYS_OUT[:15] if "as again" not in way])
def test_the_second_fence_holds_alone(
    connection: duckdb.DuckDBPyConnection, secret: Path, sql: str
) -> None:
    """Without the first, DuckDB itself opens nothing."""
    asked = sql.format(secret=secret, folder=secret.parent, lake=demo_lake().root)
    with pytest.raises(duckdb.Error):
        connection.execute(asked).fetchall()
    assert list(secret.parent.iterdir()) == [secret]


def test_a_query_that_never_ends_is_ended(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.sandbox.SECONDS", 0.5)
    endless = (
        "select count(*) from range(10000000) as a, range(10000000) as b where a.range < b.range"
    )
    with pytest.raises(duckdb.Error):
        answer(connection, endless)
    assert answer(connection, "select 1").rows == [(1,)]


def test_two_queries_at_once_are_in_the_same_sandbox() -> None:
    with sandboxed(demo_lake()) as one, sandboxed(demo_lake()) as other:
        for connection in (one, other):
            told = [f"current_setting('{name}')" for name in ("timezone", REPLACEMENTS)]
            assert connection.execute(f"select {', '.join(told)}").fetchall() == [("UTC", False)]
            with pytest.raises(duckdb.Error, match="locked"):
                connection.execute("set enable_external_access = true")
