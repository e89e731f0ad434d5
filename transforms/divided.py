"""What a connector told of many files that were read as one, each file's again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Batch, Item, Shape, Skip, Total
from transforms.account import Account
from transforms.arrays import Micros as Numbers

Whose = Callable[[Numbers], tuple[Numbers, Numbers]]  # file and own number of each record


class Divided:
    """What a connector told of joined files, divided among them.

    Raises: ValueError for what may be of one file or another; IngestError from the connector.
    """

    def __init__(self, items: Iterable[Item], counts: Sequence[int], whose: Whose) -> None:
        self._counts, self._of = counts, whose
        self._rows: dict[Shape, tuple[pa.Table, Numbers]] = {}
        self._skips: list[tuple[str, Numbers]] = []
        batches: dict[Shape, list[pa.Table]] = {}
        total = 0
        for item in items:
            match item:
                case Batch(shape, rows) if rows["subject"].null_count == rows.num_rows:
                    batches.setdefault(shape, []).append(rows)
                case Total(records):
                    total += records
                case Skip(reason, count, records) if records is not None and len(records) == count:
                    self._skips.append((reason, self._whose(records)[0]))
                case _:
                    raise ValueError("told of the whole")
        if total != sum(counts):
            raise ValueError("counted otherwise")
        for shape, pieces in batches.items():
            self._rows[shape] = self._in_order(_table(pieces))

    def books(self) -> list[Account]:
        """The account of each file."""
        found = [Account(total=count) for count in self._counts]
        edges = np.arange(len(found) + 1)
        for shape, (rows, file) in self._rows.items():
            ends = np.searchsorted(file, edges).tolist()
            for book, first, end in zip(found, ends, ends[1:], strict=False):
                if first < end:
                    book.note(Batch(shape, rows.slice(first, end - first)))
        for reason, file in self._skips:
            for number, count in Counter(file.tolist()).items():
                found[number].skipped[reason] += count
        return found

    def tables(self, ids: Sequence[str | None]) -> Iterable[tuple[Shape, pa.Table]]:
        """The rows of each shape with the `file` of each; a file without an id is left out."""
        names = pa.array(ids, pa.string())
        for shape, (rows, file) in self._rows.items():
            named = rows.append_column("file", names.take(pa.array(file)))
            yield shape, named.filter(pc.is_valid(named["file"]))

    def _whose(self, records: pa.ChunkedArray | pa.Array) -> tuple[Numbers, Numbers]:
        return self._of(np.asarray(records).astype(np.int64))

    def _in_order(self, rows: pa.Table) -> tuple[pa.Table, Numbers]:
        """Rows file after file, each with its own record numbers, and the place of its file."""
        file, number = self._whose(rows["record"])
        rows = rows.set_column(rows.column_names.index("record"), "record", pa.array(number))
        if (file[1:] < file[:-1]).any():
            order = np.argsort(file, kind="stable")
            rows, file = rows.take(pa.array(order)), file[order]
        return rows, file


def _table(pieces: Sequence[pa.Table | pa.RecordBatch]) -> pa.Table:
    """One table in one piece, of which slices are cheap."""
    tables = [
        pa.Table.from_batches([piece]) if isinstance(piece, pa.RecordBatch) else piece
        for piece in pieces
    ]
    return pa.concat_tables(tables).combine_chunks()


def only_of(rows: pa.Table, files: Sequence[str]) -> pa.Table:
    """The rows of some files."""
    return rows.filter(pc.is_in(rows["file"], pa.array(files)))
