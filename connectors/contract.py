"""What a connector is: it repeats what an export says, in Arrow columns, and nothing more.

    identify(head)            a variant, decided on content, or None; total, never raises
    extract(source, variant)  yields, in any order:
        Batch   rows in one of the four shapes
        Skip    records left out on purpose, counted by reason
        Total   how many records the file has, counted before any of them was looked at
        Drift   a column, key or code that the connector does not know
        Fact    what the file says about itself (unit, language, when it was exported, a zone)
        Named   the person whom the file names: compared with other files, and never kept

Conservation: Total = carried + skipped + rejected. The pipeline checks it on every file.

What extract may raise stands in connectors/errors.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

import pyarrow as pa

from connectors.errors import AmbiguousFormat as AmbiguousFormat
from connectors.errors import BrokenFile as BrokenFile
from connectors.errors import FormatDrift as FormatDrift
from connectors.errors import IngestError as IngestError
from connectors.errors import NoTimeZone as NoTimeZone
from connectors.errors import TooManyRejects as TooManyRejects
from connectors.errors import UndatableFile as UndatableFile
from connectors.errors import UnknownFormat as UnknownFormat
from connectors.errors import UnsafeArchive as UnsafeArchive
from connectors.errors import WhoseRecords as WhoseRecords

Shape = Literal["sample", "episode", "daily", "reject"]
PEEK_BYTES = 65_536

_UTC = pa.timestamp("us", tz="UTC")
_WALL = pa.timestamp("us")
_TIMES = [
    ("start_utc", _UTC),  # the instant, if the export tells it
    ("start_wall", _WALL),  # the wall clock, if the export tells it
    ("start_offset_min", pa.int16()),  # wall minus UTC at the recording, if the export states it
    ("end_utc", _UTC),
    ("end_wall", _WALL),
    ("end_offset_min", pa.int16()),
    ("anchor_wall", _WALL),  # wall times of this row are kept in the offset of this moment
    ("zone", pa.string()),  # IANA name beside the record: evidence, not used as a clock
]
# The export's own id of whose a record is: it becomes the participant, and is not kept beside rows.
_SUBJECT = ("subject", pa.string())
SAMPLE = pa.schema(
    [
        ("record", pa.int64()),  # line or running number in the file, from 1
        ("metric", pa.string()),
        *_TIMES,
        ("value", pa.float64()),  # as reported; the limit itself where `bound` is set
        ("unit", pa.string()),  # UCUM, as reported
        ("bound", pa.string()),  # '<' or '>': the value is a limit, not a measurement
        ("device", pa.string()),
        ("key", pa.string()),  # the vendor's own identity of the fact, if it has one
        ("clock_id", pa.string()),  # a monotonic device counter: whose, and its seconds
        ("clock_s", pa.int64()),
        _SUBJECT,
    ]
)
EPISODE = pa.schema(
    [
        ("record", pa.int64()),
        ("kind", pa.string()),  # sleep, sleep_stage, exercise, meal, note, health
        ("label", pa.string()),
        ("session", pa.string()),  # ties stages and totals (sample.key) to their sleep
        *_TIMES,
        ("device", pa.string()),
        ("key", pa.string()),
        _SUBJECT,
    ]
)
DAILY = pa.schema(
    [
        ("record", pa.int64()),
        ("metric", pa.string()),
        ("date", pa.date32()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("device", pa.string()),
        ("key", pa.string()),
        _SUBJECT,
    ]
)
REJECT = pa.schema(
    [
        ("record", pa.int64()),
        ("code", pa.string()),  # one of REJECT_CODES
        ("field", pa.string()),  # the column or key at fault
        ("raw", pa.string()),  # kept in the lake, never logged
        _SUBJECT,
    ]
)
SHAPES: dict[str, pa.Schema] = {
    "sample": SAMPLE,
    "episode": EPISODE,
    "daily": DAILY,
    "reject": REJECT,
}
# What a lake keeps of them, in a folder of the participant.
STORED: dict[str, pa.Schema] = {
    name: pa.schema([field for field in schema if field.name != "subject"])
    for name, schema in SHAPES.items()
}

SLEEP_STAGES = (
    "in_bed",
    "awake",
    "light",
    "deep",
    "rem",
    "asleep_unspecified",
    "out_of_bed",
    "unknown",
)
SLEEP_LABELS = ("main_sleep", "nap", "sleep")  # the vendor's own word on it, or just `sleep`
EPISODE_KINDS = ("sleep", "sleep_stage", "exercise", "meal", "note", "health")
REJECT_CODES = (
    "unreadable_number",
    "unreadable_time",
    "missing_time",
    "missing_value",
    "unknown_unit",
    "unknown_code",
    "ragged_row",
    "broken_row",
    "end_before_start",
)

# What a connector's numbers are measured with. Where two tell the same, this says whom to believe.
MeasuredBy = Literal[
    "eeg",  # brain waves: a sleep laboratory, a headband
    "ring",
    "watch",  # a watch or band that tells stages
    "actigraph",  # movement alone
    "mat",  # in or below the mattress, or beside the bed
    "cgm",  # a glucose sensor, told by its maker
    "pump",  # an insulin pump and the sensor it shows
    "relay",  # a program that had it from others, such as Nightscout
    "hub",  # a phone's store of what many apps wrote, such as Apple Health
    "phone",  # the phone alone: movement, sound
    "manual",  # what a person typed
    "room",  # the air and the light of a room
    "other",
]


@dataclass(frozen=True)
class Head:
    """The first bytes of a file and of what belongs to it.

    `members` has one name for an ordinary file; names are hints, never the ground of a decision.
    """

    name: str
    members: tuple[str, ...]
    peek: Callable[[str], bytes]

    @property
    def first(self) -> bytes:
        """Up to PEEK_BYTES of the first member; a spreadsheet whole, since it has no front."""
        return self.peek(self.members[0])


@dataclass(frozen=True)
class Source(Head):
    """A file that can be read."""

    open: Callable[[str], BinaryIO]
    whole_mb_max: int = 500

    def stream(self) -> BinaryIO:
        """The first member, from its first byte. The caller closes it."""
        return self.open(self.members[0])

    def read(self) -> bytes:
        """All bytes of the first member: for formats whose files stay small enough.

        Raises: BrokenFile above `whole_mb_max`; reading may take ten times as much memory.
        """
        data = io.BytesIO()
        with self.stream() as stream:
            while chunk := stream.read(1 << 20):
                data.write(chunk)
                if data.tell() > self.whole_mb_max * 1_000_000:
                    raise BrokenFile(
                        f"more than {self.whole_mb_max} MB in one file of a format that is read "
                        "whole: split it, or raise whole_mb_max under [limits] in dawnlake.toml"
                    )
        return data.getvalue()


@dataclass(frozen=True)
class Batch:
    """Rows of one shape, in exactly that shape's schema."""

    shape: Shape
    data: pa.RecordBatch | pa.Table


