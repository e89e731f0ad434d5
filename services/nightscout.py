"""Nightscout: one's own site. Version 3 of its API where the site has it, else version 1.

Entries are asked for by `date` (milliseconds), treatments by `created_at`, since those of older
uploaders have no `date`. A token is exchanged for one of some hours; a site that lets everybody
read needs none. `history` of version 3 tells what was edited or taken back since the last pull:
those windows are asked for once more.

Source: the site's own OpenAPI description (`/api3-docs`) and tutorial of version 3; the wiki's
examples of `find` and `count` for version 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from services.contract import Api, Asked, Pace, Service, Stream, Window
from services.web.pages import listed, packed

MOST = 1000  # documents a page in version 3. Source: API3_MAX_LIMIT, its default
MOST_OF_1 = 100_000
BY = {"entries": "date", "treatments": "created_at"}
EVER = 36_525  # days of the one window of profiles


def _enter(api: Api, given: Mapping[str, str]) -> dict[str, Any]:
    api.facts["token"] = given.get("token", "").strip()
    _open(api)
    api.get("/api/v1/entries.json", {"count": 1})
    return {"token": api.facts["token"]}


def _open(api: Api) -> None:
    token = api.facts.get("token") or str(api.secrets.read().get("token", ""))
    api.headers.pop("Authorization", None)
    if token:
        told = api.get(f"/api/v2/authorization/request/{quote(token, safe='')}").data
        if told and told.get("token"):
            api.headers["Authorization"] = f"Bearer {told['token']}"
        else:  # a site without that: its tokens are read from this header
            api.headers["api-secret"] = token
    api.facts["has_3"] = bool(api.get("/api/v3/version").data)


def _fetch(collection: str, api: Api, window: Window) -> Iterator[bytes]:
    field = BY[collection]
    first, end = _moment(field, window.begin()), _moment(field, window.end())
    if not api.facts["has_3"]:
        asked = {f"find[{field}][$gte]": first, f"find[{field}][$lt]": end, "count": MOST_OF_1}
        answer = api.get(f"/api/v1/{collection}.json", asked)
        if listed(answer, ""):
            yield answer.raw
        return
    skip = 0
    while True:
        asked = {f"{field}$gte": first, f"{field}$lt": end, "sort": field, "limit": MOST}
        found = listed(api.get(f"/api/v3/{collection}", {**asked, "skip": skip}), "result")
        if found:
            yield packed(found)
        if len(found) < MOST:
            return
        skip += MOST


def _changed(collection: str, api: Api, since: dt.datetime) -> set[dt.date]:
    if not api.facts["has_3"]:
        return set()
    days: set[dt.date] = set()
    after = int(since.timestamp() * 1000)
    while True:
        path = f"/api/v3/{collection}/history/{after}"
        found = listed(api.get(path, {"limit": MOST}), "result")
        days |= {day for each in found if (day := _day(each)) is not None}
        newest = max((int(each.get("srvModified") or 0) for each in found), default=0)
        if len(found) < MOST or newest <= after:
            return days
        after = newest


def _day(document: Mapping[str, Any]) -> dt.date | None:
    try:
        if told := document.get("created_at"):
            return dt.date.fromisoformat(str(told)[:10])
        return dt.datetime.fromtimestamp(float(document["date"]) / 1000, dt.UTC).date()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _profiles(api: Api, _: Window) -> Iterator[bytes]:
    answer = api.get("/api/v1/profile.json")
    if listed(answer, ""):
        yield answer.raw


def _begin(api: Api) -> dt.date | None:
    """The day of the oldest document; only version 3 sorts that way."""
    if not api.facts["has_3"]:
        return None
    days = []
    for collection, field in BY.items():
        oldest = listed(api.get(f"/api/v3/{collection}", {"sort": field, "limit": 1}), "result")
        days += [day for each in oldest if (day := _day(each)) is not None]
    return min(days, default=None)


def _moment(field: str, moment: dt.datetime) -> int | str:
    if field == "date":
        return int(moment.timestamp() * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stream(collection: str) -> Stream:
    return Stream(
        collection,
        7,
        lambda api, window: _fetch(collection, api, window),
        is_flat=True,
        changed=lambda api, since: _changed(collection, api, since),
    )


SERVICE = Service(
    name="nightscout",
    title="Nightscout",
    base={},
    followed=dt.date(2026, 11, 28),
    login=Asked(
        secrets=(("token", "access token (empty for a site that everybody may read): "),),
        words=(
            "On your site: menu, Admin Tools, Subjects: add one with the role `readable`, and copy "
            "its access token. Your site's address goes with --site."
        ),
    ),
    streams=(
        _stream("entries"),
        _stream("treatments"),
        Stream("profile", EVER, _profiles, is_flat=True),
    ),
    pace=Pace(every_s=0.1),
    enter=_enter,
    open=_open,
    begin=_begin,
)
