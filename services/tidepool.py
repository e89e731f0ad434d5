"""Tidepool: everything that one's devices uploaded, by days.

The session of a login is a token, which is exchanged for a newer one before each pull; the password
is used once and kept nowhere. The login of Tidepool's website (OpenID Connect) is for clients that
Tidepool has registered, and is not offered.

Source: tidepool.redocly.app (quick start; Auth API; Data API v1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from requests.auth import _basic_auth_str

from services.contract import Answer, Api, Asked, Pace, Service, Stream, Window
from services.errors import BadAnswer, LoginNeeded
from services.web.pages import own

TOKEN = "X-Tidepool-Session-Token"
TYPES = "basal,bloodKetone,bolus,cbg,food,insulin,physicalActivity,smbg,wizard"


def _enter(api: Api, given: Mapping[str, str]) -> dict[str, Any]:
    proof = _basic_auth_str(given["email"], given["password"])
    return _session(api.ask("POST", "/auth/login", headers={"Authorization": proof}))


def _open(api: Api) -> None:
    """A session newer than the one kept, kept before it is used."""
    with api.secrets.locked():
        kept = api.secrets.read()
        if not kept.get("session"):
            raise LoginNeeded("log in once more: `dawnlake connect tidepool`")
        kept = api.secrets.renew(
            lambda now: now | _session(api.get("/auth/login", headers={TOKEN: now["session"]}))
        )
    api.headers[TOKEN] = kept["session"]
    api.facts["user"] = kept["user"]


def _session(answer: Answer) -> dict[str, Any]:
    token, told = answer.headers.get(TOKEN), answer.data
    if not token or not isinstance(told, dict) or not told.get("userid"):
        raise BadAnswer("Tidepool answered a login without its session")
    return {"session": token, "user": str(told["userid"])}


def _fetch(api: Api, window: Window) -> Iterator[bytes]:
    asked = {"startDate": _text(window.begin()), "endDate": _text(window.end()), "type": TYPES}
    answer = api.get(f"/data/{quote(api.facts['user'], safe='')}", asked)
    if mine := own(answer, "", window, lambda each: each.get("time")):
        yield mine


def _text(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _revoke(api: Api) -> None:
    api.ask("POST", "/auth/logout", headers={TOKEN: str(api.secrets.read().get("session", ""))})


SERVICE = Service(
    name="tidepool",
    title="Tidepool",
    base={
        "": "https://api.tidepool.org",
        "int": "https://external.integration.tidepool.org",
    },
    followed=dt.date(2026, 11, 28),
    login=Asked(
        secrets=(("email", "email of your Tidepool account: "), ("password", "its password: ")),
        words=(
            "Your own account at app.tidepool.org; nothing to register. The password is used once "
            "and not kept. A server of another region goes with --site."
        ),
    ),
    streams=(Stream("data", 14, _fetch, is_flat=True),),
    pace=Pace(every_s=0.3),
    enter=_enter,
    open=_open,
    revoke=_revoke,
)
