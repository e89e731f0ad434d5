"""Every service that logs in: its documents in the inbox, once each, and the tables of the same
data as files; tokens that are rotated, revoked, and renewed under a lock."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections import Counter
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from flows.reading.manifest import files_of
from services import services
from services.contract import Service
from services.errors import BadAnswer
from services.kept.connection import Connections
from services.kept.secrets import secrets_of
from tests.lake import kept, tree
from tests.services.shops import (
    FIRST,
    NIGHTS,
    SHOPS,
    Shop,
    day,
    oura_sleep,
    whoop_sleep,
    withings_night,
)
from tests.services.world import (
    ANNA,
    World,
    answer,
    connected,
    cut,
    here,
    inbox,
    mode_of,
    pulled,
    served,
)
from warehouse.store.lake import Lake

pytestmark = pytest.mark.whole

CLIENT = {"client_id": "our-client", "client_secret": "our-secret"}
# What tells a record of each service, and how many it has in all that can be asked for.
KEY = {
    "oura": r'"id":\s*"(sleep-\d+)"',
    "whoop": r'"id":\s*"(ecfc[^"]+)"',
    "withings": r'"id":\s*(\d+)',
    "google_health": r'"name":\s*"([^"]+)"',
    "tidepool": r'"id":\s*"(cbg\d+)"',
    "dexcom": r'"recordId":\s*"([^"]+)"',
    "polar": r'"date":\s*"([^"]+)"',
}


def secrets(shop: Shop, name: str) -> dict[str, Any]:
    if name == "tidepool":
        return {"session": shop.authority.access, "user": "0123456789"}
    return {
        **CLIENT,
        "access_token": shop.authority.access,
        "refresh_token": shop.authority.refresh,
        "expires_at": time.time() + 3600,
    }


def opened(httpserver: HTTPServer, lake: Lake, name: str) -> tuple[Shop, World, Service]:
    """A service with its documents, connected."""
    shop = SHOPS[name]()
    world = World(shop.serve)
    base = served(httpserver, world)
    service = here(services()[name], base)
    connected(lake, service, base, secrets(shop, name), FIRST)
    return shop, world, service


@pytest.mark.parametrize("name", SHOPS)
def test_each_record_lies_in_one_document_and_is_read_like_a_file(
    httpserver: HTTPServer, lake: Lake, name: str
) -> None:
    shop, world, service = opened(httpserver, lake, name)
    done = pulled(lake, service)
    assert done.trouble is None
    assert done.not_granted == (["daily_spo2"] if name == "oura" else [])
    documents = inbox(lake, service)
    assert done.new == len(documents)
    assert {mode_of(path) for path in (lake.inbox / ANNA).rglob("*.json")} == {0o600}
    text = b"\n".join(documents.values()).decode()
    found = Counter(re.findall(KEY[name], text))
    every = {
        key for kind in shop.documents.values() for each in kind
        for key in re.findall(KEY[name], json.dumps(each))
    }  # fmt: skip
    every -= {"0"}  # of Withings, began the day before all that is asked for
    assert set(found) == (every if name != "polar" else {d for d in every if d >= "2026-11-01"})
    assert set(found.values()) == {1}

    kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    by_hand = lake.root.parent / "files"
    by_hand.mkdir()
    for number, data in enumerate(documents.values()):
        (by_hand / f"{number}.json").write_bytes(data)
    other = Lake(lake.root.parent / "other")
    kept(other, [by_hand], ANNA, "Europe/Berlin")
    for table in ("sample", "episode", "daily"):
        assert tree(lake.tables / table) == tree(other.tables / table)
    rows = sum(len(data) > 0 for data in tree(lake.tables / "sample").values())
    assert rows

    world.asked.clear()
    again = pulled(lake, service)  # a week of it is asked for again, and is as before
    assert (again.new, again.replaced, again.trouble) == (0, 0, None)
    assert again.same
    assert inbox(lake, service) == documents


@pytest.mark.parametrize("name", SHOPS)
def test_faults_in_the_middle(httpserver: HTTPServer, lake: Lake, name: str) -> None:
    """429 with Retry-After, a 500, a body that is cut, an access token that ended early."""
    shop, world, service = opened(httpserver, lake, name)

    def ended(response: Any) -> Any:
        if name == "tidepool":
            return response
        shop.authority.access += "-ended"
        is_200 = name == "withings"
        return answer({"status": 401} if is_200 else {}, 200 if is_200 else 401)

    world.faults = [
        None,
        lambda _: answer({}, 429, **{"Retry-After": "0"}),
        None,
        cut,
        lambda _: answer({}, 500),
        None,
        ended,
    ]
    assert pulled(lake, service).trouble is None
    whole = Lake(lake.root.parent / "whole")
    connected(whole, service, service.base[""], secrets(shop, name), FIRST)
    assert pulled(whole, service).trouble is None
    assert inbox(whole, service) == inbox(lake, service)


@pytest.mark.parametrize(
    ("name", "kind", "rescored"),
    [
        ("oura", "sleep", oura_sleep(NIGHTS - 3, 6)),
        ("whoop", "sleep", whoop_sleep(NIGHTS - 3, 6)),
        ("withings", "nights", withings_night(NIGHTS - 3, 6)),
    ],
)
def test_a_night_that_was_scored_anew(
    httpserver: HTTPServer, lake: Lake, name: str, kind: str, rescored: dict[str, Any]
) -> None:
    shop, _, service = opened(httpserver, lake, name)
    pulled(lake, service)
    kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    shop.documents[kind][NIGHTS - 3] = rescored
    assert pulled(lake, service).replaced
    kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    other = Lake(lake.root.parent / "other")
    kept(other, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    for table in ("sample", "episode", "source_file"):
        assert tree(lake.tables / table) == tree(other.tables / table)


@pytest.mark.parametrize("name", sorted(set(SHOPS) - {"tidepool"}))
def test_a_revoked_login_is_told_and_keeps_what_there_is(
    httpserver: HTTPServer, lake: Lake, name: str
) -> None:
    shop, _, service = opened(httpserver, lake, name)
    shop.authority.access, shop.authority.is_closed = "another", True
    done = pulled(lake, service)
    assert "dawnlake connect" in str(done.trouble)
    connection = Connections(lake.root).get(ANNA, name)
    assert connection is not None
    assert connection.login_needed
    for word in ("refresh-0", "access-0", "our-secret"):
        assert word not in str(done.trouble) + connection.trouble
    assert secrets_of(lake.root, ANNA, name).read()["refresh_token"] == "refresh-0"


def test_years_are_gone_through_and_gone_on_with(httpserver: HTTPServer, lake: Lake) -> None:
    """Ten years of nothing and 80 nights; interrupted, it goes on where it was."""
    _, world, service = opened(httpserver, lake, "whoop")
    connections = Connections(lake.root)
    connection = connections.get(ANNA, "whoop")
    assert connection is not None
    connection.since = ""
    connections.put(connection)
    world.faults = [*[None] * 30, *[lambda _: answer({}, 503)] * 3]
    assert "HTTP 503" in str(pulled(lake, service).trouble)
    at_first, cursor = len(world.asked), connections.get(ANNA, "whoop")
    assert cursor is not None
    assert "2023-01-01" < cursor.cursors["sleep"] < "2024-12-31"
    assert pulled(lake, service).trouble is None
    assert at_first == 33
    assert len(world.asked) < 200
    assert len(inbox(lake, service)) == 4


def test_a_clock_that_is_ahead_skips_no_day_that_is_remembered(
    httpserver: HTTPServer, lake: Lake
) -> None:
    """What the service still has is counted by its clock, which the first answer tells."""
    _, world, service = opened(httpserver, lake, "polar")
    world.today = dt.date(2026, 11, 20)
    assert pulled(lake, service).trouble is None
    days = re.findall(KEY["polar"], b"".join(inbox(lake, service).values()).decode())
    assert min(days) == "2026-10-24"  # of 28 days


def test_a_service_that_tells_no_time_is_asked_by_our_clock(
    httpserver: HTTPServer, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world, service = opened(httpserver, lake, "oura")
    with monkeypatch.context() as patch:
        patch.setattr(world, "date", lambda: "at some time")
        for _ in range(2):
            assert pulled(lake, service).trouble is None
    whole = Lake(lake.root.parent / "whole")
    connected(whole, service, service.base[""], secrets(SHOPS["oura"](), "oura"), FIRST)
    assert pulled(whole, service).trouble is None
    assert inbox(whole, service) == inbox(lake, service)


def test_a_watch_that_was_silent_for_weeks(httpserver: HTTPServer, lake: Lake) -> None:
    """Pulled meanwhile, with nothing new; then all its nights come at once."""
    shop, world, service = opened(httpserver, lake, "oura")
    every = shop.documents["sleep"]
    shop.documents = {"sleep": every[:30]}
    for number in (30, 40, 55, 69):
        world.today = day(number)
        assert pulled(lake, service).trouble is None
    shop.documents["sleep"] = every[:70]
    assert pulled(lake, service).trouble is None
    whole = Lake(lake.root.parent / "whole")
    connected(whole, service, service.base[""], secrets(shop, "oura"), FIRST)
    assert pulled(whole, service).trouble is None
    assert inbox(lake, service) == inbox(whole, service)


@pytest.mark.parametrize("strange", [[], {"data": {"a": 1}}, {"data": "x"}, "x", 7])
def test_an_answer_of_another_shape(httpserver: HTTPServer, lake: Lake, strange: object) -> None:
    _, world, service = opened(httpserver, lake, "oura")
    world.faults = [None, lambda _: answer(strange), None]
    assert isinstance(pulled(lake, service).trouble, BadAnswer)
    assert inbox(lake, service)
    assert pulled(lake, service).trouble is None


def test_rows_go_also_while_a_pull_is_under_way(httpserver: HTTPServer, lake: Lake) -> None:
    """Who reads the inbox does not wait for the network."""
    shop, _, service = opened(httpserver, lake, "whoop")
    pulled(lake, service)
    kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    shop.documents["sleep"][NIGHTS - 3] = whoop_sleep(NIGHTS - 3, 6)
    pulled(lake, service)
    connections = Connections(lake.root)
    with connections.locked(ANNA, "whoop"):
        kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    noted = connections.get(ANNA, "whoop")
    assert noted is not None
    assert noted.replaced
    assert not files_of(lake, ANNA) & noted.replaced.keys()
    kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    noted = connections.get(ANNA, "whoop")
    assert noted is not None
    assert not noted.replaced


def test_a_key_that_nobody_knows_is_told_as_drift(httpserver: HTTPServer, lake: Lake) -> None:
    shop, _, service = opened(httpserver, lake, "oura")
    for each in shop.documents["sleep"]:
        each["dream_count"] = 3
    pulled(lake, service)
    receipt = kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
    told = {what for file in receipt.files if file.manifest for what in file.manifest["drift"]}
    assert told == {"key dream_count"}
