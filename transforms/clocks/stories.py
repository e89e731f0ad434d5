"""All that clocks with a counter may have shown, side by side, and which of it is the likeliest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from transforms.clocks.candidates import Candidates
from transforms.clocks.counter import Run
from transforms.clocks.timeline import DAY, MINUTE, Micros
from transforms.clocks.whereabouts import SLACK, Costs, Index, Whereabouts

# What it costs that a receiver was set when nobody saw it, or that it does not begin at home.
UNSEEN_MOVE, LEAST_MOVE = 3.0, 0.05
# What it costs that a phone hears two sensors at once, or shows two clocks.
AT_ONCE = 8.0
_SURE = 3.0  # the next best story is less likely by e to this
_HOPELESS = 30.0  # a story that is dearer than the best by more is not gone on with
_MOST = 300  # stories at once

_Stream = tuple[str, str]


class Rival(NamedTuple):
    """The offset of a life in another story, minutes, and by how much that is dearer."""

    offset_min: int
    dearer: float


class _Seen(NamedTuple):
    """What a story remembers of a clock: its offset in minutes, the last instant, the life."""

    offset_min: int
    last: int
    life: int


class _Key(NamedTuple):
    """What tells apart stories that may go on differently."""

    lives: tuple[tuple[int, int], ...] = ()  # the offsets of lives that go on
    phone: _Seen | None = None
    receivers: tuple[tuple[_Stream, _Seen], ...] = ()
    is_double: bool = False  # a phone has heard two sensors at once: it may again


@dataclass(frozen=True)
class _Step:
    """One run in all stories, by rows: where each comes from, what it costs, what it goes into."""

    life: int
    offset: Index  # of the life, minutes
    parent: Index
    gap: Micros | None  # since a phone was seen; None if nobody can have moved
    source: Index  # the state that each state comes from
    added: Costs
    cost: Costs
    group: Index  # the story that each is part of afterwards
    chosen: Index  # which of them is the best, by group and state


@dataclass
class Stories:
    """What may have been so far, and the way there: one step for each run that was told."""

    where: Whereabouts
    candidates: Candidates
    lives: Mapping[int, Sequence[Run]]
    _keys: list[_Key] = field(default_factory=lambda: [_Key()])
    _steps: list[_Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._cost = self.where.begin()[None, :]
        self._offsets = self.candidates.offsets(self.lives)

    def tell(self, run: Run, is_last: bool) -> None:
        """Go on by a run, the last of its life or not."""
        parent, offset = self._branches(run)
        keys, cost = [self._keys[row] for row in parent.tolist()], self._cost[parent]
        shown = offset + run.shift_min
        last = (run.last_wall - shown * MINUTE).tolist()
        gap, source = None, np.broadcast_to(np.arange(cost.shape[1]), cost.shape)
        is_double = np.array([key.is_double for key in keys])
        if run.follows_zone:
            first = run.first_wall - shown * MINUTE
            if keys[0].phone is not None:
                gap = first - np.array([key.phone.last for key in keys if key.phone], np.int64)
                cost, source = self.where.moved(cost, gap)
            added = self.where.stay(first, np.array(last, np.int64), shown * MINUTE)
            added += self.candidates.contradicted(run, shown)[:, None]
            if gap is not None:
                at_once = gap < -SLACK
                added[at_once & ~is_double] += AT_ONCE
                is_double |= at_once
        else:
            prices = [self._set(run, key, o) for key, o in zip(keys, shown.tolist(), strict=True)]
            added = np.array(prices)[:, None]
        cost = cost + added
        after = [
            _after(key, run, own, end, is_last)._replace(is_double=double)
            for key, own, end, double in zip(
                keys, offset.tolist(), last, is_double.tolist(), strict=True
            )
        ]
        kept = _hopeful(cost)
        self._keys = list(dict.fromkeys(after[row] for row in kept.tolist()))
        number = {key: n for n, key in enumerate(self._keys)}
        group = np.array([number[after[row]] for row in kept.tolist()], np.int64)
        self._cost, chosen = _merged(cost[kept], group, len(self._keys))
        gap = None if gap is None else gap[kept]
        self._steps.append(
            _Step(
                run.life, offset[kept], parent[kept], gap, source[kept], added[kept], cost[kept],
                group, chosen,
            )
        )  # fmt: skip

    def _branches(self, run: Run) -> tuple[Index, Index]:
        """The story that each comes from, and the offset of the life in it: each, if it begins."""
        known = [dict(key.lives).get(run.life) for key in self._keys]
        if known[0] is not None:
            return np.arange(len(known)), np.array(known, np.int64)
        offsets = self._offsets[run.life]
        parent = np.repeat(np.arange(len(self._keys)), len(offsets))
        return parent, np.tile(np.array(offsets, np.int64), len(self._keys))

    def _set(self, run: Run, key: _Key, shown: int) -> float:
        """What it costs that a receiver shows what it does, which no zone moves."""
        first = run.first_wall - shown * MINUTE
        before = dict(key.receivers).get(run.stream)
        if before is None:
            return 0.0 if self.candidates.is_home(first, shown) else LEAST_MOVE + UNSEEN_MOVE
        if before.offset_min == shown or before.life == run.life:
            return 0.0
        return LEAST_MOVE + UNSEEN_MOVE * math.exp(-max(first - before.last, 0) / DAY)

    def chosen(self) -> dict[int, int]:
        """The offset of each life in the likeliest story, minutes."""
        row, state = np.unravel_index(int(np.argmin(self._cost)), self._cost.shape)
        result: dict[int, int] = {}
        for step in reversed(self._steps):
            row = step.chosen[row, state]
            result[step.life] = int(step.offset[row])
            row, state = step.parent[row], step.source[row, state]
        return result

    def rivals(self, chosen: dict[int, int]) -> dict[int, Rival | None]:
        """Of each life the next best story with another offset, if that is about as likely."""
        result: dict[int, Rival | None] = {}
        after = np.zeros_like(self._cost)
        for number, step in reversed(list(enumerate(self._steps))):
            follows = after[step.group]
            if step.life not in result:
                whole = (step.cost + follows).min(axis=1)
                others = np.where(step.offset == chosen[step.life], np.inf, whole)
                best = int(np.argmin(others))
                dearer = float(others[best] - whole.min())
                near = Rival(int(step.offset[best]), dearer)
                result[step.life] = near if dearer < _SURE else None
            follows = follows + step.added
            if step.gap is not None:
                follows = self.where.before(follows, step.gap)
            size = len(self._steps[number - 1].chosen) if number else 1
            after = np.full((size, follows.shape[1]), np.inf)
            np.minimum.at(after, step.parent, follows)
        return result


def _after(key: _Key, run: Run, offset: int, last: int, is_last: bool) -> _Key:
    """What a story remembers after a run."""
    lives = {**dict(key.lives), run.life: offset}
    if is_last:
        del lives[run.life]
    receivers, phone = dict(key.receivers), key.phone
    if run.follows_zone:
        reached = last if phone is None else max(last, phone.last)
        phone = _Seen(offset + run.shift_min, reached, -1)
    else:
        receivers[run.stream] = _Seen(offset + run.shift_min, last, run.life)
    return _Key(tuple(sorted(lives.items())), phone, tuple(sorted(receivers.items())))


def _hopeful(cost: Costs) -> Index:
    """The stories that may still become the best, the best of them if they are many."""
    least = cost.min(axis=1)
    order = np.argsort(least, kind="stable")[:_MOST]
    return np.sort(order[least[order] <= least[order[0]] + _HOPELESS])


def _merged(cost: Costs, group: Index, size: int) -> tuple[Costs, Index]:
    """For each group and state the least cost, and the row that has it."""
    best = np.full((size, cost.shape[1]), np.inf)
    chosen = np.zeros(best.shape, np.int64)
    for row in range(len(cost)):
        mine = group[row]
        better = cost[row] < best[mine]
        best[mine] = np.where(better, cost[row], best[mine])
        chosen[mine] = np.where(better, row, chosen[mine])
    return best, chosen
