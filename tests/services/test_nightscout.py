"""Nightscout: both versions of its API, tokens, history; tables of the same data as files."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from services.kept.connection import Connections
from services.nightscout import SERVICE
from tests.lake import kept, tree
from tests.services.world import (
    ANNA,
    TODAY,
    World,
    answer,
    connected,
    cut,
    here,
    inbox,
    pulled,
    served,
)
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

TOKEN = "reader-0123456789abcdef"
BEGIN = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)


def ms(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)


def entry(number: int, sgv: int = 0) -> dict[str, Any]:
    moment = BEGIN + dt.timedelta(hours=7 * number)
    return {
        "_id": f"{number:024x}",
        "identifier": f"e{number}",
        "type": "sgv",
        "sgv": sgv or 90 + number,
        "date": ms(moment),
        "dateString": moment.isoformat().replace("+00:00", "Z"),
        "device": "xDrip",
        "srvModified": ms(moment) + 1000,
    }


def treatment(number: int) -> dict[str, Any]:
    moment = BEGIN + dt.timedelta(days=5 * number)
    return {
        "_id": f"{number:024x}",
        "identifier": f"t{number}",
        "eventType": "Meal Bolus",
        "carbs": 30 + number,
        "created_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "srvModified": ms(moment) + 1000,
    }


class Site:
    """A site with documents; `has_3` if it has version 3 of the API."""

    def __init__(self, has_3: bool = True) -> None:
        self.has_3 = has_3
        self.session = self.left = 0
        self.ends_after = 10_000
        self.documents: dict[str, list[dict[str, Any]]] = {
            "entries": [entry(number) for number in range(85)],
            "treatments": [treatment(number) for number in range(5)],
        }

    def serve(self, request: Request) -> Response:
        path = request.path.strip("/").split("/")
        if path[:4] == ["api", "v2", "authorization", "request"]:
            self.session, self.left = self.session + 1, self.ends_after
            told = {"token": f"jwt-{self.session}"}
            return answer(told) if path[4] == TOKEN else answer({}, 401)
        self.left -= 1
        is_known = request.headers.get("Authorization") == f"Bearer jwt-{self.session}"
        if not is_known or self.left < 0:
            return answer({"status": 401}, 401)
        if path[1] == "v3" and not self.has_3:
            return answer({}, 404)
        if path[-1] == "version":
            return answer({"status": 200, "result": {"version": "15.0.3"}})
        if path[-1] == "profile.json":
            store = {"Default": {"timezone": "Europe/Berlin", "units": "mg/dl"}}
            return answer([{"_id": "p", "defaultProfile": "Default", "store": store}])
        if "history" in path:
            after = int(path[-1])
            found = [d for d in self.documents[path[2]] if d["srvModified"] > after]
            return answer({"status": 200, "result": sorted(found, key=lambda d: d["srvModified"])})
        return self.found(path[1], path[2].removesuffix(".json"), request)

    def found(self, version: str, collection: str, request: Request) -> Response:
        field = {"entries": "date", "treatments": "created_at"}[collection]
        given, is_3 = request.args, version == "v3"
        lower = given.get(f"{field}$gte" if is_3 else f"find[{field}][$gte]")
        upper = given.get(f"{field}$lt" if is_3 else f"find[{field}][$lt]")
        kind: Any = int if field == "date" else str
        found = [
            each
            for each in self.documents[collection]
            if (lower is None or each[field] >= kind(lower))
            and (upper is None or each[field] < kind(upper))
            and each.get("isValid") is not False
        ]
        found.sort(key=lambda each: each[field])
        if not is_3:
            return answer(found[::-1][: int(given["count"])])
        skip, limit = int(given.get("skip", 0)), min(int(given["limit"]), 10)
        return answer({"status": 200, "result": found[skip : skip + limit]})


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.nightscout.MOST", 10)


@pytest.mark.parametrize("has_3", [True, False])
def test_what_is_fetched_is_in_the_lake_as_from_files(
    httpserver: HTTPServer, lake: Lake, has_3: bool
) -> None:
    site = Site(has_3)
    base = served(httpserver, World(site.serve))
    service = here(SERVICE, base)
    since = None if has_3 else dt.date(2026, 10, 1)
    connected(lake, service, base, {"token": TOKEN}, since)
    done = pulled(lake, service)
    assert done.trouble is None
    assert done.new == 8  # entries of four weeks, treatments of three, and the profile
    documents = inbox(lake, service)
    held = [each for name, data in documents.items() if "entries" in name
            for each in json.loads(data)]  # fmt: skip
    assert sorted(each["sgv"] for each in held) == [90 + number for number in range(85)]

    kept(lake, [lake.inbox / ANNA], ANNA, None)
    other = Lake(lake.root.parent / "by_hand")
    by_hand = lake.root.parent / "files"
    by_hand.mkdir()
    for name, data in documents.items():
        (by_hand / f"saved {name}").write_bytes(data)
    kept(other, [by_hand], ANNA, None)
    assert tree(lake.tables / "sample") == tree(other.tables / "sample")
    assert tree(lake.tables / "episode") == tree(other.tables / "episode")


def test_an_edit_of_long_ago_is_fetched_and_the_older_document_gone(
    httpserver: HTTPServer, lake: Lake
) -> None:
    site = Site()
    world = World(site.serve)
    base = served(httpserver, world)
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": TOKEN})
    pulled(lake, service)
    kept(lake, [lake.inbox / ANNA], ANNA, None)
    before = inbox(lake, service)
    site.documents["treatments"][0] |= {"carbs": 77, "srvModified": ms(BEGIN) + 10**11}
    site.documents["entries"][1] |= {"isValid": False, "srvModified": ms(BEGIN) + 10**11}
    world.asked.clear()
    done = pulled(lake, service, overlap_days=2)
    assert (done.new, done.replaced, done.trouble) == (0, 2, None)
    changed = {name for name, data in inbox(lake, service).items() if data != before[name]}
    assert changed == {
        "entries_2026-11-02_2026-11-08.json",
        "treatments_2026-11-02_2026-11-08.json",
    }
    assert sum("/history/" in path for path in world.asked) >= 2

    kept(lake, [lake.inbox / ANNA], ANNA, None)
    assert not Connections(lake.root).get(ANNA, "nightscout").replaced  # type: ignore[union-attr]
    fresh = Lake(lake.root.parent / "fresh")
    kept(fresh, [lake.inbox / ANNA], ANNA, None)
    assert tree(lake.tables / "sample") == tree(fresh.tables / "sample")
    assert tree(lake.tables / "episode") == tree(fresh.tables / "episode")


def test_a_session_that_ends_in_the_middle(httpserver: HTTPServer, lake: Lake) -> None:
    site = Site()
    site.ends_after = 7
    base = served(httpserver, World(site.serve))
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": TOKEN})
    assert pulled(lake, service).trouble is None
    assert len(inbox(lake, service)) == 8
    assert site.session > 2


def test_a_token_that_the_site_does_not_know(httpserver: HTTPServer, lake: Lake) -> None:
    base = served(httpserver, World(Site().serve))
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": "revoked"})
    done = pulled(lake, service)
    assert "connect nightscout" in str(done.trouble)
    connection = Connections(lake.root).get(ANNA, "nightscout")
    assert connection is not None
    assert connection.login_needed
    assert not connection.cursors
    assert "revoked" not in str(done.trouble)


def test_faults_on_the_way_cost_nothing(httpserver: HTTPServer, lake: Lake) -> None:
    site = Site()
    world = World(site.serve)
    base = served(httpserver, world)
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": TOKEN})
    world.faults = [
        None,
        None,
        lambda _: answer({}, 429, **{"Retry-After": "0"}),
        None,
        lambda _: answer({}, 500),
        cut,
        None,
        lambda _: answer({}, 503),
        lambda _: Response("<html>busy</html>"),
    ]
    done = pulled(lake, service)
    assert done.trouble is None
    assert not world.faults
    whole = Lake(lake.root.parent / "whole")
    connected(whole, service, base, {"token": TOKEN})
    pulled(whole, service)
    assert inbox(whole, service) == inbox(lake, service)


def test_a_service_that_stays_down_is_gone_on_with(httpserver: HTTPServer, lake: Lake) -> None:
    site = Site()
    world = World(site.serve)
    base = served(httpserver, world)
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": TOKEN})
    world.faults = [None] * 7 + [lambda _: answer({}, 500)] * 50
    assert "HTTP 500" in str(pulled(lake, service).trouble)
    part = inbox(lake, service)
    assert 0 < len(part) < 8
    world.faults, world.asked = [], []
    assert pulled(lake, service).trouble is None
    assert len(inbox(lake, service)) == 8


def test_a_long_wait_ends_the_pull(httpserver: HTTPServer, lake: Lake) -> None:
    world = World(Site().serve)
    base = served(httpserver, world)
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": TOKEN})
    world.faults = [None, None, lambda _: answer({}, 429, **{"Retry-After": "3600"})]
    assert "wait 60 min" in str(pulled(lake, service).trouble)


def test_a_clock_that_is_ahead_leaves_no_gap(
    httpserver: HTTPServer, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cursor is of the service's clock: here ours is nine years off."""
    world = World(Site().serve, today=dt.date(2026, 11, 20))
    base = served(httpserver, world)
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": TOKEN})
    pulled(lake, service)
    connection = Connections(lake.root).get(ANNA, "nightscout")
    assert connection is not None
    assert connection.cursors["entries"] == "2026-11-20"
    assert TODAY.isoformat() not in connection.cursors.values()


def test_an_empty_answer_empties_no_inbox(httpserver: HTTPServer, lake: Lake) -> None:
    site = Site()
    base = served(httpserver, World(site.serve))
    service = here(SERVICE, base)
    connected(lake, service, base, {"token": TOKEN})
    pulled(lake, service)
    before = inbox(lake, service)
    site.documents = {"entries": [], "treatments": []}
    done = pulled(lake, service)
    assert done.emptied
    assert inbox(lake, service) == before
