"""What was found out about clocks, for people to read: one row a finding."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clocks.claims import offset_words
from transforms.clocks.counter import Run
from transforms.clocks.itinerary import Contradiction
from transforms.clocks.known import Clocks
from transforms.clocks.timeline import MINUTE, Micros, Span
from transforms.clocks.unmoved import Unmoved
from transforms.sources import by_source

KINDS = {
    "clock_change": "a device's clock was moved: by its zone, a journey or a hand",
    "clock_unmoved": "a device's clock was not moved when its owner's was",
    "re_timed": "two exports tell the same readings at different times of the clock",
    "shifted_copy": "a second route of the same sensor is off by a constant time: not used",
    "shifted_sleep": "two sources tell one night hours apart: by the worse clock it is not used",
    "overruled": "evidence that the settings overrule",
    "outvoted": "evidence that better evidence contradicts",
    "lone_evidence": "one piece of evidence of a short stay: not followed",
    "default_offset": "the one offset that a source states whatever the clock: not followed",
    "doubtful": "a device's clock that another story fits about as well, or that was mostly away",
    "no_zone": "an offset that no zone of the world had then: not followed",
    "two_sensors_apart": "two sensors at once tell clearly different glucose: two people?",
    "other_name": "an export names another person than the others of its format: two people?",
    "contradicting_exports": "two exports made together contradict each other: two people?",
    "future": "rows dated after their export was made: not used",
    "unresolved": "glucose readings or sleeps without an instant",
}
_REASONS = {"lone": "lone_evidence", "default": "default_offset"}
# Findings of one source and kind that follow each other within so long are told once.
_ONE_STORY = 7 * 24 * 60 * MINUTE


@dataclass(frozen=True)
class Finding:
    """From `first` to `last` (microseconds UTC) something about the clock of a stream."""

    stream: str
    first: int
    last: int
    kind: str
    size_min: int | None
    explanation: str


def of_devices(clocks: Clocks) -> list[Finding]:
    """Where the clocks of devices with a counter were moved or not, and exports that disagree."""
    found: list[Finding] = []
    for (connector, device), runs in clocks.streams().items():
        stream = f"{connector} {device}".strip()
        found += _changes(stream, runs, clocks)
        found += _unfollowed(stream, runs, clocks)
        found += _re_timed(stream, runs)
    return found


def of_doubtful(clocks: Clocks) -> list[Finding]:
    """Stretches of a phone's clock that may have been another one."""
    found: list[Finding] = []
    for (connector, device), runs in clocks.streams().items():
        name = f"{connector} {device}".strip()
        for run in runs:
            if run.is_sure:
                continue
            text = f"{offset_words(run.offset_min or 0)} is taken, " + (
                "away from home as most of what is known of the clock"
                if run.rival_min is None
                else f"{offset_words(run.rival_min)} is about as likely"
            )
            before = found[-1] if found else None
            if before is not None and (before.stream, before.explanation) == (name, text):
                last = max(before.last, run.last)
                found[-1] = Finding(name, before.first, last, "doubtful", None, text)
            else:
                found.append(Finding(name, run.first, run.last, "doubtful", None, text))
    return found


def _changes(stream: str, runs: Sequence[Run], clocks: Clocks) -> Iterable[Finding]:
    last, offset = runs[0].last, runs[0].offset_min
    for run in runs[1:]:
        if run.offset_min != offset and run.last > last and run.first >= last:
            size = (run.offset_min or 0) - (offset or 0)
            why = _why(clocks, last, run.first, size)
            text = f"from {offset_words(offset or 0)} to {offset_words(run.offset_min or 0)}: {why}"
            yield Finding(stream, last, run.first, "clock_change", size, text)
        if run.last >= last:
            last, offset = run.last, run.offset_min


def _why(clocks: Clocks, before: int, after: int, size: int) -> str:
    """What the person's own clock did between two instants in which a device's was moved."""
    ends = np.array([before, after], np.int64)
    own = clocks.zone.offset_at(ends)
    old, new = (_span_at(clocks.itinerary.spans, t) for t in (before, after))
    if own[1] - own[0] != size * MINUTE:
        return "set by hand or for a short time; its owner's clock is not taken to have moved"
    if old is not None and new is not None and old.zone != new.zone:
        return f"a journey from {old.zone} to {new.zone}"
    return f"the clocks of {new.zone} were moved" if new else "the clocks there were moved"


def _span_at(spans: Sequence[Span], instant: int) -> Span | None:
    return next((s for s in spans if s.start <= instant < s.end), None)


def _unfollowed(stream: str, runs: Sequence[Run], clocks: Clocks) -> Iterable[Finding]:
    """Stretches in which a receiver, which no zone moves, shows another time than its owner's."""
    zone = clocks.zone
    for run in runs:
        if run.follows_zone:
            continue
        inside = zone.start[(zone.start > run.first) & (zone.start <= run.last)]
        edges = [run.first, *inside.tolist(), run.last + 1]
        for first, end in itertools.pairwise(edges):
            size = (run.offset_min or 0) - int(zone.offset_at(np.array([first]))[0]) // MINUTE
            if size and end - 1 > first:
                text = (
                    f"the device shows {offset_words(run.offset_min or 0)}, its owner's clock not"
                )
                yield Finding(stream, first, end - 1, "clock_unmoved", size, text)


