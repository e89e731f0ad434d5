"""When a nightly run is due: a time of day in a zone, by default this machine's."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from zoneinfo import ZoneInfo

import tzlocal

from flows.settings import SettingsError, check_zone


def time_and_zone(at: str, timezone: str | None) -> tuple[int, int, str]:
    """Hour, minute and zone of HH:MM.

    Raises: SettingsError for an impossible time or zone.
    """
    if not (time := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at)):
        raise SettingsError(f"{at} is no time of day: write HH:MM, such as 05:30")
    if timezone:
        check_zone(timezone)
    return int(time[1]), int(time[2]), timezone or _here()


def next_run(hour: int, minute: int, zone: str, now: dt.datetime) -> dt.datetime:
    """The next time it is that late in a zone, on its clock."""
    here = now.astimezone(ZoneInfo(zone))
    first = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return first if first > here else first + dt.timedelta(days=1)


def _here() -> str:
    """The zone this machine is set to; UTC if it does not say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tzlocal.get_localzone_name() or "UTC"
        except (KeyError, ValueError, OSError):
            return "UTC"
