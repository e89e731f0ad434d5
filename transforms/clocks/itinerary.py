"""Where a person was: settings first, then all evidence at once, as zones one after the other.

Evidence changes the zone from the first moment at which it was observed to the last one, and
nowhere else: what lies between two observations that differ is left as it was and doubted. So a
true piece of evidence never moves a time that was right.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from transforms.clocks.claims import Claim
from transforms.clocks.places import candidates
from transforms.clocks.timeline import (
    DAY,
    FAR_AHEAD,
    HOUR,
    Mask,
    Micros,
    Span,
    Timeline,
    overlaid,
    timeline_of,
)

# How long before and after an observed change the clock is doubted, if nobody says sooner; of two
# stays away from home that follow so soon, the first lasts until the second.
LONGEST_DOUBT = 36 * HOUR
_RANK = {"zone_name": 0, "offset": 0, "device_clock": 1}


@dataclass(frozen=True)
class Patience:
    """When evidence makes a stay: one that is shorter than `stay_min` needs two pieces; two
    observations of one zone are one stay if nothing contradicts and they are `join` apart at most.
    """

    stay_min: int = 24 * HOUR
    join: int = 7 * DAY


@dataclass(frozen=True)
class Contradiction:
    """A claim that the itinerary does not follow, and why.

    reason   overruled (settings say otherwise), outvoted (better evidence does), lone (one piece
             of a short stay), no_zone (no zone of the world has that offset then), default (its
             source never states another offset)
    """

    claim: Claim
    reason: str
    zone: str  # what the itinerary says instead


@dataclass(frozen=True)
class Itinerary:
    """Spans without holes, their offsets, stretches of doubt, and what speaks against them."""

    spans: tuple[Span, ...]
    timeline: Timeline
    doubts: tuple[tuple[int, int], ...] = ()
    contradictions: tuple[Contradiction, ...] = ()

    def is_doubted(self, instant: Micros) -> Mask:
        """Which instants lie between two observations that differ."""
        doubted = np.zeros(len(instant), np.bool_)
        for first, last in self.doubts:
            doubted |= (instant > first) & (instant < last)
        return doubted


@dataclass
class _Stay:
    """Observations away from home, one after the other, that somebody in one zone can have made."""

    first: int
    last: int
    before: int  # the end of what was observed before
    zones: list[str]
    claims: set[Claim] = field(default_factory=set)
    after: int = FAR_AHEAD  # the begin of what was observed after

    def is_lone(self, patience: Patience) -> bool:
        """Whether it is short, and one piece of evidence is all there is."""
        longest = max(claim.last - claim.first for claim in self.claims)
        is_short = max(longest, self.last - self.first) < patience.stay_min
        return len(self.claims) < 2 and is_short


@dataclass(frozen=True)
class _Seen:
    """The best claim of a stretch, with all that agree; home if it is as without evidence."""

    first: int
    last: int
    claim: Claim
    agreed: tuple[Claim, ...]
    is_home: bool


def itinerary(
    spans: Sequence[Span],
    claims: Sequence[Claim],
    years: tuple[int, int],
    patience: Patience,
    defaults: frozenset[str] = frozenset(),
) -> Itinerary:
    """The zones of a person, from the spans of the settings and all claims but those of sources
    that state a default.

    Raises: zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    base = timeline_of(spans, *years)
    fixed = [span for span in spans if span.basis == "settings"]
    heard = [claim for claim in claims if claim.source not in defaults]
    seen = [s for s in _observed(heard, base) if not _is_within(s, fixed)]
    stays, impossible = _stays(seen, heard, patience)
    lone = [s for s in stays if s.is_lone(patience)]
    taken = [s for s in stays if s not in lone]
    over = [Span(s.first, end, s.zones[0], "evidence") for s, end in _until(taken)]
    placed = _joined(overlaid(spans, _outside(over, fixed)))
    timeline = timeline_of(placed, *years)
    reasons = {id(claim): "lone" for stay in lone for claim in stay.claims}
    reasons |= {id(claim): "no_zone" for claim in impossible}
    reasons |= {id(claim): "default" for claim in claims if claim.source in defaults}
    contradictions = _against(claims, placed, timeline, reasons)
    return Itinerary(tuple(placed), timeline, _doubts(taken), tuple(contradictions))


