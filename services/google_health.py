"""Google Health API, v4: sleep, glucose, pulse, oxygen, steps, exercise in one API.

Each kind of data point is filtered by a time of its own. A page has 25 sleeps or exercises, or
1000 of anything else. The application is the person's own: a Cloud project with a client of type
Desktop, whose secret is none; in testing its refresh tokens end after seven days.

Source: developers.google.com/health (endpoints, data types), and its guide to OAuth.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from services.contract import Api, OAuth, Pace, Service, Stream, Window
from services.web.pages import by_token, listed, paged

SCOPE = "https://www.googleapis.com/auth/googlehealth."
# Data type: the field that it is filtered by, and the days of a window.
SAMPLE, INTERVAL, CIVIL = "sample_time.physical_time", "interval.start_time", "date"
TYPES = {
    "sleep": ("interval.end_time", 84),
    "blood-glucose": (SAMPLE, 28),
    "heart-rate": (SAMPLE, 7),
    "heart-rate-variability": (SAMPLE, 28),
    "oxygen-saturation": (SAMPLE, 28),
    "steps": (INTERVAL, 28),
    "active-energy-burned": (INTERVAL, 28),
    "exercise": ("interval.civil_start_time", 84),
    "daily-resting-heart-rate": (CIVIL, 84),
    "daily-heart-rate-variability": (CIVIL, 84),
    "daily-oxygen-saturation": (CIVIL, 84),
    "daily-respiratory-rate": (CIVIL, 84),
    "daily-sleep-temperature-derivations": (CIVIL, 84),
}
FEW = frozenset(("sleep", "exercise"))
NEXT = by_token("nextPageToken", "pageToken")


def _fetch(kind: str, api: Api, window: Window) -> Iterator[bytes]:
    field = f"{kind.replace('-', '_')}.{TYPES[kind][0]}"
    first, until = _bounds(TYPES[kind][0], window)
    asked = {
        "filter": f'{field} >= "{first}" AND {field} < "{until}"',
        "pageSize": 25 if kind in FEW else 1000,
    }
    for page in paged(api, f"/v4/users/me/dataTypes/{kind}/dataPoints", asked, NEXT):
        if listed(page, "dataPoints"):
            yield page.raw.strip()


def _bounds(field: str, window: Window) -> tuple[str, str]:
    """A date, a wall clock or an instant, as the field wants it."""
    if field == CIVIL:
        return window.first.isoformat(), window.until.isoformat()
    form = "%Y-%m-%dT%H:%M:%S" if "civil" in field else "%Y-%m-%dT%H:%M:%SZ"
    return window.begin().strftime(form), window.end().strftime(form)


def _stream(kind: str) -> Stream:
    return Stream(kind, TYPES[kind][1], lambda api, window: _fetch(kind, api, window))


SERVICE = Service(
    name="google_health",
    title="Google Health",
    base={"": "https://health.googleapis.com"},
    followed=dt.date(2026, 11, 28),
    login=OAuth(
        authorize="https://accounts.google.com/o/oauth2/v2/auth",
        token="https://oauth2.googleapis.com/token",
        scopes=(
            f"{SCOPE}sleep.readonly",
            f"{SCOPE}health_metrics_and_measurements.readonly",
            f"{SCOPE}activity_and_fitness.readonly",
        ),
        portal=(
            "console.cloud.google.com: a project of your own with the Google Health API enabled "
            "and an OAuth client of type Desktop"
        ),
        more={"access_type": "offline", "prompt": "consent"},
    ),
    streams=tuple(_stream(kind) for kind in TYPES),
    pace=Pace(every_s=0.2),
)
