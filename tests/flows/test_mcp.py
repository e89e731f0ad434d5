"""dawnlake mcp: a client over stdin and stdout gets three tools, and no more than they give."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flows.cli import main
from flows.commands.mcp import Tools
from tests.lake import asked, demo_lake

pytestmark = pytest.mark.whole


@pytest.fixture
def tools() -> Tools:
    gc.collect()  # whoever asked this warehouse before shares its settings, until that is gone
    return Tools(demo_lake(), ValueError)


def test_views_are_told_with_units(tools: Tools) -> None:
    assert "night_to_day" in json.loads(tools.views())
    view = json.loads(tools.views("glucose_summary_between"))
    assert view["call"] == "glucose_summary_between(from_date, to_date)"
    assert view["columns"]["tir_pct"].endswith("%")
    with pytest.raises(ValueError, match="no view nights"):
        tools.views("nights")


def test_a_query_is_answered_and_cut(tools: Tools) -> None:
    told = json.loads(tools.query("select sleep_date from night_to_day order by all limit 2"))
    assert told == {
        "columns": ["sleep_date"],
        "rows": [["2025-10-09"], ["2025-10-10"]],
        "there_are_more": False,
    }
    assert len(json.loads(tools.query("from glucose"))["rows"]) == 200
    with pytest.raises(ValueError, match="only one statement"):
        tools.query("copy glucose to 'a.csv'")
    with pytest.raises(ValueError, match="Referenced column"):
        tools.query("select nothing from glucose")


def test_a_night_is_told_with_what_it_rests_on(tools: Tools) -> None:
    told = json.loads(tools.night("ada", "2025-11-08"))
    sql = "select fasting_mgdl from night_to_day where participant_id = 'ada' and sleep_date = ?"
    (row,) = asked(demo_lake(), sql, "2025-11-08")
    assert told["numbers"]["fasting_mgdl"]["value"] == row["fasting_mgdl"]
    assert "mg/dL" in told["numbers"]["fasting_mgdl"]["meaning"]
    assert {"sleep", "fasting"} <= {each["part"] for each in told["rests_on"]}
    for who, date in (("ada", "2031-01-01"), ("ada", "soon")):
        with pytest.raises(ValueError, match="night"):
            tools.night(who, date)


def test_a_client_is_served() -> None:
    pytest.importorskip("mcp", reason="the extra is not here: pip install '.[mcp]'")
    from mcp import ClientSession, StdioServerParameters, stdio_client

    words = ["-m", "flows.cli", "mcp", "--lake", str(demo_lake().root)]

    async def talk() -> tuple[set[str], list[Any]]:
        server = StdioServerParameters(command=sys.executable, args=words)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            names = {tool.name for tool in (await session.list_tools()).tools}
            ask: Callable[[str], Awaitable[Any]] = lambda sql: session.call_tool(  # noqa: E731
                "query", {"sql": sql}
            )
            return names, [await ask("select count(*) from night_to_day"), await ask("attach 'a'")]

    names, (good, bad) = asyncio.run(talk())
    assert names == {"views", "query", "night"}
    assert json.loads(good.content[0].text)["rows"] == [[62]]
    assert bad.is_error and "only one statement" in bad.content[0].text


def test_without_the_extra_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(SystemExit) as left:
        main(["mcp", "--lake", str(demo_lake().root)])
    assert left.value.code == 2 and "needs the extra `mcp`" in capsys.readouterr().err
