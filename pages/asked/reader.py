"""Rows of a lake about one participant in a period, as they are or disguised."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from warehouse.disguise import Disguise
from warehouse.harmless import NOT_GIVEN, TEXTS
from warehouse.steady import steadily

Row = dict[str, Any]
EVER = (dt.date(1, 1, 1), dt.date(9999, 12, 31))


@dataclass(frozen=True)
class Reader:
    """Asks a connection. In queries `$who`, `$first` and `$last` stand for its own.

    With a disguise every row loses here what `dawnlake export --deidentify` leaves out: there is no
    other way from the warehouse to a page. Columns keep their names in queries, since their names
    say what they are.
    """

    connection: duckdb.DuckDBPyConnection
    who: str
    first: dt.date | None = None
    last: dt.date | None = None
    disguise: Disguise | None = None

    @property
    def shown_id(self) -> str:
        """The participant's id, or the one in its place."""
        return self.who if self.disguise is None else self.disguise.ids[self.who]

    @property
    def is_whole(self) -> bool:
        """Whether all dates were asked for."""
        return self.first is None and self.last is None

    def rows(self, sql: str, **values: object) -> list[Row]:
        """The rows of a query by column name."""
        known = {"who": self.who, "first": self.first or EVER[0], "last": self.last or EVER[1]}
        said = {name: value for name, value in (known | values).items() if _names(sql, name)}

        def ask() -> tuple[list[str], list[Any]]:
            found = self.connection.execute(sql, said)
            return [column[0] for column in found.description or ()], found.fetchall()

        names, found = steadily(ask)
        rows = [dict(zip(names, row, strict=True)) for row in found]
        return self.disguised(rows)

    def row(self, sql: str, **values: object) -> Row | None:
        """The only row of a query; None if there is none."""
        found = self.rows(sql, **values)
        return found[0] if found else None

    def undisguised(self) -> Reader:
        """The same without the disguise, for true dates to ask with. What it gives is not shown."""
        return replace(self, disguise=None)

    def disguised(self, rows: Sequence[Row]) -> list[Row]:
        """Rows as they may be shown."""
        if self.disguise is None:
            return list(rows)
        return [{name: self._cell(name, value) for name, value in row.items()} for row in rows]

    def _cell(self, name: str, value: object) -> object:
        assert self.disguise is not None
        if name == "participant_id":
            return self.shown_id
        if name in NOT_GIVEN:
            return None
        if isinstance(value, dt.date):  # also a moment
            return value - dt.timedelta(weeks=self.disguise.weeks[self.who])
        if isinstance(value, bool | int | float) or name in TEXTS:
            return value
        return None


def _names(sql: str, name: str) -> bool:
    return re.search(rf"\${name}\b", sql) is not None


def people(connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
    """Everyone of `participant_overview`, in order."""
    sql = "select participant_id from participant_overview order by participant_id"
    return [row[0] for row in steadily(lambda: connection.execute(sql).fetchall())]
