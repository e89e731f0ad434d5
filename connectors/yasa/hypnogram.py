"""Hypnograms of YASA and alike: a CSV of epochs with words, or a number per line.

One record is one epoch. A CSV that has `Time` says when each epoch begins, on the wall clock; one
with `Epoch` alone, and a file of bare numbers (-2 not scored, -1 artefact, 0 wake, 1 to 3, 4 REM),
have no date and are refused. Epochs are as far apart as most of them are, or 30 seconds. The
package counts them on from its start: a night of evenly spaced ones is in the offset of its begin.

Evidence: documentation and source of the package; no real file was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from connectors.contract import Connector, Head, Item, Source, UndatableFile
from connectors.reading.delimited import decoded, lines_of
from connectors.reading.hypnogram import WORDS, scored
from connectors.reading.named import Layout, header_of, named
from connectors.reading.query import query
from connectors.reading.text_sql import raw, wall
from connectors.reading.verdict import case_of, parted, time_faults

LAYOUT = Layout({"Time": "time", "Stage": "word"}, ("time", "word"), unread=("Epoch", "Proba"))
NOT_SCORED = ("art", "uns", "artefact", "unscored", "?")
# Half an hour of epochs: fewer numbers in a column may be anything.
_NUMBERS = re.compile(r"(?:-?[0-4](?:\.0)?\s*\n){60,}")


def identify(head: Head) -> str | None:
    """`dated_csv`, `epochs_csv` by the header; `numbers` for a column of nothing but stages."""
    header = header_of(head)
    if header[:2] == ["Time", "Stage"]:
        return "dated_csv"
    if header[:2] == ["Epoch", "Stage"]:
        return "epochs_csv"
    text = decoded(head.first).replace("\r", "")
    return "numbers" if _NUMBERS.fullmatch(_whole_lines(text)) else None


def extract(source: Source, variant: str) -> Iterator[Item]:
    """A sleep with its stages, where the epochs have a time.

    Raises: UndatableFile where they have none.
    """
    if variant != "dated_csv":
        lines = [line for line in lines_of(decoded(source.read())) if line.strip()]
        count = len(lines) - (variant == "epochs_csv")
        raise UndatableFile(
            f"{count} epochs and no date: write when each begins in a column Time before Stage "
            "(a Hypnogram of YASA with `start` does), and give it again"
        )
    rows, items = named(source, LAYOUT)
    yield from items
    words = " ".join(f"when '{word}' then '{stage}'" for word, stage in WORDS.items()
                     if not word.isdigit())  # fmt: skip
    judged = query(
        f"""with told as (
            select *, {wall("time")} as start_wall, case lower(word) {words} end as stage,
                lower(word) in {NOT_SCORED} as is_unscored
            from rows
        ), length as (
            select coalesce(median(epoch(b - a)), 30) as step from (
                select start_wall as a, lead(start_wall) over (order by record) as b from told)
        )
        select told.* replace (if(is_unscored, 'unknown', stage) as stage),
            start_wall + to_microseconds(cast(step * 1e6 as bigint)) as end_wall,
            null::varchar as skip, {
            case_of(
                [
                    *time_faults("time", "start_wall"),
                    ("word is null", "missing_value:word"),
                    ("stage is null and not is_unscored", "unknown_code:word"),
                ]
            )
        } as fault,
            {raw("time", "word")} as raw
        from told cross join length""",
        rows=rows,
    )
    sound, items = parted(judged)
    yield from items
    if sound.num_rows:
        begin = query("select min(start_wall) as t from sound", sound=sound)["t"][0].as_py()
        yield from scored(sound, f"hypnogram {begin}", begin if _is_even(rows) else None)


def _is_even(rows: pa.Table) -> bool:
    """Whether every epoch begins one after the other, as a wall clock that is moved never shows."""
    apart = query(
        f"""select count(distinct epoch(b - a)) as n from (
            select a, lead(a) over (order by record) as b
            from (select record, {wall("time")} as a from rows) where a is not null)""",
        rows=rows,
    )
    return bool(apart["n"][0].as_py() <= 1)


def _whole_lines(text: str) -> str:
    """The text to its last line end, or all of it with one."""
    place = text.rfind("\n")
    return text[: place + 1] if len(text) > 60_000 else text.rstrip("\n") + "\n"


CONNECTOR = Connector(
    name="yasa_hypnogram",
    title="Hypnogram CSV or text (YASA)",
    version="2",
    variants={"dated_csv": "unverified", "epochs_csv": "unverified", "numbers": "unverified"},
    identify=identify,
    extract=extract,
    source="eeg",
)
