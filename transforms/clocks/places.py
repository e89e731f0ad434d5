"""Which zones of the world an offset can come from, and which one is home if nobody said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from transforms.clocks.claims import Claim
from transforms.clocks.every_zone import WELL_KNOWN, everywhere
from transforms.clocks.timeline import FAR_AHEAD, LONG_AGO, Span, timeline_of

_MOST_CLAIMS = 400  # enough to tell zones apart
_FEWEST = 10  # days of evidence: fewer may be of a journey


def candidates(named: Iterable[str], claim: Claim) -> list[str]:
    """The zones in which a claim can have been made: those that any evidence names come first."""
    first = [zone for zone, _ in Counter(named).most_common()]
    if claim.zone is not None:
        first = [claim.zone, *first]
    fitting = [zone for zone in dict.fromkeys([*first, *WELL_KNOWN]) if claim.is_of(zone)]
    return fitting or [zone for zone in everywhere() if claim.is_of(zone)]


def home(
    claims: Sequence[Claim], named: Iterable[str], stretch: tuple[int, int], years: tuple[int, int]
) -> str | None:
    """The zone in which most was recorded; None if the evidence fits several.

    `named` are zones that files name of themselves. `stretch` is what the recordings span: zones
    that agree in all of it are not told apart.
    """
    count = Counter(named)
    for claim in claims:
        if claim.zone is not None:
            count[claim.zone] += claim.days
    if count:
        (zone, most), *others = sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))
        tied = [other for other, n in others if n == most]
        return zone if all(_agree(zone, other, stretch, years) for other in tied) else None
    told = sorted(
        (c for c in claims if c.ground == "offset"), key=lambda c: (-c.days, c.first, c.source)
    )[:_MOST_CLAIMS]
    if not told:
        return None
    for places in (WELL_KNOWN, everywhere()):
        fit = {zone: sum(c.days for c in told if c.is_of(zone)) for zone in places}
        best = max(fit.values())
        if 2 * best > sum(c.days for c in told):
            zone, *tied = [zone for zone in places if fit[zone] == best]
            return zone if all(_agree(zone, other, stretch, years) for other in tied) else None
    return None


@dataclass(frozen=True)
class Doubt:
    """Of so many `days` of evidence most are `against` a home; it may be in `zone` instead."""

    against: int
    days: int
    zone: str | None


def doubt(
    claims: Iterable[Claim],
    spans: Iterable[Span],
    named: Iterable[str],
    stretch: tuple[int, int],
    years: tuple[int, int],
) -> Doubt | None:
    """What speaks against the home of the settings, if that is most of what is known of it.

    `spans` are those of the settings; evidence from journeys that they name does not count.
    """
    at_home = [span for span in spans if span.basis == "home"]
    told = [c for c in claims if any(s.start <= c.first < s.end for s in at_home)]
    days = sum(c.days for c in told)
    against = sum(c.days for c in told if not c.is_of(at_home[0].zone))
    if days < _FEWEST or 2 * against <= days:
        return None
    return Doubt(against, days, home(told, named, stretch, years))


def _agree(one: str, other: str, stretch: tuple[int, int], years: tuple[int, int]) -> bool:
    """Whether the clocks of two zones show the same all the time."""
    clocks = [timeline_of([Span(LONG_AGO, FAR_AHEAD, z)], *years) for z in (one, other)]
    moments = np.concatenate([np.array(stretch), *(c.start for c in clocks)])
    moments = moments[(moments >= stretch[0]) & (moments <= stretch[1])]
    return bool((clocks[0].offset_at(moments) == clocks[1].offset_at(moments)).all())
