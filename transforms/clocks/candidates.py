"""Which offsets a life of a counter can have had: those that anything at all speaks for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transforms.clocks.claims import Claim
from transforms.clocks.counter import Run
from transforms.clocks.timeline import DAY, HIGHEST, LOWEST, MINUTE, Micros, Timeline
from transforms.clocks.whereabouts import SLACK, Whereabouts

# What it costs that other sources state another offset: each of them, and each claim more.
CONTRADICTION, ONE_MORE, MOST_CONTRADICTIONS = 4.0, 0.5, 8
NEIGHBOURS = 60 * DAY  # lives so near may have been told at one place


@dataclass(frozen=True)
class Candidates:
    """Home, the changes of the clocks of all places, and what other sources state, in columns."""

    home: Timeline
    world: Whereabouts
    change: Micros  # instants, with the offsets before and after
    before: Micros
    after: Micros
    told: tuple[Micros, Micros, Micros, Micros]  # from, to, the offset at each; and by whom
    source: npt.NDArray[np.str_]

    @classmethod
    def of(cls, home: Timeline, where: Whereabouts, claims: Sequence[Claim]) -> Candidates:
        place, edge = np.nonzero(np.diff(where.offset, axis=1))
        columns = [(c.first, c.last, c.offset_at(c.first), c.offset_at(c.last)) for c in claims]
        told = np.array(columns, np.int64).reshape(-1, 4).T
        return cls(
            home,
            where,
            where.edge[edge + 1],
            where.offset[place, edge],
            where.offset[place, edge + 1],
            (told[0], told[1], told[2], told[3]),
            np.array([c.source for c in claims], np.str_),
        )

    def is_home(self, instant: int, offset_min: int) -> bool:
        """Whether the clock at home shows an offset at an instant."""
        return int(self.home.offset_at(np.array([instant], np.int64))[0]) == offset_min * MINUTE

    def contradicted(self, run: Run, shown: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """What it costs that other sources state something else while a phone shows `shown`
        (minutes, one for each story)."""
        first, last, *offsets = self.told
        result = np.zeros(len(shown))
        if not len(first):
            return result
        for number, minutes in enumerate(shown.tolist()):
            begin, end = (wall - minutes * MINUTE for wall in (run.first_wall, run.last_wall))
            against = (first <= end) & (last >= begin)
            against &= (offsets[0] != minutes * MINUTE) & (offsets[1] != minutes * MINUTE)
            count = int(against.sum())
            if count:
                sources = len(np.unique(self.source[against]))
                more = min(count - sources, MOST_CONTRADICTIONS)
                result[number] = CONTRADICTION * sources + ONE_MORE * more
        return result

    def offsets(self, lives: Mapping[int, Sequence[Run]]) -> dict[int, list[int]]:
        """Offsets of each life, minutes: those that it speaks for, and those at which a device
        shows what it may have shown in a life before it or after it."""
        own = {
            number: {*self._at_home(life), *self._at_changes(life), *self._told(life)}
            for number, life in lives.items()
        }
        for number, offsets in self._anywhere(lives):
            own[number].update(offsets)
        shown = [
            (run.first_wall, run.last_wall, run.follows_zone or run.stream, offset + run.shift_min)
            for number, life in lives.items()
            for run in _ends(life)
            for offset in own[number]
        ]
        for number, life in lives.items():
            for run in _ends(life):
                clock = run.follows_zone or run.stream
                own[number].update(
                    minutes - run.shift_min
                    for first, last, whose, minutes in shown
                    if whose == clock
                    and first <= run.last_wall + NEIGHBOURS
                    and last >= run.first_wall - NEIGHBOURS
                )
        result = {}
        for number, found in own.items():
            possible = [o for o in sorted(found) if _is_possible(lives[number], o)]
            result[number] = possible or sorted(found)
        return result

    def _anywhere(self, lives: Mapping[int, Sequence[Run]]) -> Iterator[tuple[int, set[int]]]:
        """Those of any place, for lives that a phone would have heard at once at one offset."""
        ends = [
            (phones[0].first_wall, phones[-1].last_wall, number, phones)
            for number, life in lives.items()
            if (phones := [run for run in life if run.follows_zone])
        ]
        for one, other in itertools.pairwise(sorted(ends, key=lambda end: end[:3])):
            if other[0] < one[1] - SLACK:
                for number, run in ((one[2], one[3][-1]), (other[2], other[3][0])):
                    minutes = self.world.offsets_at(run.first_wall) // MINUTE
                    yield number, set((minutes - run.shift_min).tolist())

    def _at_home(self, life: Sequence[Run]) -> set[int]:
        """Those at which one of its runs begins or ends at home."""
        walls = np.array([w for run in life for w in (run.first_wall, run.last_wall)], np.int64)
        shifts = np.repeat([run.shift_min for run in life], 2)
        found = self.home.resolve(walls)
        both = [(walls - instant) // MINUTE - shifts for instant in (found.first, found.last)]
        return {int(offset) for offset in np.concatenate(both)}

    def _at_changes(self, life: Sequence[Run]) -> set[int]:
        """Those at which a phone's clock was moved when the clocks of some place were."""
        found: set[int] = set()
        phones = [run for run in life if run.follows_zone]
        for one, other in itertools.pairwise(phones):
            size = (other.shift_min - one.shift_min) * MINUTE
            if not size or one.stream != other.stream:
                continue
            mine = self.after - self.before == size
            mine &= one.last_wall - self.before <= self.change
            mine &= other.first_wall - self.after >= self.change
            found.update((self.before[mine] // MINUTE - one.shift_min).tolist())
        return found

    def _told(self, life: Sequence[Run]) -> set[int]:
        """Those at which a phone shows what another source states."""
        first, last, offset, _ = self.told
        found: set[int] = set()
        for run in life:
            if run.follows_zone:
                near = (first <= run.last_wall - LOWEST) & (last >= run.first_wall - HIGHEST)
                found.update((np.unique(offset[near]) // MINUTE - run.shift_min).tolist())
        return found


def _ends(life: Sequence[Run]) -> list[Run]:
    """The first and the last run of each clock: of all phones together, of each receiver."""
    first: dict[object, Run] = {}
    last: dict[object, Run] = {}
    for run in life:
        clock = run.follows_zone or run.stream
        first.setdefault(clock, run)
        last[clock] = run
    return [*first.values(), *last.values()]


def _is_possible(life: Iterable[Run], offset: int) -> bool:
    return all(LOWEST <= (offset + run.shift_min) * MINUTE <= HIGHEST for run in life)
