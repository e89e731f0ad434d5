"""The samples of a participant, some metrics at a time: they need not all fit in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.contract import STORED
from flows.deriving.parts import Parts
from transforms import align
from transforms.align import GLUCOSE, Quantity
from transforms.clocks.findings import Finding, count_future, of_future, waiting
from transforms.clocks.known import Clocks
from transforms.copies.one_copy import as_they_are, one_copy
from transforms.copies.routes import copies_marked
from transforms.glucose.apart import sensors_apart
from transforms.pieces import EVERYTHING, Piece, of_few, pieces
from transforms.streams import Streams
from warehouse.schema import METRICS

VOCABULARY = {name: Quantity(m.unit, m.low, m.high) for name, m in METRICS.items()}


@dataclass
class Samples:
    """Canonical samples, some metrics at a time, and what is to be known of them all."""

    parts: Parts
    clocks: Clocks | None
    priority: Sequence[str]
    made: align.Made
    findings: list[Finding] = field(default_factory=list)
    streams: Streams = field(default_factory=Streams)
    future: Counter[str] = field(default_factory=Counter)
    unplaced: int = 0
    needs_zone: bool = False

    def pieces(self) -> Iterator[pa.Table]:
        """Tables in the order of metrics and instants; the next is read while one is aligned."""
        rows = self.parts.few("sample")
        if rows is not None:
            planned = [of_few(rows)]
        else:
            with self.parts.connection() as connection:
                planned = pieces(connection, self.parts.parts("sample"))
        with ThreadPoolExecutor(1) as beside:
            reading = [beside.submit(reported_of, self.parts, "sample", self.clocks, planned[0])]
            for number, piece in enumerate(planned):
                rows = reading.pop().result()
                for following in planned[number + 1 : number + 2]:
                    more = (self.parts, "sample", self.clocks, following)
                    reading.append(beside.submit(reported_of, *more))
                yield self._aligned(rows, piece)

    def _aligned(self, rows: pa.Table, piece: Piece) -> pa.Table:
        if self.clocks is None:
            self.needs_zone |= align.needs_zone(rows)
        found = piece.own(align.sample(rows, self.clocks, VOCABULARY, self.made))
        self.findings += of_future(found)
        self.future += count_future(found)
        if GLUCOSE in piece.metrics:
            found, copies = copies_marked(found, GLUCOSE, self.priority)
            self.findings += [*copies, *sensors_apart(found, GLUCOSE)]
            self.findings += waiting(found, self.clocks, "metric", (GLUCOSE,))
        self.streams.add(found)
        self.unplaced += align.unplaced(found)
        return found


def reported_of(
    parts: Parts, shape: str, clocks: Clocks | None, piece: Piece = EVERYTHING
) -> pa.Table:
    """One copy of every reported fact of a shape, or of a piece of the samples."""
    source = parts.parts(shape, piece)
    if source is None:
        schema = STORED[shape]
        for name in ("connector", "file"):
            schema = schema.append(pa.field(name, pa.string()))
        return schema.append(pa.field("newness", pa.int32())).empty_table()
    excluded = parts.excluded()
    is_shared = shape in parts.shared or excluded.num_rows > 0
    few = parts.few(shape)
    if few is not None and not is_shared:
        return as_they_are(few, parts.files())
    if piece.metrics:
        source = f"(from {source} where {piece.condition()})"
    settled = clocks and clocks.folds.table("metric" if shape == "sample" else "kind")
    with parts.connection() as connection:
        return one_copy(connection, shape, source, parts.files(), settled, excluded, is_shared)
