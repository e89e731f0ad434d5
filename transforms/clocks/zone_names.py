"""Names of time zones as people type them: which one is a place, and what to ask about the others.

`EST`, `CET` and `Etc/GMT+5` are in every list of zones and are no place: the first is New York in
winter alone, the second changes its clocks as no country has to, the third is five hours *behind*
UTC. Whoever types one of them means a place, and only they know which.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
from zoneinfo import ZoneInfo

from transforms.clocks.every_zone import WELL_KNOWN, everywhere, is_zone

_UTC = ("UTC", "Etc/UTC")  # whoever says so means it
# Links of tzdata that name a country or a city, and follow it.
_COUNTRIES = {
    *("Cuba", "Egypt", "Eire", "GB", "GB-Eire", "Hongkong", "Iceland", "Iran", "Israel", "Jamaica"),
    *("Japan", "Kwajalein", "Libya", "NZ", "NZ-CHAT", "Navajo", "PRC", "Poland", "Portugal", "ROC"),
    *("ROK", "Singapore", "Turkey", "W-SU"),
}
_NO_PLACE = ("Etc", "SystemV", "posix", "right")
# UTC+2, GMT-05:30, Etc/GMT+5, +0200: an offset, and perhaps a name before it
_OFFSET = re.compile(r"(?:Etc/)?(UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_DAYLIGHT = re.compile(r"([A-Z]{3})\d{1,2}[A-Z]{3}")  # EST5EDT
_MINUTE = dt.timedelta(minutes=1)
_REGIONS = {
    *("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian"),
    "Pacific",
}
_MOST = 4  # places that are named


def is_place(name: str) -> bool:
    """Whether a text is the IANA name of a zone that is a place, or UTC."""
    if not is_zone(name):
        return False
    return name in _UTC or name in _COUNTRIES or name.partition("/")[0] not in (*_NO_PLACE, name)


def problem_with(name: str) -> str | None:
    """What to ask about a name that is no place; None if it is one."""
    if is_place(name):
        return None
    places = _meant(name)
    if is_zone(name):
        hint = f"where is it: {_listed(places)}?" if places else "name a city, as Europe/Berlin"
        return f"{name} is no place, and its clocks may not be those of yours; {hint}"
    hint = f"; did you mean {_listed(places)}?" if places else ""
    return f"{name} is no IANA time zone, such as Europe/Berlin{hint}"


def _listed(places: list[str]) -> str:
    *most, last = places
    return f"{', '.join(most)} or {last}" if most else last


def _meant(name: str) -> list[str]:
    """The places that somebody may mean by a name, likely ones first; at most four."""
    found = _by_offset(name) or _by_abbreviation(name) or _by_spelling(name)
    return found[:_MOST]


def _by_offset(name: str) -> list[str]:
    """Well-known places of the offset that a name states, as people mean its sign."""
    told = _OFFSET.fullmatch(name.strip())
    if told is None:
        return []
    minutes = int(told[3]) * 60 + int(told[4] or 0)
    ahead = -minutes if (told[2] == "-") != name.startswith("Etc/") else minutes
    in_winter = [zone for zone in WELL_KNOWN if _shown(zone)[0][1] == ahead]
    return in_winter + [z for z in WELL_KNOWN if _shown(z)[1][1] == ahead and z not in in_winter]


def _by_abbreviation(name: str) -> list[str]:
    """Well-known places whose clocks go by an abbreviation in winter or in summer."""
    short = name.strip().upper().removeprefix("ETC/")
    double = _DAYLIGHT.fullmatch(short)
    short = {"UCT": "UTC", "ZULU": "UTC", "GREENWICH": "GMT", "GMT0": "GMT", "MET": "CET"}.get(
        short, double[1] if double else short
    )
    if short == "UTC":
        return ["Europe/London", "UTC"]
    for places in (WELL_KNOWN, _proper()):
        shown = {zone: _shown(zone) for zone in places}
        found = [zone for zone in places if short in (shown[zone][0][0], shown[zone][1][0])]
        if found:  # EST is said of a place that has EDT too
            return sorted(
                found, key=lambda z: (shown[z][0] == shown[z][1], z.startswith("Atlantic/"))
            )
    return []


def _by_spelling(name: str) -> list[str]:
    """Places that are spelt almost so, with their region or without."""
    asked = _plain(name)
    if not asked:
        return []
    whole = {_plain(zone): zone for zone in reversed(_proper())}
    cities = {_plain(zone.rpartition("/")[2]): zone for zone in reversed(_proper())}
    if exact := whole.get(asked) or cities.get(asked):
        return [exact]
    near = [whole[each] for each in difflib.get_close_matches(asked, whole, 1, 0.8)]
    city = _plain(name.rpartition("/")[2])
    near += [cities[each] for each in difflib.get_close_matches(city, cities, 2, 0.75)]
    return list(dict.fromkeys(near))


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


@functools.cache
def _proper() -> tuple[str, ...]:
    """Places by continent or ocean, the well known first: no links such as Canada/Atlantic."""
    return tuple(zone for zone in everywhere() if zone.partition("/")[0] in _REGIONS)


@functools.cache
def _shown(zone: str) -> list[tuple[str, int]]:
    """The abbreviation of a place and its offset in minutes, in winter and in summer."""
    moments = [dt.datetime(2025, month, 15, tzinfo=ZoneInfo(zone)) for month in (1, 7)]
    told = [(m.tzname() or "", (m.utcoffset() or dt.timedelta()) // _MINUTE) for m in moments]
    return sorted(told, key=lambda pair: pair[1])
