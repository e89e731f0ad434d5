"""mcp: three read-only tools for the client of a language model, over stdin and stdout."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb

from flows.usage import UsageError, opened, say
from warehouse.sandbox import Refused, answer, sandboxed
from warehouse.steady import steadily
from warehouse.store.lake import Lake
from warehouse.view_files import relations

MISSING = (
    "this needs the extra `mcp`: python -m pip install '.[mcp]' in the folder of dawnlake's source"
)
ABOUT = (
    "Sleep and continuous glucose of people, one row per night in night_to_day. Ask `views` "
    "first: it tells columns with units. Unknown is NULL, never 0. Days of one person are "
    "compared; nothing here shows a cause, and nothing is medical advice."
)
NIGHT = "from night_to_day where participant_id = $who and sleep_date = $date"
RESTS_ON = """
    select part, connector, file, count(*) as row_count, min(record) as first_record,
        max(record) as last_record
    from night_source where participant_id = $who and sleep_date = $date
    group by part, connector, file order by part, connector, file
"""


def serve_mcp(folder: Path) -> int:
    """Answer until the client leaves.

    Raises: UsageError if there is no such lake, or the extra is not installed.
    """
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise UsageError(MISSING) from None
    lake, connection = opened(folder)  # a lake that was moved is related to its place
    connection.close()
    server = MCPServer("dawnlake", instructions=ABOUT, log_level="WARNING")
    for tool in Tools(lake, ToolError).all():
        server.add_tool(tool, structured_output=False)
    say("three read-only tools for a client, which sends the answers to its model's provider")
    server.run("stdio")
    return 0


class Tools:
    """What a model may ask. Each answer is JSON, from a connection of its own: a lake that a run
    has changed meanwhile is seen as it is now."""

    def __init__(self, lake: Lake, mistake: type[Exception]) -> None:
        self.lake, self.mistake = lake, mistake  # what the client is told of, in words

    def all(self) -> list[Any]:
        """The tools, each a function with its name, types and description."""
        return [self.views, self.query, self.night]

    def views(self, name: str | None = None) -> str:
        """Views that can be asked and what a row of each is; of one view its columns with units."""
        public = {n: v for n, v in relations().items() if v.layer == "marts"}
        if name is None:
            return _told({n: v.comment for n, v in public.items()})
        if name not in public:
            raise self.mistake(f"no view {name}; without a name all are listed")
        view = public[name]
        return _told({"call": view.call, "about": view.comment, "columns": view.columns})

    def query(self, sql: str) -> str:
        """The rows of one SELECT in DuckDB's SQL over these views, at most 200 of them."""
        try:
            with sandboxed(self.lake) as connection:
                found = steadily(lambda: answer(connection, sql))
        except (Refused, duckdb.Error) as error:
            raise self.mistake(str(error).split("\n\n")[0]) from None
        return _told({"columns": found.columns, "rows": found.rows, "there_are_more": found.is_cut})

    def night(self, participant_id: str, sleep_date: str) -> str:
        """A night by the date of its wake: its numbers, what each means, what they rest on."""
        try:
            date = dt.date.fromisoformat(sleep_date)
        except ValueError:
            raise self.mistake("a night is named by a date such as 2025-10-26") from None
        values = {"who": participant_id, "date": date}
        with sandboxed(self.lake) as connection:
            found = steadily(lambda: _rows(connection, NIGHT, values))
            sources = steadily(lambda: _rows(connection, RESTS_ON, values))
        if not found:
            raise self.mistake(f"no night of {participant_id} has its wake on {date}")
        meanings = relations()["night_to_day"].columns
        numbers = {
            name: {"value": value, "meaning": meanings[name]}
            for name, value in found[0].items()
            if value is not None
        }
        return _told({"numbers": numbers, "rests_on": sources})


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, object]
) -> list[dict[str, Any]]:
    found = connection.execute(sql, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _told(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
