"""The files of a mart: few and well filled, whoever's rows they hold, or one for each participant.

marts/made_from.json                               what they were made from, and `bucket_count`
marts/of_8/<mart>/<bucket>.parquet                 rows of the participants of that bucket, in order
marts/<mart>/participant_id=P/part.parquet         rows of one participant: what is large

Thousands of small files are slow to open, and one large file is slow to change. So there are as
many buckets as keep some forty people in each; who is in which follows from the id alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.store.lake import PARTITION, Lake, flush, private_folder, remove_folder, write_json
from warehouse.store.rows import write_parquet

PEOPLE_MAX = 40  # on average in a bucket
BUCKETS_MAX = 1024


def bucket_count(people: int) -> int:
    """How many buckets so many people have: a power of two."""
    count = 1
    while people > PEOPLE_MAX * count and count < BUCKETS_MAX:
        count *= 2
    return count


def bucket_of(participant: str, count: int) -> int:
    """In which of `count` buckets the rows of a participant are."""
    return int.from_bytes(hashlib.sha256(participant.encode()).digest()[:4], "big") % count


@dataclass(frozen=True)
class MadeFrom:
    """What the marts of a lake were made from, as it stands beside them.

    count   into how many buckets they are divided
    tables  version of what derived the tables of everyone
    marts   a fingerprint of SQL, rules and priorities for each mart
    """

    count: int
    tables: str
    marts: Mapping[str, str]

    @classmethod
    def of(cls, lake: Lake) -> MadeFrom:
        """Of nothing, where there are none or the note is damaged."""
        try:
            noted = json.loads(note_of(lake).read_text("utf-8"))
            return cls(int(noted["bucket_count"]), noted["tables"], dict(noted["marts"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(1, "", {})

    def write(self, lake: Lake) -> None:
        """Note it; from now on it is so, also if the machine stops at once."""
        noted = {"bucket_count": self.count, "tables": self.tables, "marts": dict(self.marts)}
        write_json(noted, note_of(lake))


def note_of(lake: Lake) -> Path:
    """Where `MadeFrom` stands."""
    return lake.marts / "made_from.json"


def bucket_folder(lake: Lake, mart: str, count: int) -> Path:
    """The folder of a mart's buckets."""
    return lake.marts / f"of_{count}" / mart


def bucket_file(lake: Lake, mart: str, participant: str, count: int) -> Path:
    """The file in which a participant's rows of a mart are, among others'."""
    return bucket_folder(lake, mart, count) / f"{bucket_of(participant, count)}.parquet"


def own_file(lake: Lake, mart: str, participant: str) -> Path:
    """The file of a participant's rows of a large mart."""
    return lake.marts / mart / f"{PARTITION}={participant}" / "part.parquet"


def rows_of(lake: Lake, mart: str, participants: Iterable[str], count: int) -> pa.Table | None:
    """The rows of some participants as they are kept; None if there are none."""
    named = sorted(set(participants))
    files = {bucket_file(lake, mart, name, count) for name in named}
    kept = [pq.read_table(file, partitioning=None) for file in sorted(files) if file.exists()]
    if not kept:
        return None
    rows = pa.concat_tables(kept)
    return rows.filter(pc.is_in(rows[PARTITION], pa.array(named)))


def bucketed(
    lake: Lake, stage: Lake, mart: str, participants: Iterable[str], rows: pa.Table, count: int
) -> dict[Path, Path]:
    """Write the buckets with new rows for some participants to a stage.

    `rows` are all of theirs, in order within each. Returns the place that each file is for; a
    bucket without rows has none, and is told as a file that is not there.

    Raises: OSError, pyarrow.ArrowException.
    """
    made = {}
    named = sorted(set(participants))
    numbers = {bucket_of(name, count) for name in named}
    own = {name: bucket_of(name, count) for name in named}
    for number in sorted(numbers):
        place = bucket_folder(lake, mart, count) / f"{number}.parquet"
        members = pa.array([name for name in named if own[name] == number], pa.string())
        fresh = rows.filter(pc.is_in(rows[PARTITION], members))
        part = bucket_folder(stage, mart, count) / place.name
        base = part if part.exists() else place  # several batches may have come to one bucket
        if base.exists():
            before = pq.read_table(base, partitioning=None)
            stay = before.filter(pc.invert(pc.is_in(before[PARTITION], members)))
            if stay.num_rows:
                # of other columns only while everybody's are made anew
                same = stay.schema.equals(fresh.schema)
                fresh = pa.concat_tables([stay, fresh]) if same else fresh
        if fresh.num_rows:
            write_parquet([_in_order(fresh)], part)
        made[part] = place
    return made


def _in_order(rows: pa.Table) -> pa.Table:
    """By participant; within each as they were."""
    return rows.take(pc.sort_indices(rows, [(PARTITION, "ascending")])).combine_chunks()


def written_own(stage: Lake, lake: Lake, mart: str, rows: pa.Table) -> dict[Path, Path]:
    """Write each participant's rows of a large mart to a stage; the place that each file is for."""
    made = {}
    for name in pc.unique(rows[PARTITION]).to_pylist():
        part = own_file(stage, mart, name)
        own = rows.filter(pc.equal(rows[PARTITION], name)).drop_columns([PARTITION])
        write_parquet([own.combine_chunks()], part)
        made[part] = own_file(lake, mart, name)
    return made


def divide(lake: Lake, marts: Iterable[str], before: int, count: int) -> None:
    """Write the rows of all buckets into `count` others, beside them. Only for the writer."""
    for mart in marts:
        rows = [
            pq.read_table(file, partitioning=None)
            for file in sorted(bucket_folder(lake, mart, before).glob("*.parquet"))
        ]
        if rows:
            every = pa.concat_tables(rows)
            bucketed(lake, lake, mart, pc.unique(every[PARTITION]).to_pylist(), every, count)


def remove_others(lake: Lake, count: int) -> None:
    """Remove buckets of another number than this, once no relation names them."""
    for folder in lake.marts.glob("of_*"):
        if folder.name != f"of_{count}":
            remove_folder(folder)


def place_all(made: Mapping[Path, Path]) -> None:
    """Let written files take their places; one that was not written has nothing to say any more."""
    for part, place in made.items():
        if part.exists():
            part.replace(private_folder(place.parent) / place.name)
        else:
            place.unlink(missing_ok=True)
    for folder in {place.parent for place in made.values() if place.parent.exists()}:
        flush(folder)
