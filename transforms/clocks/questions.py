"""What only the person can tell of their clocks, for the receipt to ask."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from transforms.clocks.claims import Claim, offset_words
from transforms.clocks.counter import Run, distinct
from transforms.clocks.timeline import DAY

_MOST = 3  # offsets that a question names


@dataclass(frozen=True)
class Question:
    """About some days of a connector's times, whose clock is taken to be at an offset.

    `count` is of rows where it is not days that matter.

    kind    rival (at another one, `instead`, is about as likely), abroad (most of what is known
            was recorded away from home), default (the source never says anything else), future
            (rows after their export was made)
    """

    kind: str
    connector: str
    days: int
    taken: str
    instead: str = ""
    count: int = 0


def of_runs(runs: Iterable[Run]) -> list[Question]:
    """Questions about the clocks of phones, one for each pair of answers."""
    lives: dict[int, list[Run]] = {}
    for run in runs:
        if not run.is_sure and run.follows_zone:
            lives.setdefault(run.life, []).append(run)
    spent: dict[tuple[str, str, str, str], int] = {}
    for life in lives.values():
        told = distinct(life)
        taken = _one_after_the_other(run.offset_min or 0 for run in told)
        is_rival = told[0].rival_min is not None
        rival = _one_after_the_other(run.rival_min or 0 for run in told) if is_rival else ""
        key = ("rival" if is_rival else "abroad", told[0].connector, taken, rival)
        spent[key] = spent.get(key, 0) + sum(run.last - run.first for run in told)
    return [
        Question(kind, connector, max(round(time / DAY), 1), taken, rival)
        for (kind, connector, taken, rival), time in sorted(spent.items())
    ]


def _one_after_the_other(offsets: Iterable[int]) -> str:
    """Offsets in words, each once until it changes: UTC+02:00, then UTC-04:00."""
    words = [offset_words(minutes) for minutes, _ in itertools.groupby(offsets)]
    more = f" and {len(words) - _MOST} more changes" if len(words) > _MOST else ""
    return ", then ".join(words[:_MOST]) + more


def of_future(counts: Mapping[str, int]) -> list[Question]:
    """What is to be told of rows that are dated after their export was made, by connector."""
    return [Question("future", name, 0, "", count=n) for name, n in sorted(counts.items())]


def of_defaults(claims: Sequence[Claim], sources: frozenset[str]) -> list[Question]:
    """Questions about sources whose offset was not followed."""
    spent: dict[tuple[str, str], int] = {}
    for claim in claims:
        if claim.source in sources:
            key = claim.source.partition(" ")[0], claim.says
            spent[key] = spent.get(key, 0) + claim.days
    return [
        Question("default", connector, days, taken)
        for (connector, taken), days in sorted(spent.items())
    ]
