"""EDF+ hypnogram: annotations `Sleep stage W`, `1` to `4`, `N1` to `N3`, `R`, `M`, `?`.

One record is one annotation; it begins so many seconds after the start of the recording and lasts
as long as it says. The start is the wall clock of the laboratory, counted on from even when the
clocks change. Other annotations (lights, apnoeas) are counted. A start of 1985-01-01 or 2001-01-01
is what data sets write in place of the date. Patient and recording fields are not read.

Evidence: a hypnogram of the kind of the Sleep-EDF data set; files are read with edfio.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import (
    BrokenFile,
    Connector,
    Head,
    Item,
    Source,
    Total,
    UndatableFile,
)
from connectors.reading.hypnogram import WORDS, scored
from connectors.reading.query import query
from connectors.reading.verdict import parted

HEADER_BYTES = 256
NO_DATES = (dt.date(1985, 1, 1), dt.date(2001, 1, 1), dt.date(1900, 1, 1))
NOT_SCORED = ("?", "m", "movement", "unscored", "unknown", "u")
_STAGE = re.compile(r"(?:sleep stage|stage)[ :_-]*(\S+)", re.IGNORECASE)


def identify(head: Head) -> str | None:
    """`annotations` for an EDF+ file without signals other than its annotations."""
    first = head.first
    if len(first) < HEADER_BYTES * 2 or not first.startswith(b"0       "):
        return None
    if first[192:197] not in (b"EDF+C", b"EDF+D") or b"EDF Annotations " not in first[256:1024]:
        return None
    stages = b"leep stage" in first or b"LEEP STAGE" in first
    return "annotations" if first[252:256].strip() == b"1" and stages else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep with its stages. Skips: `other_annotation`, `no_length`.

    Raises: UndatableFile where the date is a mark for none, BrokenFile if the file is cut.
    """
    begin, told = _read(source.read())
    if begin.date() in NO_DATES:
        raise UndatableFile(
            f"{len(told)} annotations after a start that data sets write in place of a date: "
            "its night cannot be placed. Write the true start into the header"
        )
    yield Total(len(told))
    rows = pa.table(
        {
            "record": pa.array(range(1, len(told) + 1), pa.int64()),
            "onset": pa.array([onset for onset, _, _ in told], pa.float64()),
            "lasted": pa.array([lasted for _, lasted, _ in told], pa.float64()),
            "word": pa.array([_word(text) for _, _, text in told], pa.string()),
        }
    )
    cases = " ".join(f"when '{word}' then '{stage}'" for word, stage in WORDS.items())
    judged = query(
        f"""with placed as (
            select *, case word {cases} else 'unknown' end as stage,
                timestamp '{begin.isoformat()}' + to_microseconds(cast(onset * 1e6 as bigint))
                    as start_wall
            from rows
        )
        select *, start_wall + to_microseconds(cast(lasted * 1e6 as bigint)) as end_wall, case
                when word is null then 'other_annotation'
                when coalesce(lasted, 0) <= 0 then 'no_length' end as skip,
            case when word is not null and stage = 'unknown' and word not in {NOT_SCORED}
                then 'unknown_code:annotation' end as fault, word as raw
        from placed""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    yield from scored(sound, f"edf {begin.isoformat()}", begin)


def _read(data: bytes) -> tuple[dt.datetime, list[tuple[float, float | None, str]]]:
    """Start and annotations (seconds after it, length, text).

    Raises: BrokenFile, also for a cut file, of which the reader only warns.
    """
    from edfio import read_edf  # takes a while: only where it is needed

    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            file = read_edf(data)
            begin = dt.datetime.combine(file.startdate, file.starttime)
            told = [(a.onset, a.duration, a.text) for a in file.annotations]
    except Exception:  # whatever the reader says of a damaged file may quote it
        raise BrokenFile("not readable as EDF+ to its end: export it again") from None
    if said:
        raise BrokenFile("an EDF+ file that is shorter than its header says: copy it again")
    return begin, told


def _word(text: str) -> str | None:
    """The stage of an annotation in lower case; None if it is about something else."""
    found = _STAGE.fullmatch(text.strip())
    return found[1].lower() if found else None


CONNECTOR = Connector(
    name="edf_hypnogram",
    title="EDF+ hypnogram",
    version="2",
    variants={"annotations": "unverified"},
    identify=identify,
    extract=extract,
    source="eeg",
)
