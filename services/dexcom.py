"""Dexcom, API v3: glucose, events, calibrations.

At most 30 days a call. Three regions, each with its own login; the sandbox has made-up people.
Real data need a client that Dexcom has approved. Glucose comes an hour (outside of the US three
hours) after it was measured.

Source: developer.dexcom.com/docs/dexcomv3 (endpoints, authentication).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from services.contract import Api, OAuth, Pace, Service, Stream, Window
from services.web.pages import own

FROM = "/v3/users/self"
LATE = dt.timedelta(minutes=1)


def _fetch(kind: str, api: Api, window: Window) -> Iterator[bytes]:
    asked = {"startDate": _text(window.begin()), "endDate": _text(window.end() + LATE)}
    answer = api.get(f"{FROM}/{kind}", asked)
    if mine := own(answer, "records", window, lambda each: each.get("systemTime")):
        yield mine


def _text(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _begin(api: Api) -> dt.date | None:
    told = api.get(f"{FROM}/dataRange").data
    starts = [
        str(start["systemTime"])[:10]
        for kind in (told or {}).values()
        if isinstance(kind, dict)
        and isinstance(start := kind.get("start"), dict)
        and start.get("systemTime")
    ]
    return dt.date.fromisoformat(min(starts)) if starts else None


def _stream(kind: str, days: int) -> Stream:
    return Stream(kind, days, lambda api, window: _fetch(kind, api, window))


SERVICE = Service(
    name="dexcom",
    title="Dexcom",
    base={
        "us": "https://api.dexcom.com",
        "eu": "https://api.dexcom.eu",
        "jp": "https://api.dexcom.jp",
        "sandbox": "https://sandbox-api.dexcom.com",
    },
    followed=dt.date(2026, 11, 28),
    login=OAuth(
        authorize="/v3/oauth2/login",
        token="/v3/oauth2/token",
        scopes=("offline_access",),
        portal="developer.dexcom.com (real data need an approved client; the sandbox does not)",
        redirect="http://localhost:8976/callback",
    ),
    streams=(_stream("egvs", 14), _stream("events", 28), _stream("calibrations", 28)),
    pace=Pace(every_s=0.1),  # 60 000 requests an hour
    begin=_begin,
)
