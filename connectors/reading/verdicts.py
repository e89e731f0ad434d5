"""What becomes of every record, told in one column: so that none is lost between two filters.

A connector adds `verdict` to its records: NULL for what it carries, one of REJECT_CODES for what it
does not understand (with `field`, the column at fault, and `raw`, what stands there), and any other
word as the reason to leave a record out.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import REJECT_CODES, Item, Skip, shaped


def carried(judged: pa.Table) -> pa.Table:
    """The records without a verdict."""
    return judged.filter(pc.is_null(judged["verdict"]))


def left_out(judged: pa.Table) -> Iterator[Item]:
    """A Skip for every reason, and the rejects."""
    told = judged.filter(pc.is_valid(judged["verdict"]))
    is_code = pc.is_in(told["verdict"], pa.array(REJECT_CODES, pa.string()))
    counts = told.filter(pc.invert(is_code)).group_by("verdict")
    for row in counts.aggregate([("record", "count_distinct")]).sort_by("verdict").to_pylist():
        yield Skip(row["verdict"], row["record_count_distinct"])
    rejects = told.filter(is_code).sort_by("record")
    if rejects.num_rows:
        rejects = rejects.append_column("code", rejects["verdict"])
        yield shaped("reject", rejects.select(["record", "code", "field", "raw"]))
