"""Polar AccessLink, v3: nights, nightly recharge, continuous pulse, day by day.

It answers for the last 28 days, so each day is a document of its own: what it has forgotten stays.
The token is good until it is taken back. A person is registered with the application once. Sleep
and pulse need no transactions; those are for training and physical information, which are not
pulled.

Source: www.polar.com/accesslink-api.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator

from services.contract import Api, OAuth, Pace, Service, Stream, Window
from services.errors import ServiceError
from services.kept.connection import Connection

REACH_DAYS = 28
KINDS = ("sleep", "nightly-recharge", "continuous-heart-rate")


def _fetch(kind: str, api: Api, window: Window) -> Iterator[bytes]:
    answer = api.get(f"/v3/users/{kind}/{window.first.isoformat()}")
    if isinstance(answer.data, dict) and answer.data.get("date"):
        yield answer.raw.strip()


def _finish(api: Api, connection: Connection) -> None:
    """Register the person with the application: once, and again is no error."""
    told = f"{connection.participant}|{api.secrets.read().get('client_id')}"
    member = hashlib.sha256(told.encode()).hexdigest()[:24]
    try:
        api.ask("POST", "/v3/users", json={"member-id": member})
    except ServiceError as error:
        if "409" not in str(error):
            raise


def _revoke(api: Api) -> None:
    user = api.secrets.read().get("x_user_id")
    if user:
        api.ask("DELETE", f"/v3/users/{user}")


def _stream(kind: str) -> Stream:
    return Stream(kind, 1, lambda api, window: _fetch(kind, api, window))


SERVICE = Service(
    name="polar",
    title="Polar",
    base={"": "https://www.polaraccesslink.com"},
    followed=dt.date(2026, 11, 28),
    login=OAuth(
        authorize="https://flow.polar.com/oauth2/authorization",
        token="https://polarremote.com/v2/oauth2/token",
        scopes=("accesslink.read_all",),
        portal="admin.polaraccesslink.com",
        redirect="http://localhost:8976/callback",
        method="client_secret_basic",
        has_pkce=False,
    ),
    streams=tuple(_stream(kind) for kind in KINDS),
    pace=Pace(every_s=0.5),
    reach_days=REACH_DAYS,
    revoke=_revoke,
    finish=_finish,
)
