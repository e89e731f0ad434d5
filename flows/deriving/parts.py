"""The extracted files of a participant, and where their rows are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import STORED
from flows.reading.manifest import Manifest, Part, is_batch, parts_of
from transforms.arrays import DAY
from transforms.copies.age import named_first, ranked
from transforms.copies.set_aside import set_aside, without
from transforms.copies.shared import shared_shapes
from transforms.pieces import EVERYTHING, Piece, are_few
from warehouse.store.database import scratch
from warehouse.store.lake import Lake

SHAPES = ("sample", "episode", "daily")
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
        """connector, file, newness and naming."""
        return pa.table(
            {
                "connector": pa.array([m["connector"] for m in self.manifests], pa.string()),
                "file": pa.array([m["file"] for m in self.manifests], pa.string()),
                "newness": pa.array(range(len(self.manifests)), pa.int32()),
                "naming": pa.array(named_first(self.manifests), pa.int32()),
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
        """A connection with temporary relations of its own, and the rows that are in memory."""
        connection = scratch()
        for shape, rows in self._rows.items():
            connection.register(f"{shape}_rows", rows)
        return connection

    @cached_property
    def _rows(self) -> dict[str, pa.Table]:
        """The rows of shapes that have few: they are asked a dozen times, and opening files takes
        longer than going through them."""
        found = {}
        with scratch() as connection:
            for shape in STORED:
                files = [part / f"{shape}.parquet" for part in self._folders(shape)]
                if files and are_few(sum(map(_row_count, files))):
                    source = self._source(shape)
                    found[shape] = connection.execute(f"from {source}").to_arrow_table()
        return found

    def few(self, shape: str) -> pa.Table | None:
        """The rows of a shape with connector and file, if they are few enough to be in memory."""
        return self._rows.get(shape)

    def _folders(self, shape: str, piece: Piece = EVERYTHING) -> list[Path]:
        wanted = (part.folder for part in self.every if piece.may_be_in(part.manifest))
        return [f for f in dict.fromkeys(wanted) if (f / f"{shape}.parquet").exists()]

    @cached_property
    def shared(self) -> frozenset[str]:
        """Shapes of which two files may tell one fact."""
        sources = {s: source for s in SHAPES if (source := self.parts(s))}
        with self.connection() as connection:
            return shared_shapes(connection, sources, self.files())

    def excluded(self) -> pa.Table:
        """connector, file and record of what was set aside by hand."""
        return set_aside(self.manifests)

    def kept(self, shape: str, piece: Piece = EVERYTHING) -> str | None:
        """The same FROM clause as `parts`, without what was set aside by hand."""
        source, gone = self.parts(shape, piece), self.excluded()
        return without(source, gone) if source and gone.num_rows else source

    def parts(self, shape: str, piece: Piece = EVERYTHING) -> str | None:
        """A FROM clause over a shape's parts with connector and file; None if there is none."""
        return f"{shape}_rows" if shape in self._rows else self._source(shape, piece)

    def _source(self, shape: str, piece: Piece = EVERYTHING) -> str | None:
        folders = self._folders(shape, piece)
        batches = [folder for folder in folders if is_batch(folder)]
        alone = [folder for folder in folders if not is_batch(folder)]
        sources = [_rows_of(alone, shape, "file")] if alone else []
        if batches:
            rows = f"select * exclude (batch) from {_rows_of(batches, shape, 'batch')}"
            sources.append(f"({rows})")
        if len(sources) < 2:
            return sources[0] if sources else None
        return f"(from {sources[0]} union all by name from {sources[1]})"


def _row_count(file: Path) -> int:
    return int(pq.read_metadata(file).num_rows)


def _rows_of(folders: Iterable[Path], shape: str, kind: str) -> str:
    """A FROM clause over the rows in folders that are named `kind`=..."""
    paths = (str(folder / f"{shape}.parquet").replace("'", "''") for folder in folders)
    listed = ", ".join(f"'{path}'" for path in paths)
    return (
        f"read_parquet([{listed}], hive_partitioning = true, hive_types = "
        f"{{participant_id: varchar, connector: varchar, {kind}: varchar}})"
    )