@dataclass(frozen=True)
class Skip:
    """Records left out on purpose: in none of the batches, counted here once.

    `records` are their numbers; only a format whose `lists` are read as one has to tell them.
    """

    reason: str
    count: int
    records: pa.Array | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Total:
    """The number of records in the file; several add up."""

    records: int


@dataclass(frozen=True)
class Drift:
    """Something new in the format. `what` is a column, key or code, never a value."""

    what: str


@dataclass(frozen=True)
class Fact:
    """What a file says about itself: unit, language, exported_at (ISO, UTC), timezone (IANA)."""

    name: str
    value: str


class Named(str):
    """The name of a person in a file, to see whether two files are of one. It is not kept."""


Item = Batch | Skip | Total | Drift | Fact | Named


@dataclass(frozen=True)
class Connector:
    """One vendor's export format.

    `variants` maps each variant to its evidence: `verified` where real files were read,
    `unverified` where only documentation or other people's code was seen. `source` is what it
    measures with, of most of it: who says nothing is believed last. `lists` are variants whose
    files are arrays or tables of records that say the same whatever stands beside them: small ones
    may be read as one (reading/lists.py).
    """

    name: str
    title: str
    version: str
    variants: dict[str, Literal["verified", "unverified"]]
    identify: Callable[[Head], str | None]
    extract: Callable[[Source, str], Iterator[Item]]
    source: MeasuredBy = "other"
    lists: frozenset[str] = frozenset()


def batch(shape: Shape, **columns: object) -> Batch:
    """A Batch from the columns at hand; what is not given is NULL, a scalar is repeated.

    Columns are Arrow arrays (or chunked arrays), lists, or scalars; each is cast to the shape's
    type. At least one column is an array.

    Raises: ValueError for a column the shape does not have; pyarrow.ArrowInvalid for one that
    does not fit.
    """
    schema = SHAPES[shape]
    if strange := set(columns) - set(schema.names):
        raise ValueError(f"{shape} has no column {sorted(strange)}")
    arrays = {
        name: pa.array(column) if isinstance(column, list) else column
        for name, column in columns.items()
    }
    length = next(
        len(column) for column in arrays.values() if isinstance(column, pa.Array | pa.ChunkedArray)
    )

    def fitted(field: pa.Field) -> pa.Array | pa.ChunkedArray:
        column = arrays.get(field.name)
        if isinstance(column, pa.Array | pa.ChunkedArray):
            return column if column.type == field.type else column.cast(field.type)
        if column is None:
            return pa.nulls(length, field.type)
        return pa.repeat(pa.scalar(column).cast(field.type), length)

    return Batch(shape, pa.table([fitted(field) for field in schema], schema=schema))


def shaped(shape: Shape, table: pa.Table) -> Batch:
    """A Batch from a table whose columns are some of the shape's, by name."""
    return batch(shape, **{name: table.column(name) for name in table.column_names})
