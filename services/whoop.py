"""WHOOP, API v2: sleeps, recoveries, workouts.

Twenty-five a page, newest first. What touches a span is counted to it, so more is asked for and
sorted by its own time: a sleep by its beginning, a recovery by when it was made. Refresh tokens
need the scope `offline` and are good once. The portal takes no http address for this machine.

Source: developer.whoop.com/api (v2) and its guide to OAuth.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from services.contract import Api, OAuth, Pace, Service, Stream, Window
from services.web.pages import by_token, own, paged

MOST = 25
MORE = dt.timedelta(days=2)
NEXT = by_token("next_token", "nextToken")
BY = {"activity/sleep": "start", "recovery": "created_at", "activity/workout": "start"}


def _fetch(path: str, api: Api, window: Window) -> Iterator[bytes]:
    asked = {"limit": MOST, "start": _text(window.begin() - MORE),
             "end": _text(window.end() + MORE)}  # fmt: skip
    for page in paged(api, f"/developer/v2/{path}", asked, NEXT):
        if mine := own(page, "records", window, lambda each: each.get(BY[path])):
            yield mine


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stream(path: str) -> Stream:
    name = path.rpartition("/")[2]
    return Stream(name, 84, lambda api, window: _fetch(path, api, window))


def _revoke(api: Api) -> None:
    api.ask("DELETE", "/developer/v2/user/access")


SERVICE = Service(
    name="whoop",
    title="WHOOP",
    base={"": "https://api.prod.whoop.com"},
    followed=dt.date(2026, 11, 28),
    login=OAuth(
        authorize="https://api.prod.whoop.com/oauth/oauth2/auth",
        token="https://api.prod.whoop.com/oauth/oauth2/token",
        scopes=("offline", "read:sleep", "read:recovery", "read:workout", "read:cycles"),
        portal="developer-dashboard.whoop.com",
        redirect="https://localhost:8976/callback",
    ),
    streams=tuple(_stream(path) for path in BY),
    pace=Pace(every_s=0.65),  # 100 requests a minute
    revoke=_revoke,
)