def _re_timed(stream: str, runs: Sequence[Run]) -> Iterable[Finding]:
    """Runs of one life and device, from different files, that tell the same counts otherwise."""
    told = set()
    for one, other in itertools.combinations(runs, 2):
        if one.life != other.life or one.file == other.file or one.shift_min == other.shift_min:
            continue
        low, high = max(one.first_count, other.first_count), min(one.last_count, other.last_count)
        if low > high or (low, high) in told:
            continue
        told.add((low, high))
        first = max(one.first, other.first)
        text = f"files {one.file} and {other.file}; the counter tells which instant is right"
        size = abs(one.shift_min - other.shift_min)
        yield Finding(stream, first, first + high - low, "re_timed", size, text)


def of_unmoved(clocks: Iterable[Unmoved]) -> list[Finding]:
    """Readers that went on through a spring night."""
    return [
        Finding(
            f"{c.connector} {c.device}".strip(),
            c.first - c.offset,
            c.last - c.offset,
            "clock_unmoved",
            -c.behind // MINUTE,
            f"readings at times that never were: the clock stayed at "
            f"{offset_words(c.offset // MINUTE)}",
        )
        for c in clocks
    ]


def of_contradictions(contradictions: Iterable[Contradiction]) -> list[Finding]:
    """Evidence that was not followed, what is told once as one finding."""
    found: list[Finding] = []
    ordered = sorted(
        contradictions, key=lambda c: (c.claim.source, c.reason, c.claim.says, c.claim.first)
    )
    for each in ordered:
        claim, kind = each.claim, _REASONS.get(each.reason, each.reason)
        text = f"{claim.source} says {claim.says} ({claim.ground}), the timeline {each.zone}"
        before = found[-1] if found else None
        if (
            before is not None
            and (before.stream, before.kind, before.explanation) == (claim.source, kind, text)
            and (claim.first - before.last <= _ONE_STORY or each.reason == "default")
        ):
            found[-1] = Finding(claim.source, before.first, claim.last, kind, before.size_min, text)
        else:
            found.append(Finding(claim.source, claim.first, claim.last, kind, None, text))
    return found


def is_future(rows: pa.Table) -> pa.ChunkedArray:
    """Which canonical rows are dated after their export was made."""
    return pc.fill_null(pc.match_substring(rows["flag"].cast(pa.string()), "future"), False)


def count_future(rows: pa.Table) -> Counter[str]:
    """How many canonical rows of each connector are dated after their export was made."""
    names = rows["connector"].cast(pa.string()).filter(is_future(rows))
    return Counter(names.to_pylist())


def of_future(rows: pa.Table) -> list[Finding]:
    """Canonical rows that are dated after their export was made, by source."""
    rows = rows.filter(is_future(rows))
    if not rows.num_rows:
        return []
    wall = np.asarray(pc.fill_null(rows["start_local"].cast(pa.int64()), 0)).astype(np.int64)
    return [
        Finding(
            " ".join(name for name in source if name),
            int(wall[mine].min()),
            int(wall[mine].max()),
            "future",
            None,
            f"{int(mine.sum())} rows after the export was made, by their own clock",
        )
        for source, mine in by_source(rows)
    ]


def waiting(
    rows: pa.Table, clocks: Clocks | None, column: str, names: Sequence[str]
) -> list[Finding]:
    """Canonical rows without an instant, of some metrics or kinds, by source and stretch.

    Without clocks all rows wait for a zone, which is said elsewhere.
    """
    if clocks is None:
        return []
    open_ = pc.and_(pc.is_null(rows["start_at"]), pc.is_valid(rows["start_local"]))
    open_ = pc.and_not(open_, is_future(rows))
    named = pc.is_in(rows[column].cast(pa.string()), pa.array(names))
    rows = rows.filter(pc.and_(open_, named))
    if not rows.num_rows:
        return []
    wall = np.asarray(rows["start_local"].cast(pa.int64())).astype(np.int64)
    shown = clocks.zone.resolve(wall)
    source = pc.binary_join_element_wise(
        rows["connector"].cast(pa.string()), rows["device"].cast(pa.string()), " ",
        null_handling="skip",
    )  # fmt: skip
    found: list[Finding] = []
    for name in sorted(set(source.to_pylist())):
        mine = np.asarray(pc.equal(source, name))
        found += _unresolved(name, shown.first[mine], shown.last[mine])
    return found


def _unresolved(stream: str, first: Micros, last: Micros) -> list[Finding]:
    """Rows of one source; `first` and `last` are the instants between which each must lie."""
    order = np.argsort(first, kind="stable")
    first, last = first[order], np.maximum.accumulate(last[order])
    begins = np.append(True, first[1:] > last[:-1] + 6 * 60 * MINUTE)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(first)) - 1
    return [
        Finding(
            stream,
            int(first[a]),
            int(last[b]),
            "unresolved",
            None,
            f"{b - a + 1} rows of hours that the clock showed twice, and nothing tells which",
        )
        for a, b in zip(starts, ends, strict=True)
    ]
