"""Which of two exports is the older one: of versions of one fact the newest is used.

When an export was made is told by, the best first:

    stated        the export itself (the fact `exported_at`)
    archive_name  a date in the name of the archive that it came in
    archive_time  the time of the member in that archive
    file_time     the time of the file that was handed over, to the hour: copies are made together
    order         nothing: then what was given later is the newer one

A sign that is older than what the export holds is none. Of the same bytes that were given more than
once the earliest sign counts: what was copied is not newer for that.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STATED, ARCHIVE_NAME, ARCHIVE_TIME = "stated", "archive_name", "archive_time"
FILE_TIME, ORDER = "file_time", "order"
WORDS = {
    STATED: "by what it says itself",
    ARCHIVE_NAME: "by the name of its archive",
    ARCHIVE_TIME: "by the times in its archive",
    FILE_TIME: "by the time of its file",
    ORDER: "by the order in which they were given",
}
# Times in archives and names are of a clock that nobody names, and a name may have a date alone.
NEAR = dt.timedelta(days=2)
ANEW = dt.timedelta(days=1)  # by which the same bytes must be older than they were known to be
FIRST_YEAR = 1990  # a zip that knows no time says 1980; so do cameras, and disks say 1970
_LAST_S = 4e9  # in the year 2096
_DATE = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])"
    r"(?:[T_ -]?([01]\d|2[0-3])[-_.:]?([0-5]\d)[-_.:]?([0-5]\d))?(?!\d)"
)


@dataclass(frozen=True)
class Signs:
    """When a file was made, as its surroundings tell it; naive, as good as UTC."""

    named: dt.datetime | None = None
    packed: dt.datetime | None = None
    filed: dt.datetime | None = None


NO_SIGNS = Signs()


def named_in(path: str) -> dt.datetime | None:
    """The latest date in the name of an archive, at the time of day that stands with it."""
    return max(_dates(path.rpartition("/")[2]), default=None)


def unpacked_in(path: str) -> dt.datetime | None:
    """The latest date with a time of day in the names of folders around a file, as archives leave
    them that were unpacked; a date alone may be of what the folder holds."""
    folders = path.split("/")[:-1]
    return max((d for name in folders for d in _dates(name, with_clock=True)), default=None)


def _dates(name: str, with_clock: bool = False) -> Iterator[dt.datetime]:
    for year, month, day, *clock in _DATE.findall(name):
        hour, minute, second = (int(each or 0) for each in clock)
        try:
            date = dt.datetime(int(year), int(month), int(day), hour, minute, second)
        except ValueError:
            continue  # no such day
        if clock[0] or not with_clock:
            yield date


def moment(seconds: float) -> dt.datetime | None:
    """The time of a file, in seconds since 1970, as UTC; None if no clock can have said so."""
    if not 0 <= seconds < _LAST_S:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None)


def signs_of(
    signs: Signs, stated: str | None, first: dt.datetime | None, last: dt.datetime | None
) -> dict[str, Any]:
    """When an export was made: `made_at` (ISO; None if nothing tells), `by`, and the signs that
    `contradict` it. `first` and `last` are the times in it."""
    told = {
        STATED: _naive(stated),
        ARCHIVE_NAME: signs.named,
        ARCHIVE_TIME: signs.packed,
        FILE_TIME: signs.filed and signs.filed.replace(minute=0, second=0, microsecond=0),
    }
    floor = dt.datetime(FIRST_YEAR, 1, 1)
    if first is not None and first > floor + NEAR:
        floor = first - NEAR
    at = {by: when for by, when in told.items() if when is not None and when >= floor}
    if FILE_TIME in at and last is not None and at[FILE_TIME] + NEAR < last:
        del at[FILE_TIME]  # of all signs the one that is lost most easily
    if not at:
        return {"made_at": None, "by": ORDER, "contradict": []}
    by = next(iter(at))
    when = at[by]
    firm = {sign: at[sign] for sign in (ARCHIVE_NAME, ARCHIVE_TIME) if sign in at and sign != by}
    apart = [sign for sign, other in firm.items() if abs(other - when) > NEAR]
    if by == ARCHIVE_NAME and ARCHIVE_TIME in firm and not apart:
        when = firm[ARCHIVE_TIME]  # the same, to the second
    return {"made_at": when.isoformat(), "by": by, "contradict": apart}


def is_earlier(sign: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether the same bytes were made clearly earlier than they were known to be."""
    if sign["made_at"] is None or known.get("by") == STATED:
        return False
    if known.get("made_at") is None:
        return True
    one, other = (dt.datetime.fromisoformat(each["made_at"]) for each in (sign, known))
    return one < other - ANEW


Age = tuple[str, int, str, str]


def ranked(manifests: Sequence[Mapping[str, Any]]) -> list[int]:
    """The places of manifests, the oldest export first.

    What nothing tells the age of is at least as new as all that was given before it.
    """
    ages = [_age(manifest) for manifest in manifests]
    reached = ""
    for place in sorted(range(len(ages)), key=lambda each: (ages[each][1], ages[each])):
        made, given, last, file = ages[place]
        reached = max(reached, made)
        if given and not made:
            ages[place] = reached, given, last, file
    return sorted(range(len(ages)), key=lambda each: ages[each])


def named_first(manifests: Sequence[Mapping[str, Any]]) -> list[int]:
    """The rank of each manifest, least first, among files that tell a fact equally: the newest,
    of several of one age the first by name. The order of giving has no say in it."""
    made = [made_at(manifest) for manifest in manifests]
    names = [str(manifest["file"]) for manifest in manifests]
    order = sorted(range(len(made)), key=lambda each: names[each])
    order.sort(key=lambda each: made[each], reverse=True)
    return [rank for _, rank in sorted(zip(order, range(len(order)), strict=True))]


def _age(manifest: Mapping[str, Any]) -> Age:
    """When it was made, its number in the order of giving; of lakes that did not keep that, the
    last time in it."""
    told = manifest.get("age") or {}
    last = "" if told else manifest["last_time"] or ""
    return made_at(manifest), told.get("given", 0), str(last)[:19], str(manifest["file"])


def made_at(manifest: Mapping[str, Any]) -> str:
    """When an export was made, ISO to the second; empty if nothing tells."""
    told = manifest.get("age") or {}
    return str(told.get("made_at") or manifest["exported_at"] or "")[:19]


def _naive(stated: str | None) -> dt.datetime | None:
    """An ISO time as UTC without saying so."""
    if not stated:
        return None
    try:
        when = dt.datetime.fromisoformat(stated)
    except ValueError:
        return None
    return when.astimezone(dt.UTC).replace(tzinfo=None) if when.tzinfo else when
