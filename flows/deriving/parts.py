"""The extracted files of a participant, and where their rows are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.reading.manifest import Manifest, Part, is_batch, parts_of
from transforms.arrays import DAY
from transforms.copies.age import ranked
from transforms.copies.set_aside import set_aside, without
from transforms.pieces import EVERYTHING, Piece
from warehouse.store.database import scratch
from warehouse.store.lake import Lake

EPOCH, MICROSECOND = dt.datetime(1970, 1, 1), dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Parts:
    """The extracted files of a participant, oldest export first."""

    every: list[Part]

    @classmethod
    def of(cls, lake: Lake, participant: str) -> Parts:
        every = parts_of(lake, participant)
        return cls([every[place] for place in ranked([part.manifest for part in every])])

    @cached_property
    def manifests(self) -> list[Manifest]:
        return [part.manifest for part in self.every]

    def files(self) -> pa.Table:
        """connector, file, newness, and the first and the last time in it."""
        return pa.table(
            {
                "connector": pa.array([m["connector"] for m in self.manifests], pa.string()),
                "file": pa.array([m["file"] for m in self.manifests], pa.string()),
                "newness": pa.array(range(len(self.manifests)), pa.int32()),
                "first": pa.array([m["first_time"] for m in self.manifests], pa.string()),
                "last": pa.array([m["last_time"] for m in self.manifests], pa.string()),
            }
        )

    def made(self) -> dict[str, int]:
        """When each file was made at the latest, microseconds: as it says, or when it was read."""
        ends = {}
        for manifest in self.manifests:
            told = manifest["exported_at"] or manifest.get("read_on")
            if told and str(manifest["first_time"]) <= told:  # else it is the date that is wrong
                moment = dt.datetime.fromisoformat(told).replace(tzinfo=None)
                whole_day = 0 if manifest["exported_at"] else DAY
                ends[str(manifest["file"])] = (moment - EPOCH) // MICROSECOND + whole_day
        return ends

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection with temporary relations of its own."""
        connection = scratch()
        connection.execute("set timezone = 'UTC'")
        return connection

    def excluded(self) -> pa.Table:
        """connector, file and record of what was set aside by hand."""
        return set_aside(self.manifests)

    def kept(self, shape: str, piece: Piece = EVERYTHING) -> str | None:
        """The same FROM clause as `parts`, without what was set aside by hand."""
        source, gone = self.parts(shape, piece), self.excluded()
        return without(source, gone) if source and gone.num_rows else source

    def parts(self, shape: str, piece: Piece = EVERYTHING) -> str | None:
        """A FROM clause over a shape's parts with connector and file; None if there is none."""
        wanted = (part.folder for part in self.every if piece.may_be_in(part.manifest))
        folders = [f for f in dict.fromkeys(wanted) if (f / f"{shape}.parquet").exists()]
        batches = [folder for folder in folders if is_batch(folder)]
        alone = [folder for folder in folders if not is_batch(folder)]
        sources = [_rows_of(alone, shape, "file")] if alone else []
        if batches:
            rows = f"select * exclude (batch) from {_rows_of(batches, shape, 'batch')}"
            sources.append(f"({rows})")
        if len(sources) < 2:
            return sources[0] if sources else None
        return f"(from {sources[0]} union all by name from {sources[1]})"


def _rows_of(folders: Iterable[Path], shape: str, kind: str) -> str:
    """A FROM clause over the rows in folders that are named `kind`=..."""
    paths = (str(folder / f"{shape}.parquet").replace("'", "''") for folder in folders)
    listed = ", ".join(f"'{path}'" for path in paths)
    return (
        f"read_parquet([{listed}], hive_partitioning = true, hive_types = "
        f"{{participant_id: varchar, connector: varchar, {kind}: varchar}})"
    )
