"""Changes to an SQLite database: cells, columns, tables, by SQL; pages by their bytes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random

from tests.fuzz import hostile

PAGE = 4096


def sqlite_changed(data: bytes, chance: Random) -> bytes:
    """One change; a database that cannot be opened any more has a byte changed."""
    if chance.random() < 0.35:
        return _page(data, chance)
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(data)
            _change(database, chance)
            database.commit()
            return database.serialize()
    except (sqlite3.Error, UnicodeError, LookupError):  # the last where nothing is left in it
        return _page(data, chance)


def _change(database: sqlite3.Connection, chance: Random) -> None:
    names = [name for (name,) in database.execute("select name from sqlite_master where sql <> ''")]
    table = _quoted(chance.choice(names))
    columns = [_quoted(row[1]) for row in database.execute(f"pragma table_info({table})")]
    column, other = chance.choice(columns), chance.choice(columns)
    rows = database.execute(f"select rowid from {table}").fetchall() or [(0,)]
    (row,) = chance.choice(rows)
    match chance.randrange(11):
        case 0:
            database.execute(f"alter table {table} rename column {column} to {_name(chance)}")
        case 1:
            database.execute(f"alter table {table} drop column {column}")
        case 2:
            database.execute(f"drop table {table}")
        case 3:
            database.execute(f"insert into {table} select * from {table}")
        case 4:
            database.execute(f"update {table} set {column} = {other}")
        case 5:
            database.execute(f"alter table {table} rename to {_name(chance)}")
        case 6:
            database.execute(f"alter table {table} add column {_name(chance)} any")
        case 7:
            database.execute(f"delete from {table} where rowid = ?", (row,))
        case 8:
            database.execute(f"create table {_name(chance)}_record_table as select * from {table}")
        case _:
            change = f"update {table} set {column} = ? where rowid = ?"
            database.execute(change, (_value(chance), row))


def _value(chance: Random) -> object:
    word = hostile.value(chance)
    number = chance.choice((0, -1, 2**31, 2**53, 2**63 - 1, -(2**63), 1_700_000_000_000, 86_400))
    real = chance.choice((1e308, -1e308, float("inf"), 0.5, -0.0, 5e-324, float("nan")))
    return chance.choice(
        (None, number, number, real, word, word.encode()[:99], b"\xff\x00", 10**12)
    )


def _page(data: bytes, chance: Random) -> bytes:
    """A few bytes overwritten: of the file's header, of a page's header, anywhere."""
    page = chance.randrange(max(1, len(data) // PAGE)) * PAGE
    at = chance.choice(
        (chance.randrange(100), page + chance.randrange(12), chance.randrange(1 << 17))
    )
    new = chance.choice((chance.randbytes(1), b"\0", b"\xff\xff", chance.randbytes(4)))
    return data[:at] + new + data[at + len(new) :]


def _name(chance: Random) -> str:
    return _quoted(
        chance.choice(("x", "uuid", "a b", "ü", 'q"', "sleep_stages_table", "start_time"))
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
