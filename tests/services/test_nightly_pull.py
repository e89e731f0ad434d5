"""A nightly run pulls first, if the settings want it: a task for each connection."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from flows.commands.nightly import run_nightly_once
from services import services
from services.kept.connection import Connection, Connections
from services.kept.secrets import secrets_of
from tests.lake import asked, with_records
from tests.services.shops import oura
from tests.services.test_documents import secrets
from tests.services.world import World, answer, connected, here, served
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.prefect, pytest.mark.long]


def test_it_pulls_first_and_one_failure_costs_nobody_else(
    httpserver: HTTPServer, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    shop = oura()

    def serve(request: Request) -> Response:
        return answer({}, 401) if "/api/v2/" in request.path else shop.serve(request)

    world = World(serve)
    base = served(httpserver, world)
    known = {name: here(services()[name], base) for name in ("nightscout", "oura")}
    monkeypatch.setattr("flows.pull.fetching.services", lambda: known)
    connected(lake, known["oura"], base, secrets(shop, "oura"))
    secrets_of(lake.root, "anna", "nightscout").write({"token": "Zebulonia-37"})
    connections = Connections(lake.root)
    connections.put(Connection("nightscout", "anna", base=base))
    found = connections.get("anna", "oura")
    assert found is not None
    found.since = "2026-11-16"
    connections.put(found)
    with_records(lake)

    lake.settings.write_text('participants.anna.timezone = "Europe/Berlin"\n')
    assert run_nightly_once(lake.root) == 0
    assert not world.asked  # off by default

    with lake.settings.open("a") as file:
        file.write("pull.nightly = true\n")
    assert run_nightly_once(lake.root) == 1
    nights = asked(lake, "select count(*) as n from sleep_nightly where participant_id = 'anna'")
    assert nights[0]["n"] > 5
    troubled = connections.get("anna", "nightscout")
    assert troubled is not None
    assert troubled.login_needed
    database = lake.root / "prefect" / "prefect.db"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as records:
        names = [name for (name,) in records.execute("select name from task_run").fetchall()]
    pulls = sorted(name for name in names if name.startswith("pull "))
    assert pulls == ["pull nightscout for anna", "pull oura for anna"]
    held = b"".join(path.read_bytes() for path in (lake.root / "prefect").glob("prefect.db*"))
    for word in (b"Zebulonia-37", b"access-0", b"refresh-0", b"our-secret"):
        assert word not in held
