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

from transforms.clocks.claims import Claim
from transforms.clocks.counter import Run, distinct
from transforms.clocks.timeline import DAY, HIGHEST, LOWEST, MINUTE, Micros, Timeline

# Costs, relative to each other: a move that nobody saw, when it could hardly have been missed;
# a claim of another source that is contradicted; a day that a phone spends away from home.
UNSEEN_MOVE, LEAST_MOVE = 3.0, 0.05
CONTRADICTION, MOST_CONTRADICTIONS = 0.5, 6
DAY_AWAY = 0.002
_SAME_COST = 1e-6
_HOPELESS = 2 * (UNSEEN_MOVE + LEAST_MOVE)
_RECENT = 40  # runs of a device that a new one is compared with
_SAMPLES = 25  # moments of a run at which it is compared with home


@dataclass(frozen=True)
class _Story:
    """The offsets of the lives so far (None: open), their cost, the runs of each device."""

    cost: float
    offsets: tuple[int | None, ...]
    runs: dict[tuple[str, str], tuple[Run, ...]]


@dataclass(frozen=True)
class _Told:
    """What other sources say, in columns: microseconds UTC, offset in microseconds."""

    first: Micros
    last: Micros
    offset: Micros

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> _Told:
        columns = [(c.first, c.last, c.offset_at(c.first)) for c in claims]
        first, last, offset = np.array(columns, np.int64).reshape(-1, 3).T
        return cls(first, last, offset)

    def against(self, first: int, last: int, offset_min: int) -> int:
        """How many claims in a stretch say another offset."""
        within = (self.first <= last) & (self.last >= first)
        return int((within & (self.offset != offset_min * MINUTE)).sum())


def anchored(runs: Sequence[Run], expected: Timeline, claims: Sequence[Claim]) -> list[Run]:
    """The runs with their offsets, by what is expected (home, settings, other evidence).

    Runs of a life that stays open have none.
    """
    lives: dict[int, list[Run]] = {}
    for run in sorted(runs, key=lambda r: (r.first_wall, r.last_wall, r.file, r.device)):
        lives.setdefault(run.life, []).append(run)
    stories, told = [_Story(0.0, (), {})], _Told.of(claims)
    for life in lives.values():
        stories = _continued(stories, distinct(life), expected, told)
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
    stories: list[_Story], life: list[Run], expected: Timeline, told: _Told
) -> list[_Story]:
    """The cheapest story for each offset that this life may have had."""
    own = {offset: _cost(life, offset, expected, told) for offset in _at_home(life, expected)}
    for offset in {c for story in stories for c in _as_before(story, life)} - own.keys():
        own[offset] = _cost(life, offset, expected, told)
    possible = {o: cost for o, cost in own.items() if _is_possible(life, o)} or own
    result = []
    for offset, cost in sorted(possible.items()):
        placed = [replace(run, offset_min=offset + run.shift_min) for run in life]
        costs = [story.cost + _moves(story, placed, expected) for story in stories]
        before = _cheapest(list(zip(costs, stories, strict=True)))
        total = min(costs) + cost
        runs = dict(before.runs)
        for run in placed:
            runs[run.stream] = (*runs.get(run.stream, ()), run)
        result.append(_Story(total, (*before.offsets, offset), runs))
    # a story that is dearer by more than an unseen move can no longer become the cheapest
    least = min(story.cost for story in result)
    return [story for story in result if story.cost <= least + _HOPELESS]


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


def _cost(life: list[Run], offset: int, expected: Timeline, told: _Told) -> float:
    """Of the phones: days away from where they are expected, and claims that they contradict."""
    total = 0.0
    for run in life:
        if not run.follows_zone:
            continue
        placed = replace(run, offset_min=offset + run.shift_min)
        asked = np.linspace(placed.first, placed.last, _SAMPLES).astype(np.int64)
        away = float(np.mean(expected.offset_at(asked) != (placed.offset_min or 0) * MINUTE))
        total += DAY_AWAY * away * ((placed.last - placed.first) / DAY + 0.1)
        against = told.against(placed.first, placed.last, placed.offset_min or 0)
        total += CONTRADICTION * min(against, MOST_CONTRADICTIONS)
    return total


def _moves(story: _Story, placed: list[Run], expected: Timeline) -> float:
    """What it costs that a device's clock shows something else than in the lives before."""
    total = 0.0
    seen: set[tuple[str, str]] = set()
    for run in placed:
        others = story.runs.get(run.stream, ())[-_RECENT:]
        # one device has one clock, whatever counters it hears
        total += UNSEEN_MOVE * sum(
            other.first <= instant <= other.last and other.offset_min != run.offset_min
            for other in others
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
