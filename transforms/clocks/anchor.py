"""Which offset each life of a counter had: the likeliest story of one device after the other.

Within a life the offsets are known relative to each other. What is sought is one offset per life,
so that all that the clocks showed is likely as a whole: people are at home most of the time, a
phone follows them and moves its clock when the place does, a receiver keeps its offset until a hand
sets it, and other sources state no other one. Where another story is about as likely, its offset is
kept beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from transforms.clocks.candidates import Candidates
from transforms.clocks.claims import Claim
from transforms.clocks.counter import Run, distinct
from transforms.clocks.stories import Rival, Stories
from transforms.clocks.timeline import MINUTE, Timeline
from transforms.clocks.whereabouts import Whereabouts

_SAME = 1e-6  # costs that differ by less are the same


def anchored(
    runs: Sequence[Run], home: Timeline, claims: Sequence[Claim], years: tuple[int, int]
) -> list[Run]:
    """The runs with their offsets and whether those are sure, and with the offset of a rival story
    that is about as likely.

    `home` is what the settings say, `claims` what other sources state.
    """
    lives: dict[int, list[Run]] = {}
    for run in runs:
        lives.setdefault(run.life, []).append(run)
    if not lives:
        return []
    told = {life: distinct(mine) for life, mine in lives.items()}
    where = Whereabouts.of(home, [c.zone for c in claims if c.zone is not None], years)
    stories = Stories(where, Candidates.of(home, where, claims), told)
    ordered = sorted(_dated(told, home), key=lambda pair: pair[0])
    last = {run.life: number for number, (_, run) in enumerate(ordered)}
    for number, (_, run) in enumerate(ordered):
        stories.tell(run, last[run.life] == number)
    chosen = stories.chosen()
    rivals = stories.rivals(chosen)
    abroad = _mostly_abroad(told, chosen, home, claims)
    result = []
    for run in runs:
        rival, shown = rivals[run.life], chosen[run.life] + run.shift_min
        if rival is None:
            sure = replace(run, offset_min=shown, is_sure=run.life not in abroad)
            result.append(sure)
        elif _is_twice(told[run.life], (chosen[run.life], rival.offset_min), rival, home):
            result.append(run)
        else:
            other = rival.offset_min + run.shift_min
            result.append(replace(run, offset_min=shown, rival_min=other, is_sure=False))
    return result


def _is_twice(life: Sequence[Run], offsets: tuple[int, int], rival: Rival, home: Timeline) -> bool:
    """Whether all of a life was recorded at home, in an hour that the clock showed twice."""
    if rival.dearer > _SAME:
        return False
    walls = np.array([w for run in life for w in (run.first_wall, run.last_wall)], np.int64)
    shown = MINUTE * np.repeat([run.shift_min for run in life], 2)
    return all(
        bool((home.offset_at(walls - shown - o * MINUTE) == shown + o * MINUTE).all())
        for o in offsets
    )


def _mostly_abroad(
    lives: Mapping[int, Sequence[Run]],
    chosen: Mapping[int, int],
    home: Timeline,
    claims: Sequence[Claim],
) -> set[int]:
    """The lives in which phones were away from home, if they were so most of the time and no other
    source says so."""
    days, away, found = 0, 0, set()
    for number, life in lives.items():
        for run in life:
            if not run.follows_zone:
                continue
            minutes = chosen[number] + run.shift_min
            first, last = run.first_wall - minutes * MINUTE, run.last_wall - minutes * MINUTE
            days += last - first
            shown = home.offset_at(np.array([first, last], np.int64)) == minutes * MINUTE
            if not shown.any() and not _is_said(claims, first, last, minutes):
                away += last - first
                found.add(number)
    return found if 2 * away > days else set()


def _is_said(claims: Sequence[Claim], first: int, last: int, minutes: int) -> bool:
    """Whether another source states an offset within a stretch."""
    return any(
        c.first <= last and c.last >= first and c.offset_at(max(c.first, first)) == minutes * MINUTE
        for c in claims
    )


def _dated(
    lives: Mapping[int, Sequence[Run]], home: Timeline
) -> Iterator[tuple[tuple[int, int, tuple[str, str]], Run]]:
    """Each run with its place in the order of time: within a life it is known, and between lives
    it is by the clock of home."""
    for life in lives.values():
        longest = max(life, key=lambda run: (run.last_wall - run.first_wall, -run.first_wall))
        wall = np.array([longest.first_wall], np.int64)
        offset = int((wall - home.resolve(wall).first)[0]) - longest.shift_min * MINUTE
        for run in life:
            first = run.first_wall - run.shift_min * MINUTE - offset
            yield (first, run.life, run.stream), run
