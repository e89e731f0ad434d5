"""Oura, API v2: documents of days, sleeps, workouts, heart rates.

Applications are registered at one of two portals, whose logins have other addresses and names of
scopes: the discovery document says which. A refresh token is good once. Days are asked for with a
day more, since an `end_date` leaves out sleeps of that day; heart rates at most 30 days a call.
Glucose is asked for and its refusal accepted: of what it would answer nothing is published, so
no document of it is fetched; the account's export has it (connectors/oura/README.md).

Source: cloud.ouraring.com/v2/docs; the discovery document of moi.ouraring.com.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from services.contract import Api, OAuth, Pace, Service, Stream, Window
from services.web.pages import by_token, own, paged

FROM = "/v2/usercollection"
DAYS = ("sleep", "daily_sleep", "daily_readiness", "daily_activity", "daily_spo2", "workout")
NEXT = by_token("next_token", "next_token")


def _of_days(kind: str, api: Api, window: Window) -> Iterator[bytes]:
    asked = {"start_date": window.first.isoformat(), "end_date": window.until.isoformat()}
    for page in paged(api, f"{FROM}/{kind}", asked, NEXT):
        if mine := own(page, "data", window, lambda each: each.get("day")):
            yield mine


def _heart_rate(api: Api, window: Window) -> Iterator[bytes]:
    asked = {
        "start_datetime": window.begin().isoformat(),
        "end_datetime": window.end().isoformat(),
    }
    for page in paged(api, f"{FROM}/heartrate", asked, NEXT):
        if mine := own(page, "data", window, lambda each: each.get("timestamp")):
            yield mine


def _stream(kind: str) -> Stream:
    return Stream(kind, 28, lambda api, window: _of_days(kind, api, window))


def _revoke(api: Api) -> None:
    token = str(api.secrets.read().get("access_token", ""))
    api.ask("POST", "/oauth/revoke", data={"access_token": token})


SERVICE = Service(
    name="oura",
    title="Oura",
    base={"": "https://api.ouraring.com"},
    followed=dt.date(2026, 11, 28),
    login=OAuth(
        authorize="https://cloud.ouraring.com/oauth/authorize",
        token="https://api.ouraring.com/oauth/token",
        scopes=("personal", "daily", "heartrate", "workout", "spo2"),
        optional=("glucose", "daily_sleep", "daily_readiness", "daily_activity", "daily_spo2"),
        portal="developer.ouraring.com (or, for older applications, cloud.ouraring.com)",
        discovery=(
            "https://moi.ouraring.com/oauth/v2/ext/oauth-anonymous/.well-known/openid-configuration"
        ),
        hosts=("ouraring.com",),
    ),
    streams=(*(_stream(kind) for kind in DAYS), Stream("heartrate", 7, _heart_rate)),
    pace=Pace(every_s=0.1),  # 5000 requests in 5 minutes
    revoke=_revoke,
)
