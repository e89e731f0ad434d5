"""The names of all time zones."""

from __future__ import annotations

import zoneinfo
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def every_zone() -> frozenset[str]:
    """The names of all zones of this machine: to look for them takes a tenth of a second."""
    return frozenset(zoneinfo.available_timezones())


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
