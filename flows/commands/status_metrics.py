"""A lake in numbers for Prometheus: its text format, for the textfile collector of node_exporter.

Source: Prometheus documentation, "Exposition formats"; node_exporter, "Textfile Collector".
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from flows.errors import UsageError
from flows.nightly.journal import last_night
from flows.overview import Overview
from warehouse.store.lake import Lake
from warehouse.store.lock import holder

Line = tuple[str, str, Mapping[str, str], float]  # name, what it is, labels, value


def write_metrics(lake: Lake, told: Overview, path: Path, with_ids: bool) -> None:
    """Write the file beside its place and rename it: the collector reads whole ones alone.

    Everybody on this machine may read it, unless it has participants' ids in it.

    Raises: UsageError if it does not end in .prom, or its folder is not there; OSError.
    """
    if path.suffix != ".prom" or not path.parent.is_dir():
        raise UsageError("--metrics names a file that ends in .prom, in a folder that is there")
    now = dt.datetime.now(dt.UTC)
    text = exposed([*_lines(lake, told, now), *(_of_each(told, now.date()) if with_ids else ())])
    # the collector reads whatever ends in .prom, and not as the user who writes
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        partial.chmod(0o640 if with_ids else 0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def exposed(lines: list[Line]) -> str:
    """Lines of Prometheus' text format, those of a name together below what it is."""
    found: dict[str, list[str]] = {}
    for name, about, labels, value in lines:
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        head = [f"# HELP dawnlake_{name} {about}", f"# TYPE dawnlake_{name} gauge"]
        known = found.setdefault(name, head)
        known.append(f"dawnlake_{name}{{{shown}}} {value}" if shown else f"dawnlake_{name} {value}")
    return "".join(f"{line}\n" for known in found.values() for line in known)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _lines(lake: Lake, told: Overview, now: dt.datetime) -> Iterator[Line]:
    """The lake as a whole."""
    people = told.people
    yield "status_timestamp_seconds", "When these numbers were written.", {}, int(now.timestamp())
    yield "participants", "People in the lake.", {}, len(people)
    yield "files", "Exports that were read.", {}, sum(person.files for person in people)
    yield "nights", "Nights of everybody.", {}, sum(person.nights for person in people)
    complete = sum(person.complete_nights for person in people)
    yield "nights_complete", "Nights with sleep and glucose.", {}, complete
    aside = sum(person.records_set_aside for person in people)
    yield "records_rejected", "Records that were not understood.", {}, aside
    yield "problems", "What `status --check` has to say.", {}, len(told.problems)
    disk, found = shutil.disk_usage(lake.root), holder(lake)
    yield "disk_free_bytes", "Free on the disk of the lake.", {}, disk.free
    yield "disk_size_bytes", "Size of the disk of the lake.", {}, disk.total
    is_left = found is not None and not found[1]
    yield "run_unfinished", "1 if the last run that wrote did not end.", {}, int(is_left)
    yield from _sources(told, now.date())
    yield from _night(lake)


def _sources(told: Overview, today: dt.date) -> Iterator[Line]:
    """Sources are one connector of one participant; ages are days since their newest data."""
    for connector in sorted({name for person in told.people for name in person.newest}):
        of = [person for person in told.people if connector in person.newest]
        ages = [(today - person.newest[connector]).days for person in of]
        stale = sum(connector in person.stale_days for person in of)
        labels = {"connector": connector}
        yield "sources", "Participants with data of a connector.", labels, len(of)
        yield "sources_stale", "Those older than freshness_days.", labels, stale
        yield "newest_age_days", "Days since the newest data of anybody.", labels, min(ages)
        yield "oldest_age_days", "The same of whoever is furthest behind.", labels, max(ages)


def _night(lake: Lake) -> Iterator[Line]:
    """The last nightly run that ended; nothing before the first."""
    if not (told := last_night(lake)):
        return
    ended = dt.datetime.fromisoformat(told["ended_at"])
    yield "night_timestamp_seconds", "End of the last nightly run.", {}, int(ended.timestamp())
    yield "night_seconds", "How long it took.", {}, float(told["seconds"])
    yield "night_failed", "1 if it failed.", {}, int(told["outcome"] == "failed")
    for what, count in told["counts"].items():
        yield "night_count", "What it counted.", {"what": what.replace(" ", "_")}, int(count)


def _of_each(told: Overview, today: dt.date) -> Iterator[Line]:
    """Each participant by id."""
    for person in told.people:
        who = {"participant": person.participant}
        yield "participant_nights", "Nights.", who, person.nights
        yield "participant_records_rejected", "Not understood.", who, person.records_set_aside
        for connector, last in person.newest.items():
            labels = who | {"connector": connector}
            yield "participant_age_days", "Days since the newest.", labels, (today - last).days
