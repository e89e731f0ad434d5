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
from connectors.reading.query import query

_CODES = ", ".join(f"'{code}'" for code in REJECT_CODES)


def carried(judged: pa.Table) -> pa.Table:
    """The records without a verdict."""
    return judged.filter(pc.is_null(judged["verdict"]))


def left_out(judged: pa.Table) -> Iterator[Item]:
    """A Skip for every reason, and the rejects."""
    counts = query(
        f"""select verdict as reason, count(distinct record) as n from judged
            where verdict is not null and verdict not in ({_CODES})
            group by reason order by reason""",
        judged=judged,
    )
    for row in counts.to_pylist():
        yield Skip(row["reason"], row["n"])
    rejects = query(
        f"""select record, verdict as code, field, raw from judged
            where verdict in ({_CODES}) order by record""",
        judged=judged,
    )
    if rejects.num_rows:
        yield shaped("reject", rejects)
