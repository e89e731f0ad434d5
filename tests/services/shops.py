"""Services as their descriptions have them: paging, spans of days, errors, of a year of documents.

Values are invented, shapes are of the descriptions that services/*.py name.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

from tests.services.world import answer

Document = dict[str, Any]
FIRST = dt.date(2026, 9, 7)
NIGHTS = 80


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def instant(number: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day(number), dt.time(hour, minute), dt.UTC)


def z(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def page(request: Request, found: list[Any], size: int, name: str) -> tuple[list[Any], str | None]:
    """Some of what was found, and the token of the rest."""
    begin = int(request.args.get(name) or 0)
    rest = begin + size
    return found[begin:rest], str(rest) if rest < len(found) else None


@dataclass
class Authority:
    """Tokens: a refresh token is good once, an access token until `revoke_all`."""

    access: str = "access-0"
    refresh: str = "refresh-0"
    number: int = 0
    is_closed: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    grace: set[str] = field(default_factory=set)  # old refresh tokens that are good for a while
    has_grace: bool = False

    def token(self, request: Request) -> Response:
        given = dict(request.form)
        self.asked.append(given)
        is_known = given.get("refresh_token") in {self.refresh, *self.grace}
        if given.get("grant_type") == "authorization_code":
            is_known = given.get("code") == "code-1"
        if self.is_closed or not is_known:
            return answer({"error": "invalid_grant"}, 400)
        if self.has_grace:
            self.grace.add(self.refresh)
        self.number += 1
        self.access, self.refresh = f"access-{self.number}", f"refresh-{self.number}"
        return answer(self.told())

    def told(self) -> dict[str, Any]:
        return {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "expires_in": 3600,
            "token_type": "Bearer",
            "scope": "daily heartrate",
            "x_user_id": 77,
        }

    def knows(self, request: Request) -> bool:
        is_known = request.headers.get("Authorization") == f"Bearer {self.access}"
        if is_known:
            self.grace.clear()
        return is_known


@dataclass
class Shop:
    """A service with documents by kind. `asked` counts requests for documents."""

    documents: dict[str, list[Document]]
    find: Callable[[Shop, Request], Response]
    authority: Authority = field(default_factory=Authority)
    said: list[str] = field(default_factory=list)  # what was asked for beside documents

    def serve(self, request: Request) -> Response:
        if request.path == "/token":
            return self.authority.token(request)
        if not self.authority.knows(request):
            return answer({"detail": "unauthorized"}, 401)
        if request.method != "GET":
            word = f"{request.method} {request.path}"
            is_known, _ = word in self.said, self.said.append(word)
            return answer({}, 409) if is_known else Response(status=204)
        return self.find(self, request)


# Oura


def oura_sleep(number: int, hours: int = 8) -> Document:
    begin = instant(number - 1, 22)
    end = begin + dt.timedelta(hours=hours)
    return {
        "id": f"sleep-{number}",
        "day": day(number).isoformat(),
        "type": "long_sleep",
        "period": 0,
        "bedtime_start": begin.isoformat(),
        "bedtime_end": end.isoformat(),
        "total_sleep_duration": hours * 3600 - 1200,
        "deep_sleep_duration": 3600,
        "rem_sleep_duration": 3600,
        "light_sleep_duration": hours * 3600 - 8400,
        "awake_time": 1200,
        "time_in_bed": hours * 3600,
        "lowest_heart_rate": 48,
        "average_heart_rate": 55.5,
        "average_breath": 14.2,
        "average_hrv": 45,
        "latency": 300,
        "efficiency": 95,
        "sleep_phase_5_min": "4" + "2" * (hours * 12 - 25) + "1" * 12 + "3" * 12,
    }


def _oura(shop: Shop, request: Request) -> Response:
    kind, given = request.path.rpartition("/")[2], request.args
    found = shop.documents.get(kind, [])
    if kind == "heartrate":
        first, end = given["start_datetime"], given["end_datetime"]
        found = [d for d in found if first <= d["timestamp"] <= end]
    else:
        # an end date leaves out what is of that day, except for daily documents
        first, last = given["start_date"], given["end_date"]
        found = [d for d in found if first <= d["day"] and (d["day"] < last or kind != "sleep")]
        found = [d for d in found if d["day"] <= last]
    if kind == "daily_spo2":
        return answer({"detail": "no scope"}, 403)
    data, rest = page(request, found, 10, "next_token")
    return answer({"data": data, "next_token": rest})


def oura() -> Shop:
    days = range(NIGHTS)
    scores = [
        {
            "id": f"d{number}",
            "day": day(number).isoformat(),
            "score": 80,
            "timestamp": f"{day(number)}T00:00:00+00:00",
            "contributors": {"deep_sleep": 90},
        }
        for number in days
    ]
    pulses = [
        {"bpm": 60 + number % 9, "source": "awake", "timestamp": instant(number, 12).isoformat()}
        for number in days
    ]
    return Shop(
        {
            "sleep": [oura_sleep(number) for number in days],
            "daily_sleep": scores,
            "heartrate": pulses,
        },
        _oura,
    )


# WHOOP


def whoop_sleep(number: int, hours: int = 8) -> Document:
    begin = instant(number - 1, 23)
    milli = hours * 3_600_000
    return {
        "id": f"ecfc6a15-4661-442f-a9a4-{number:012}",
        "cycle_id": number,
        "user_id": 1,
        "created_at": z(begin + dt.timedelta(hours=hours)),
        "updated_at": z(begin + dt.timedelta(hours=hours)),
        "start": z(begin),
        "end": z(begin + dt.timedelta(hours=hours)),
        "timezone_offset": "+01:00",
        "nap": False,
        "score_state": "SCORED",
        "score": {
            "stage_summary": {
                "total_in_bed_time_milli": milli,
                "total_awake_time_milli": 1_800_000,
                "total_light_sleep_time_milli": milli - 9_000_000,
                "total_slow_wave_sleep_time_milli": 3_600_000,
                "total_rem_sleep_time_milli": 3_600_000,
                "disturbance_count": 4,
            },
            "respiratory_rate": 14.5,
            "sleep_performance_percentage": 90,
            "sleep_efficiency_percentage": 91.5,
        },
    }


def whoop_recovery(number: int) -> Document:
    sleep = whoop_sleep(number)
    return {
        "cycle_id": number,
        "sleep_id": sleep["id"],
        "user_id": 1,
        "created_at": sleep["created_at"],
        "updated_at": sleep["updated_at"],
        "score_state": "SCORED",
        "score": {"recovery_score": 66, "resting_heart_rate": 50, "hrv_rmssd_milli": 44.4},
    }


def _whoop(shop: Shop, request: Request) -> Response:
    """What touches the span, newest first."""
    found = shop.documents.get(request.path.rpartition("/")[2], [])
    first, end = request.args["start"], request.args["end"]
    found = [
        d
        for d in found
        if d.get("end", d["created_at"]) >= first and d.get("start", d["created_at"]) < end
    ]
    found.sort(key=lambda d: str(d["created_at"]), reverse=True)
    records, rest = page(request, found, int(request.args["limit"]), "nextToken")
    return answer({"records": records, "next_token": rest})


def whoop() -> Shop:
    days = range(NIGHTS)
    return Shop(
        {
            "sleep": [whoop_sleep(number) for number in days],
            "recovery": [whoop_recovery(number) for number in days],
        },
        _whoop,
    )


# Withings


def withings_night(number: int, hours: int = 8) -> Document:
    begin = int(instant(number - 1, 22).timestamp())
    return {
        "id": number,
        "timezone": "Europe/Berlin",
        "model": 32,
        "model_id": 63,
        "startdate": begin,
        "enddate": begin + hours * 3600,
        "date": day(number).isoformat(),
        "data": {"total_timeinbed": hours * 3600, "total_sleep_time": hours * 3600 - 1200},
        "created": begin + hours * 3600,
        "modified": begin + hours * 3600,
    }


def _withings(shop: Shop, request: Request) -> Response:
    given, nights = request.args, shop.documents["nights"]
    if given["action"] == "get":
        begin, end = int(given["startdate"]), int(given["enddate"])
        half = (begin + end) // 2
        states = [
            {"startdate": begin, "enddate": half, "state": 1, "model": "Aura Sensor V2",
             "hr": {str(begin): 60}},
            {"startdate": half, "enddate": end, "state": 2, "model": "Aura Sensor V2",
             "hr": {str(half): 55}},
        ]  # fmt: skip
        return answer({"status": 0, "body": {"series": states, "model": 32}})
    if "lastupdate" in given:
        found = [night for night in nights if night["modified"] > int(given["lastupdate"])]
    else:
        first, last = given["startdateymd"], given["enddateymd"]
        found = [night for night in nights if first <= night["date"] <= last]
    series, rest = page(request, found, 10, "offset")
    body = {"series": series, "more": rest is not None, "offset": int(rest or 0)}
    return answer({"status": 0, "body": body})


class WithingsAuthority(Authority):
    """Errors in the body of HTTP 200, tokens too."""

    def token(self, request: Request) -> Response:
        assert request.form.get("action") == "requesttoken"
        told = super().token(request).get_json()
        if "error" in told:
            return answer({"status": 503, "body": {}, "error": "Invalid Params"})
        return answer({"status": 0, "body": told | {"userid": "77"}})


class WithingsShop(Shop):
    def serve(self, request: Request) -> Response:
        response = super().serve(request)
        if response.status_code == 401:
            return answer({"status": 401, "body": {}, "error": "XRequestID: invalid_token"})
        return response


def withings() -> Shop:
    nights = [withings_night(number) for number in range(NIGHTS)]
    return WithingsShop({"nights": nights}, _withings, WithingsAuthority())


# Google Health


def google_point(kind: str, number: int) -> Document:
    source = {"platform": "FITBIT", "device": {"displayName": "Example Watch"}}
    name = f"users/me/dataTypes/{kind}/dataPoints/{number}"
    told: Document = {"name": name, "dataSource": source}
    if kind == "sleep":
        begin, end = instant(number - 1, 22), instant(number, 6)
        told["sleep"] = {
            "interval": {
                "startTime": z(begin),
                "startUtcOffset": "3600s",
                "endTime": z(end),
                "endUtcOffset": "3600s",
            },
            "type": "STAGES",
            "stages": [{"startTime": z(begin), "endTime": z(end), "type": "LIGHT"}],
        }
    else:
        told["bloodGlucose"] = {
            "sampleTime": {"physicalTime": z(instant(number, 7)), "utcOffset": "3600s"},
            "bloodGlucoseMilligramsPerDeciliter": 90 + number % 20,
        }
    return told


def _google(shop: Shop, request: Request) -> Response:
    kind = request.path.split("/")[5]
    bounds = re.findall(r'([\w.]+) (>=|<) "([^"]+)"', request.args["filter"])
    (field_, _, first), (_, _, until) = bounds
    assert field_.startswith(f"{kind.replace('-', '_')}.")

    def time_of(point: Document) -> str:
        if kind == "sleep":
            return str(point["sleep"]["interval"]["endTime"])
        return str(point["bloodGlucose"]["sampleTime"]["physicalTime"])

    found = [p for p in shop.documents.get(kind, []) if first <= time_of(p) < until]
    points, rest = page(request, found, min(int(request.args["pageSize"]), 25), "pageToken")
    return answer({"dataPoints": points} | ({"nextPageToken": rest} if rest else {}))


def google() -> Shop:
    kinds = ("sleep", "blood-glucose")
    return Shop({kind: [google_point(kind, n) for n in range(NIGHTS)] for kind in kinds}, _google)


# Tidepool


class TidepoolShop(Shop):
    """A session is exchanged for a newer one at each login."""

    def serve(self, request: Request) -> Response:
        token, authority = "X-Tidepool-Session-Token", self.authority
        given = request.headers.get(token)
        if request.path == "/auth/login":
            proof = base64.b64encode(b"anna@example.org:Xylophone-37").decode()
            is_known = request.headers.get("Authorization") == f"Basic {proof}"
            if not is_known and given != authority.access:
                return answer({"reason": "Wrong username and/or password"}, 401)
            authority.number += 1
            authority.access = f"session-{authority.number}"
            return answer({"userid": "0123456789"}, **{token: authority.access})
        if given != authority.access:
            return answer({"reason": "Unauthorized"}, 401)
        return self.find(self, request)


def tidepool_value(number: int) -> Document:
    moment = instant(number // 2, 8 + number % 2 * 6)
    return {
        "type": "cbg",
        "id": f"cbg{number:08}",
        "uploadId": "upid_0123456789ab",
        "deviceId": "DexG6MobRec_1",
        "time": z(moment),
        "deviceTime": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "timezoneOffset": 0,
        "conversionOffset": 0,
        "units": "mmol/L",
        "value": 5.5 + number % 10 / 10,
    }


def _tidepool(shop: Shop, request: Request) -> Response:
    first, end = request.args["startDate"][:19], request.args["endDate"][:19]
    return answer([d for d in shop.documents["data"] if first <= d["time"][:19] <= end])


def tidepool() -> Shop:
    return TidepoolShop({"data": [tidepool_value(n) for n in range(2 * NIGHTS)]}, _tidepool)


# Dexcom


def dexcom_value(number: int) -> Document:
    moment = instant(number // 2, number % 2 * 12)  # midnight is of the day that begins
    return {
        "recordId": f"00000000-0000-4000-8000-{number:012}",
        "systemTime": z(moment),
        "displayTime": moment.isoformat(),
        "transmitterId": "5b2d7a6c",
        "transmitterTicks": 1000 + number * 300,
        "value": 95 + number % 30,
        "status": "ok",
        "trend": "flat",
        "trendRate": 0.1,
        "unit": "mg/dL",
        "rateUnit": "mg/dL/min",
        "displayDevice": "iOS",
        "transmitterGeneration": "g7",
    }


def _dexcom(shop: Shop, request: Request) -> Response:
    kind = request.path.rpartition("/")[2]
    if kind == "dataRange":
        oldest = min(each["systemTime"] for each in shop.documents["egvs"])
        return answer({"recordType": "dataRange", "egvs": {"start": {"systemTime": oldest}}})
    first, end = request.args["startDate"], request.args["endDate"]
    assert dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(first) < dt.timedelta(30)
    found = [d for d in shop.documents.get(kind, []) if first <= d["systemTime"][:19] < end]
    told = {"recordType": kind.rstrip("s"), "recordVersion": "3.0", "userId": "u"}
    return answer(told | {"records": found})


def dexcom() -> Shop:
    return Shop({"egvs": [dexcom_value(number) for number in range(2 * NIGHTS)]}, _dexcom)


# Polar


def polar_night(number: int) -> Document:
    return {
        "polar_user": "https://www.polaraccesslink/v3/users/1",
        "date": day(number).isoformat(),
        "sleep_start_time": f"{day(number - 1)}T23:00:00+01:00",
        "sleep_end_time": f"{day(number)}T07:00:00+01:00",
        "device_id": "1111AAAA",
        "light_sleep": 16000,
        "deep_sleep": 4000,
        "rem_sleep": 6000,
        "sleep_score": 80,
        "total_interruption_duration": 1000,
        "hypnogram": {"23:00": 3, "01:00": 4, "05:00": 1},
        "heart_rate_samples": {"23:41": 66},
    }


def _polar(shop: Shop, request: Request) -> Response:
    """A day that it has nothing of, or that is longer ago than 28 days, is no content."""
    kind, wanted = request.path.split("/")[3:5]
    found = [d for d in shop.documents.get(kind, []) if d["date"] == wanted]
    return answer(found[0]) if found else Response(status=204)


def polar() -> Shop:
    return Shop({"sleep": [polar_night(number) for number in range(NIGHTS)]}, _polar)


SHOPS: dict[str, Callable[[], Shop]] = {
    "oura": oura,
    "whoop": whoop,
    "withings": withings,
    "google_health": google,
    "tidepool": tidepool,
    "dexcom": dexcom,
    "polar": polar,
}
