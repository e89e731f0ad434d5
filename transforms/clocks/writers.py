"""Writers of offsets that say nothing of where anybody was: they state one always, by default.

An app that writes `+00:00` with every record, or the standard offset all summer, does not ask the
phone for it. Its instants are as good as any; its wall clock is not, and it moves nobody. What
gives it away is that it never says anything else while home, or whatever other source there is,
says that it should.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from transforms.clocks.claims import Claim
from transforms.clocks.timeline import HOUR, MINUTE, Mask, Timeline
from transforms.sources import by_source

_NEAR = 12 * HOUR  # another source's word on the same night


def constant(claims: Iterable[Claim]) -> dict[str, int]:
    """The sources that state one offset always, and which, minutes."""
    stated: dict[str, set[int]] = {}
    for claim in claims:
        if claim.ground == "offset" and claim.offset_min is not None:
            stated.setdefault(claim.source, set()).add(claim.offset_min)
    return {source: min(told) for source, told in stated.items() if len(told) == 1}


def defaults(claims: Sequence[Claim], home: Timeline) -> frozenset[str]:
    """The sources whose one offset contradicts home, is no journey's, and has no one to confirm it.

    0 is a default wherever home has another offset; so is one that home itself has at other times
    of the year, and one that stays as it is while the clocks of home change.
    """
    found = set()
    for source, minutes in constant(claims).items():
        mine = [claim for claim in claims if claim.source == source]
        shown = home.offset_at(np.array([t for c in mine for t in (c.first, c.last)], np.int64))
        if (shown == minutes * MINUTE).all():
            continue
        usual = np.unique(home.offset[-8:] // MINUTE)  # of the last years
        if minutes != 0 and minutes not in usual and len(np.unique(shown)) == 1:
            continue  # a journey, as far as anyone can tell
        if not _is_confirmed(mine, minutes, claims, home):
            found.add(source)
    return frozenset(found)


def _is_confirmed(
    mine: Sequence[Claim], minutes: int, claims: Sequence[Claim], home: Timeline
) -> bool:
    """Whether a source of another kind, and no constant one, says the same when home does not."""
    kind, constants = mine[0].source.partition(" ")[0], constant(claims)
    others = [
        (c.first - _NEAR, c.last + _NEAR)
        for c in claims
        if c.source.partition(" ")[0] != kind
        and c.source not in constants
        and c.offset_at(c.first) == minutes * MINUTE
    ]
    first, last = np.array(others, np.int64).reshape(-1, 2).T
    ends = np.array([(c.first, c.last) for c in mine], np.int64)
    away = ends[home.offset_at(ends[:, 0]) != minutes * MINUTE].tolist()
    return any(bool(((first <= end) & (last >= begin)).any()) for begin, end in away)


def written_by(rows: pa.Table, sources: frozenset[str]) -> Mask:
    """Which rows some sources wrote."""
    mine = np.zeros(rows.num_rows, np.bool_)
    if not sources:
        return mine
    for (connector, device), theirs in by_source(rows):
        if f"{connector} {device}".strip() in sources:
            mine |= theirs
    return mine
