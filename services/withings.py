"""Withings: summaries of sleeps, and the states of each sleep with what was measured in it.

Errors stand in the body of an answer with HTTP 200. An access token is good for three hours; the
old refresh token for eight more, or until the new access token is used. `get` answers a day at
most, so it is asked sleep by sleep. `lastupdate` tells which nights were scored anew.

Source: developer.withings.com/api-reference (OAuth 2.0, Sleep v2), and its page on tokens.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from services.contract import Answer, Api, OAuth, Pace, Service, Stream, Window
from services.errors import Busy, LoginNeeded, NotGranted, ServiceError
from services.web.pages import PAGES_MAX, packed

SLEEP = "/v2/sleep"
FIELDS = (
    "total_timeinbed,total_sleep_time,lightsleepduration,deepsleepduration,remsleepduration,"
    "wakeupduration,waso,sleep_latency,wakeup_latency,wakeupcount,sleep_efficiency,sleep_score,"
    "hr_average,hr_min,hr_max,rr_average,rr_min,rr_max"
)
SERIES = "hr,rr,sdnn_1,rmssd"
NOT_VALID = frozenset((100, 101, 102, 200, 401))  # authentication failed, invalid token
FORBIDDEN = frozenset((214, 277, 2553, 2554, 2555))
BUSY = frozenset((522, 524, 601, 2556))  # time-outs, too many requests


def _judge(data: Any) -> None:
    status = data.get("status") if isinstance(data, dict) else None
    if status == 0:
        return
    if status in NOT_VALID:
        raise LoginNeeded(
            "Withings does not accept this login any more: `dawnlake connect withings` once more"
        )
    if status in FORBIDDEN:
        raise NotGranted("Withings does not let this login see that")
    if status in BUSY:
        raise Busy("Withings is busy; the next pull goes on from here")
    raise ServiceError(f"Withings refused a request (status {status}); see services/README.md")


def _summaries(api: Api, asked: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The nights of each page."""
    offset: Any = None
    for _ in range(PAGES_MAX):
        more = {} if offset is None else {"offset": offset}
        body = (api.get(SLEEP, {"action": "getsummary", **asked, **more}).data or {}).get("body")
        body = body if isinstance(body, dict) else {}
        yield [each for each in body.get("series") or [] if isinstance(each, dict)]
        if not body.get("more") or body.get("offset") in (None, offset):
            return
        offset = body["offset"]


def _nights(api: Api, window: Window) -> Iterator[list[dict[str, Any]]]:
    """The nights of each page that began in the window, in UTC."""
    day = dt.timedelta(days=1)
    asked = {
        "startdateymd": (window.first - day).isoformat(),
        "enddateymd": (window.until + day).isoformat(),
        "data_fields": FIELDS,
    }
    first, end = window.begin().timestamp(), window.end().timestamp()
    for page in _summaries(api, asked):
        yield [each for each in page if first <= float(each.get("startdate") or first) < end]


def _summary(api: Api, window: Window) -> Iterator[bytes]:
    for nights in _nights(api, window):
        if nights:
            yield packed({"status": 0, "body": {"series": nights}})


def _states(api: Api, window: Window) -> Iterator[bytes]:
    for night in (each for nights in _nights(api, window) for each in nights):
        asked = {name: night.get(name) for name in ("startdate", "enddate")}
        answer = api.get(SLEEP, {"action": "get", **asked, "data_fields": SERIES})
        if ((answer.data or {}).get("body") or {}).get("series"):
            yield _in_a_line(answer)


def _in_a_line(answer: Answer) -> bytes:
    return answer.raw.strip()


def _changed(api: Api, since: dt.datetime) -> set[dt.date]:
    asked = {"lastupdate": int(since.timestamp()), "data_fields": "sleep_score"}
    return {
        dt.datetime.fromtimestamp(float(night["startdate"]), dt.UTC).date()
        for nights in _summaries(api, asked)
        for night in nights
        if night.get("startdate")
    }


def _adapt(session: Any) -> None:
    """Tokens are answered in a body."""

    def unpack(response: Any) -> Any:
        try:
            told = response.json()
        except ValueError:
            return response
        if told.get("status") == 0:
            told = told.get("body") or {}
        else:
            told = {"error": f"status {told.get('status')}"}
        response._content = json.dumps(told).encode()
        return response

    session.register_compliance_hook("access_token_response", unpack)
    session.register_compliance_hook("refresh_token_response", unpack)


SERVICE = Service(
    name="withings",
    title="Withings",
    base={"": "https://wbsapi.withings.net"},
    followed=dt.date(2026, 11, 28),
    login=OAuth(
        authorize="https://account.withings.com/oauth2_user/authorize2",
        token="https://wbsapi.withings.net/v2/oauth2",
        scopes=("user.metrics", "user.activity"),
        portal="developer.withings.com/dashboard",
        redirect="http://localhost:8976/callback",
        scope_mark=",",
        has_pkce=False,
        asks={"action": "requesttoken"},
        adapt=_adapt,
    ),
    streams=(
        Stream("sleep_summary", 28, _summary, changed=_changed),
        Stream("sleep_states", 28, _states, changed=_changed),
    ),
    pace=Pace(every_s=0.55),  # 120 requests a minute
    judge=_judge,
)
