"""Which offset each life of a counter had: the likeliest story of one device after the other.

Within a life the offsets are known relative to each other. What is sought is one offset per life,
so that all that the clocks showed is likely as a whole: people are at home most of the time, a
phone follows them and moves its clock when the place does, a receiver keeps its offset until a hand
sets it, and other sources state no other one. Where another story is about as likely, its offset is
kept beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transforms.clocks.candidates import Candidates
from transforms.clocks.claims import Claim
from transforms.clocks.counter import Run, distinct
from transforms.clocks.stories import Stories
from transforms.clocks.timeline import Timeline
from transforms.clocks.whereabouts import Whereabouts


def anchored(
    runs: Sequence[Run], home: Timeline, claims: Sequence[Claim], years: tuple[int, int]
) -> list[Run]:
    """The runs with their offsets, and with those of a rival story that is about as likely.

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
    ordered = sorted((run for mine in told.values() for run in mine), key=_place)
    last = {run.life: number for number, run in enumerate(ordered)}
    for number, run in enumerate(ordered):
        stories.tell(run, last[run.life] == number)
    chosen = stories.chosen()
    rivals = stories.rivals(chosen)
    return [
        replace(
            run,
            offset_min=chosen[run.life] + run.shift_min,
            rival_min=None if rivals[run.life] is None else rivals[run.life] + run.shift_min,
        )
        for run in runs
    ]


def _place(run: Run) -> tuple[int, int, tuple[str, str], int, int]:
    return run.first_wall, run.last_wall, run.stream, run.life, run.shift_min
