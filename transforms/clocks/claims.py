"""What sources say of a person's clock: stretches of time, each with an offset or a zone's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from transforms.clocks.counter import STEP_MIN, Run, distinct
from transforms.clocks.timeline import DAY, MINUTE, offset_of

Ground = Literal["zone_name", "offset", "device_clock"]


@dataclass(frozen=True)
class Claim:
    """From `first` to `last` (microseconds UTC) a source's clock was in a zone or at an offset.

    ground   zone_name (an IANA name beside the record), offset (stated at the recording),
             device_clock (a phone's wall clock beside a counter)
    pieces   how many records say so; a stretch of a device's clock counts as one
    """

    first: int
    last: int
    source: str
    ground: Ground
    offset_min: int | None = None
    zone: str | None = None
    pieces: int = 1

    def offset_at(self, instant: int) -> int:
        """What the offset was by this claim, microseconds."""
        if self.zone is not None:
            return offset_of(self.zone, instant)
        return (self.offset_min or 0) * MINUTE

    def is_of(self, zone: str) -> bool:
        """Whether somebody in `zone` would have made this claim."""
        if self.zone is not None and self.zone == zone:
            return True
        return all(self.offset_at(t) == offset_of(zone, t) for t in (self.first, self.last))

    @property
    def days(self) -> int:
        """What it weighs: days, begun ones too. A stream of readings is no more than a sleep."""
        return 1 + (self.last - self.first) // DAY

    @property
    def says(self) -> str:
        """The zone or the offset, in words."""
        return self.zone or offset_words(self.offset_min or 0)


def offset_words(minutes: int) -> str:
    """An offset as people write it: UTC+02:00."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def of_phones(known: Sequence[Run]) -> list[Claim]:
    """What anchored runs of phones say, in however many files they stand.

    A receiver's clock, or one set by hand, says nothing.
    """
    lives: dict[int, list[Run]] = {}
    for run in known:
        if run.follows_zone and run.offset_min is not None and run.offset_min % STEP_MIN == 0:
            lives.setdefault(run.life, []).append(run)
    return [
        Claim(run.first, run.last, f"{run.connector} {run.device}", "device_clock", run.offset_min)
        for life in lives.values()
        for run in distinct(life)
    ]
