"""Any sequence of pulls, kills and nights that are scored anew ends as one complete pull does."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from services.whoop import SERVICE
from tests.lake import kept, tree
from tests.services.shops import NIGHTS, day, whoop, whoop_sleep
from tests.services.test_documents import secrets
from tests.services.world import ANNA, World, connected, here, inbox, killed_after, pulled, served
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.whole, pytest.mark.long]

PULL, KILL, RESCORE, INGEST, NEXT_DAY = "pull", "kill", "score anew", "ingest", "next day"
WEEK = 7

steps = st.lists(
    st.one_of(
        st.just((PULL, 0)),
        st.tuples(st.just(KILL), st.integers(0, 40)),
        st.tuples(st.just(RESCORE), st.integers(1, WEEK - 1)),
        st.just((INGEST, 0)),
        st.tuples(st.just(NEXT_DAY), st.integers(1, 3)),
    ),
    min_size=2,
    max_size=7,
)


@given(steps=steps)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_it_ends_as_one_complete_pull(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    """A night is scored anew within a week, and pulled within a week of that."""
    folder = Path(tempfile.mkdtemp(prefix="dawnlake-pull-"))
    try:
        _follow(httpserver, monkeypatch, folder, steps)
    finally:
        shutil.rmtree(folder)


def _follow(
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    steps: list[tuple[str, int]],
) -> None:
    shop, today = whoop(), NIGHTS - 20
    everything = shop.documents["sleep"]
    shop.documents = {"sleep": everything[: today + 1]}
    world = World(shop.serve, today=day(today))
    service = here(SERVICE, served(httpserver, world))
    lake = Lake(folder / "lake").create()
    connected(lake, service, service.base[""], secrets(shop, "whoop"), day(0))
    hours = 5
    for step, number in steps:
        if step == PULL:
            assert pulled(lake, service, 2 * WEEK).trouble is None
        elif step == KILL:
            with killed_after(number, monkeypatch):
                pulled(lake, service, 2 * WEEK)
        elif step == RESCORE:
            hours = 5 if hours == 9 else hours + 1
            shop.documents["sleep"][today - number] = whoop_sleep(today - number, hours)
        elif step == INGEST:
            if inbox(lake, service):
                kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")
        else:
            assert pulled(lake, service, 2 * WEEK).trouble is None
            for _ in range(number):
                today += 1
                shop.documents["sleep"].append(everything[today])
            world.today = day(today)
    assert pulled(lake, service, 2 * WEEK).trouble is None
    kept(lake, [lake.inbox / ANNA], ANNA, "Europe/Berlin")

    once = Lake(folder / "once").create()
    connected(once, service, service.base[""], secrets(shop, "whoop"), day(0))
    assert pulled(once, service).trouble is None
    kept(once, [once.inbox / ANNA], ANNA, "Europe/Berlin")
    assert inbox(lake, service) == inbox(once, service)
    for table in ("sample", "episode", "daily", "source_file"):
        assert tree(lake.tables / table) == tree(once.tables / table), table