def _observed(claims: Sequence[Claim], base: Timeline) -> list[_Seen]:
    """The best claim of each stretch that any claim covers, in order of time.

    A stretch ends where `base` changes too: a clock may agree with home up to there and not after.
    """
    edges = {edge for claim in claims for edge in (claim.first, claim.last + 1)}
    if edges:
        inside = (base.start > min(edges)) & (base.start < max(edges))
        edges.update(base.start[inside].tolist())
    waiting = sorted(claims, key=lambda c: c.first, reverse=True)
    active: list[Claim] = []
    seen: list[_Seen] = []
    moments = sorted(edges)
    at_home = base.offset_at(np.array(moments, np.int64)).tolist()
    for (first, end), offset in zip(itertools.pairwise(moments), at_home, strict=False):
        while waiting and waiting[-1].first <= first:
            active.append(waiting.pop())
        active = [claim for claim in active if claim.last >= first]
        if active:
            claim = min(active, key=lambda c: _worth(c, active, first, offset))
            told = claim.offset_at(first)
            agreed = tuple(c for c in active if c.offset_at(first) == told)
            seen.append(_Seen(first, end - 1, claim, agreed, told == offset))
    return seen


def _worth(
    claim: Claim, active: Iterable[Claim], instant: int, home: int
) -> tuple[int, bool, int, str, str]:
    """Sorts claims of one moment, best first: ground, home before away, most kinds of sources."""
    told = claim.offset_at(instant)
    kinds = {c.source.partition(" ")[0] for c in active if c.offset_at(instant) == told}
    return _RANK[claim.ground], told != home, -len(kinds), claim.says, claim.source


def _is_within(seen: _Seen, fixed: Iterable[Span]) -> bool:
    return any(span.start <= seen.first and seen.last < span.end for span in fixed)


def _outside(spans: Iterable[Span], fixed: Sequence[Span]) -> list[Span]:
    """What of each span lies in none of the fixed ones."""
    result = list(spans)
    for wall in fixed:
        cut = []
        for span in result:
            for start, end in (
                (span.start, min(span.end, wall.start)),
                (max(span.start, wall.end), span.end),
            ):
                if start < end:
                    cut.append(Span(start, end, span.zone, span.basis))
        result = cut
    return result


def _stays(
    seen: Sequence[_Seen], claims: Sequence[Claim], patience: Patience
) -> tuple[list[_Stay], list[Claim]]:
    """Stays away from home in order, and the claims that no zone can have made."""
    named = [claim.zone for claim in claims if claim.zone is not None]
    stays: list[_Stay] = []
    impossible: list[Claim] = []
    current: _Stay | None = None
    until = -FAR_AHEAD
    for each in seen:
        if current is not None and (each.is_home or each.first - current.last > patience.join):
            current.after, current = each.first, None
        if each.is_home:
            until = each.last
            continue
        zones = current.zones if current else candidates(named, each.claim)
        fitting = [zone for zone in zones if each.claim.is_of(zone)]
        if current is not None and not fitting:
            current.after, current = each.first, None
            fitting = candidates(named, each.claim)
        if not fitting:
            impossible.append(each.claim)
            continue
        if current is None:
            current = _Stay(each.first, each.last, until, fitting)
            stays.append(current)
        current.last, current.zones = max(current.last, each.last), fitting
        current.claims.update(each.agreed)
        until = each.last
    return stays, impossible


def _until(stays: Sequence[_Stay]) -> list[tuple[_Stay, int]]:
    """Each stay with its end: its last observation, or the next stay if that follows at once."""
    following = [*(stay.first for stay in stays[1:]), FAR_AHEAD]
    return [
        (
            stay,
            after if after <= stay.last + LONGEST_DOUBT and after == stay.after else stay.last + 1,
        )
        for stay, after in zip(stays, following, strict=False)
    ]


def _doubts(stays: Iterable[_Stay]) -> tuple[tuple[int, int], ...]:
    """The stretches before and after each stay in which the clock may have been either."""
    result = []
    for stay in stays:
        result.append((max(stay.before, stay.first - LONGEST_DOUBT), stay.first))
        result.append((stay.last, min(stay.after, stay.last + LONGEST_DOUBT)))
    return tuple(result)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Neighbours of the same zone and basis as one."""
    result: list[Span] = []
    for span in spans:
        before = result[-1] if result else None
        if before and (before.zone, before.basis, before.end) == (
            span.zone,
            span.basis,
            span.start,
        ):
            result[-1] = Span(before.start, span.end, span.zone, span.basis)
        else:
            result.append(span)
    return result


def _against(
    claims: Iterable[Claim],
    spans: Sequence[Span],
    timeline: Timeline,
    reasons: Mapping[int, str],
) -> list[Contradiction]:
    """Claims that say something else than the itinerary, at their begin or their end."""
    starts = np.array([span.start for span in spans], np.int64)
    result = []
    for claim in claims:
        ends = np.array([claim.first, claim.last], np.int64)
        differs = timeline.offset_at(ends) != [claim.offset_at(int(t)) for t in ends]
        if not differs.any():
            continue
        at = ends[0] if differs[0] else ends[1]
        span = spans[int(np.searchsorted(starts, at, side="right")) - 1]
        reason = "overruled" if span.basis == "settings" else reasons.get(id(claim), "outvoted")
        result.append(Contradiction(claim, reason, span.zone))
    return result
