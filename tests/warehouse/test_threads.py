"""The same tables give the same bytes of every mart on any number of threads."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.deriving.mage_rows import mage_rows
from flows.settings import Settings
from tests.lake import demo_lake
from warehouse.marts import derived, mart_names
from warehouse.steps import over_tables

pytestmark = [pytest.mark.whole, pytest.mark.long]


def marts_on(threads: int) -> dict[str, bytes]:
    """Every mart of the demo's people, as bytes."""
    settings = Settings()
    rules, priority = settings.rules.model_dump(), settings.priority.whole()
    found = {}
    with over_tables(demo_lake(), ["ada", "ben"], rules, priority) as connection:
        connection.execute(f"set threads = {threads}")
        for name, rows in derived(connection, {"mage": mage_rows}, mart_names()):
            sink = pa.BufferOutputStream()
            pq.write_table(rows.combine_chunks(), sink)  # as in the lake: nothing below a NULL
            found[name] = sink.getvalue().to_pybytes()
    return found


def test_marts_are_the_same_on_1_2_and_8_threads() -> None:
    one = marts_on(1)
    assert set(one) == set(mart_names())
    for threads in (2, 8):
        other = marts_on(threads)
        assert [name for name in one if other[name] != one[name]] == []
