"""Which offset each life of a counter had: the likeliest story of one device after the other.

Within a life the offsets are known relative to each other. What is sought is one offset per life,
so that as few clocks as possible were moved unseen: between two sensors a phone is taken to have
stayed in its zone, and a receiver, which no zone moves, to have kept its offset. Where nothing
else tells, people are at home. A life that fits two stories equally well stays open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from transforms.claims import Claim
from transforms.counter import Run, distinct
from transforms.timeline import DAY, HIGHEST, LOWEST, MINUTE, Timeline

# Costs, relative to each other: a move that nobody saw, when it could hardly have been missed;
# a claim of another source that is contradicted; a day that a phone spends away from home.
UNSEEN_MOVE, LEAST_MOVE = 3.0, 0.05
CONTRADICTION, MOST_CONTRADICTIONS = 0.5, 6
DAY_AWAY = 0.002
_SAME_COST = 1e-6
_RECENT = 40  # runs of a device that a new one is compared with
_SAMPLES = 25  # moments of a run at which it is compared with home


@dataclass(frozen=True)
class _Story:
    """The offsets of the lives so far (None: open), their cost, the runs of each device."""

    cost: float
    offsets: tuple[int | None, ...]
    runs: dict[tuple[str, str], tuple[Run, ...]]


def anchored(runs: Sequence[Run], expected: Timeline, claims: Sequence[Claim]) -> list[Run]:
    """The runs with their offsets, by what is expected (home, settings, other evidence).

    Runs of a life that stays open have none.
    """
    lives: dict[int, list[Run]] = {}
    for run in sorted(runs, key=lambda r: (r.first_wall, r.last_wall, r.file, r.device)):
        lives.setdefault(run.life, []).append(run)
    stories = [_Story(0.0, (), {})]
    for life in lives.values():
        stories = _continued(stories, distinct(life), expected, claims)
    chosen = dict(zip(lives, _cheapest([(s.cost, s) for s in stories]).offsets, strict=True))
    return [
        run if offset is None else replace(run, offset_min=offset + run.shift_min)
        for run in runs
        for offset in (chosen[run.life],)
    ]


def _cheapest(stories: list[tuple[float, _Story]]) -> _Story:
    """The story of the least cost; what others that cost the same tell otherwise is left open."""
    least = min(cost for cost, _ in stories)
    tied = [story for cost, story in stories if cost - least < _SAME_COST]
    offsets = tuple(
        each[0] if len(set(each)) == 1 else None
        for each in zip(*(story.offsets for story in tied), strict=True)
    )
    return replace(tied[0], offsets=offsets)


def _continued(
    stories: list[_Story], life: list[Run], expected: Timeline, claims: Sequence[Claim]
) -> list[_Story]:
    """The cheapest story for each offset that this life may have had."""
    own = {offset: _cost(life, offset, expected, claims) for offset in _at_home(life, expected)}
    for offset in {c for story in stories for c in _as_before(story, life)} - own.keys():
        own[offset] = _cost(life, offset, expected, claims)
    possible = {o: cost for o, cost in own.items() if _is_possible(life, o)} or own
    result = []
    for offset, cost in sorted(possible.items()):
        placed = [replace(run, offset_min=offset + run.shift_min) for run in life]
        costs = [story.cost + _moves(story, placed, expected) for story in stories]
        before = _cheapest(list(zip(costs, stories, strict=True)))
        total = min(costs) + cost
        told = dict(before.runs)
        for run in placed:
            told[run.stream] = (*told.get(run.stream, ()), run)
        result.append(_Story(total, (*before.offsets, offset), told))
    return result


def _at_home(life: list[Run], expected: Timeline) -> set[int]:
    """Offsets of the life at which one of its runs would begin or end at home."""
    walls = np.array([w for run in life for w in (run.first_wall, run.last_wall)], np.int64)
    shifts = np.repeat([run.shift_min for run in life], 2)
    found = expected.resolve(walls)
    both = [(walls - instant) // MINUTE - shifts for instant in (found.first, found.last)]
    return {int(offset) for offset in np.concatenate(both)}


def _as_before(story: _Story, life: list[Run]) -> set[int]:
    """Offsets of the life at which one of its devices keeps the offset that it had."""
    return {
        (before.offset_min or 0) - run.shift_min
        for run in life
        for before in story.runs.get(run.stream, ())[-_RECENT:]
    }


def _is_possible(life: list[Run], offset: int) -> bool:
    return all(LOWEST <= (offset + run.shift_min) * MINUTE <= HIGHEST for run in life)


def _cost(life: list[Run], offset: int, expected: Timeline, claims: Sequence[Claim]) -> float:
    """Of the phones: days away from where they are expected, and claims that they contradict."""
    total = 0.0
    for run in life:
        if not run.follows_zone:
            continue
        placed = replace(run, offset_min=offset + run.shift_min)
        asked = np.linspace(placed.first, placed.last, _SAMPLES).astype(np.int64)
        away = float(np.mean(expected.offset_at(asked) != (placed.offset_min or 0) * MINUTE))
        total += DAY_AWAY * away * ((placed.last - placed.first) / DAY + 0.1)
        against = sum(
            claim.first <= placed.last
            and claim.last >= placed.first
            and claim.offset_at(max(claim.first, placed.first)) != (placed.offset_min or 0) * MINUTE
            for claim in claims
        )
        total += CONTRADICTION * min(against, MOST_CONTRADICTIONS)
    return total


def _moves(story: _Story, placed: list[Run], expected: Timeline) -> float:
    """What it costs that a device's clock shows something else than in the lives before."""
    total = 0.0
    seen: set[tuple[str, str]] = set()
    for run in placed:
        others = story.runs.get(run.stream, ())
        # one device has one clock, whatever counters it hears
        total += UNSEEN_MOVE * sum(
            other.first <= instant <= other.last and other.offset_min != run.offset_min
            for other in others[-_RECENT:]
            for instant in (run.first, run.last)
        )
        if run.stream not in seen:
            seen.add(run.stream)
            total += _unseen(run, others, expected)
    return total


def _unseen(run: Run, others: Sequence[Run], expected: Timeline) -> float:
    """The cost of a move between the run of a device before this one and this one."""
    before = max(
        (other for other in others if other.first <= run.first), key=lambda o: o.last, default=None
    )
    until = before.last if before else run.first
    home = (expected.offset_at(np.array([until, run.first], np.int64)) // MINUTE).tolist()
    is_home = run.offset_min == home[1]
    if before is None:
        return 0.0 if is_home else LEAST_MOVE + UNSEEN_MOVE
    if before.offset_min == run.offset_min:
        return 0.0
    if run.follows_zone and is_home and before.offset_min == home[0]:
        return 0.0
    return LEAST_MOVE + UNSEEN_MOVE * math.exp(-max(run.first - until, 0) / DAY)
