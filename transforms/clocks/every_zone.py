"""The names of all time zones, and those that most people know."""

from __future__ import annotations

import zoneinfo
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Of zones whose clocks agree, the one that most people live in is named: one or two for each rule
# that is in use, in no order that matters elsewhere. All others come after, by name.
WELL_KNOWN = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "Europe/Berlin", "Europe/London", "Europe/Athens", "Europe/Moscow", "Asia/Kolkata",
    "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide",
    "Pacific/Auckland", "America/Sao_Paulo", "America/Mexico_City", "America/Phoenix",
    "America/Bogota", "America/Santiago", "America/Halifax", "America/Caracas",
    "America/Anchorage", "Pacific/Honolulu", "America/St_Johns", "America/Havana",
    "Africa/Lagos", "Africa/Cairo", "Africa/Johannesburg", "Africa/Nairobi", "Africa/Casablanca",
    "Africa/Abidjan", "Asia/Jerusalem", "Asia/Beirut", "Europe/Istanbul", "Asia/Tehran",
    "Asia/Dubai", "Asia/Kabul", "Asia/Karachi", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon",
    "Asia/Bangkok", "Atlantic/Azores", "Atlantic/Cape_Verde", "America/Noronha",
    "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Pacific/Tongatapu",
    "Pacific/Pago_Pago", "Pacific/Noumea", "Pacific/Kiritimati", "Pacific/Marquesas",
)  # fmt: skip


@cache
def every_zone() -> frozenset[str]:
    """The names of all zones of this machine: to look for them takes a tenth of a second."""
    return frozenset(zoneinfo.available_timezones())


@cache
def everywhere() -> tuple[str, ...]:
    """Every zone of the world by place, the well known first."""
    rest = sorted(
        name
        for name in every_zone() - set(WELL_KNOWN)
        if "/" in name and name.partition("/")[0] not in ("Etc", "SystemV", "US", "posix", "right")
    )
    return (*WELL_KNOWN, *rest)


@cache
def is_zone(name: str) -> bool:
    """Whether a text is the IANA name of a zone: of those that come with dawnlake, or another."""
    return name in _of_tzdata() or name in every_zone()


@cache
def _of_tzdata() -> frozenset[str]:
    """The names that the package lists, which is installed with us; none if it is not."""
    package = find_spec("tzdata")
    listed = Path(package.origin).with_name("zones") if package and package.origin else None
    return frozenset(listed.read_text("utf-8").split()) if listed else frozenset()
