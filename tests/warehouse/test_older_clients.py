"""The DuckDB of people's own notebooks and shells opens a lake that a newer one has written.

`make env` puts the older ones beside everything else, each by a lock of its own (tests/clients).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.lake import demo_lake, opened, settled
from warehouse.store.database import STORAGE_VERSION, writable
from warehouse.view_files import relations

pytestmark = [pytest.mark.whole, pytest.mark.long]

CLIENTS = [lock.stem for lock in sorted((Path(__file__).parents[1] / "clients").glob("*.lock"))]
NEWEST = CLIENTS[-1]
ASK = """
import duckdb, json, sys
database, queries = sys.argv[1], json.load(sys.stdin)
told = {"version": duckdb.__version__}
with duckdb.connect(database, read_only=True) as connection:
    connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
    for query in queries:
        try:
            told[query] = len(connection.execute(query).fetchall())
        except duckdb.Error as error:
            told[query] = str(error)
print(json.dumps(told))
"""


def everything(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """A query to each relation of a warehouse, and to each table macro as it is tried."""
    named = connection.execute(
        "select schema_name, view_name from duckdb_views() where not internal union all "
        "select schema_name, table_name from duckdb_tables() where not internal"
    ).fetchall()
    tried = [view for view in relations().values() if view.parameters]
    words = [
        (view.name, [f"'live.{like}'" if like else "null" for like in view.parameters.values()])
        for view in tried
    ]
    return [
        *(f'from "{schema}"."{name}"' for schema, name in sorted(named)),
        *(f"from {name}({', '.join(parameters)})" for name, parameters in words),
    ]


@pytest.fixture(scope="module")
def every() -> dict[str, int]:
    """How many rows each query of `everything` gives."""
    with opened(demo_lake()) as connection:
        queries = everything(connection)
    with settled(demo_lake()) as connection:
        return {query: len(connection.execute(query).fetchall()) for query in queries}


# what is kept, and for the newest of them and in `make slow` also the definitions
ASKED = [
    pytest.param(client, which, marks=[pytest.mark.slow] * (which == "live" and client != NEWEST))
    for client in CLIENTS
    for which in ("main", "live")
]


@pytest.mark.parametrize(("client", "which"), ASKED)
def test_an_older_duckdb_answers_every_relation_as_ours_does(
    client: str, which: str, every: dict[str, int]
) -> None:
    expected = {sql: n for sql, n in every.items() if ('"live".' in sql) == (which == "live")}
    folder = Path(sys.prefix) / client
    if not folder.is_dir() and "CI" not in os.environ:
        pytest.skip(f"{client} is not there: make env installs it")
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(demo_lake().warehouse)],
        input=json.dumps(list(expected)),
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told.pop("version").startswith(client.removeprefix("duckdb-"))
    assert told == expected
    assert sum(count > 0 for count in expected.values()) > 20


def test_a_database_that_is_changed_keeps_the_older_form(tmp_path: Path) -> None:
    place = tmp_path / "some.duckdb"
    for statement in ("create table one as select 1 as i", "create table two as select 2 as i"):
        with writable(place) as connection:
            connection.execute(statement)
            connection.execute("checkpoint")
    with duckdb.connect(str(place), read_only=True) as connection:
        (tags,) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'some'"
        ).fetchall()
    assert tags[0]["storage_version"].startswith(STORAGE_VERSION)
