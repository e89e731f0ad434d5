"""Marts: the rows of the public views, computed for some participants and kept as Parquet.

A mart is a pure function of a participant's tables, the SQL, rules and priorities: the same bytes
in whatever order things came, for however many people at once, on however many threads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.macros import MACROS, Priority, Rules
from warehouse.schema import COMPUTED_TABLES, TABLES
from warehouse.steps import Compute, computed
from warehouse.store.buckets import bucket_file, bucketed, own_file, written_own
from warehouse.store.lake import PARTITION, Lake, digest
from warehouse.view_files import COMPUTED, Kept, View, kept, needs_of, relations, steps_to


def mart_names() -> list[str]:
    """All that is kept: views and what Python computes."""
    return [*COMPUTED, *kept()]


def mart_fingerprints(rules: Rules, priority: Priority, python: str) -> dict[str, str]:
    """Of each mart all that it is made from but the tables of a participant.

    A rule, a priority or a formula stands in those alone whose SQL, or that of a view they are
    made of, names it. `python` is the version of what Python computes.
    """
    tables = {name: str(schema) for name, schema in TABLES.items()}
    found: dict[str, str] = {}
    for name in steps_to(mart_names()):
        made_of = {each: found[each] for each in needs_of(name) if each in found}
        own = _own_parts(relations()[name], rules, priority) if name in relations() else [python]
        found[name] = digest(own, made_of, tables)
    return {name: found[name] for name in mart_names()}


def _own_parts(view: View, rules: Rules, priority: Priority) -> list[object]:
    macros = _macros_of(view.sql)
    said = " ".join([view.sql, *macros])
    used = {rule: value for rule, value in rules.items() if f"rule_{rule}()" in said}
    ranked = dict(priority) if "source_priority" in view.sql else {}
    return [view.sql, list(view.columns), macros, used, ranked]


def _macros_of(sql: str) -> list[str]:
    """The macros that SQL calls, and those that they call."""
    bodies = {head.partition("(")[0]: f"{head} as {body}" for head, body in MACROS.items()}
    words = set(re.findall(r"(\w+)\(", sql)) & bodies.keys()
    while (
        more := {word for name in words for word in re.findall(r"(\w+)\(", bodies[name])}
        & bodies.keys() - words
    ):
        words |= more
    return [bodies[name] for name in sorted(words)]


def derived(
    connection: duckdb.DuckDBPyConnection,
    by_python: Mapping[str, Compute],
    names: Collection[str],
) -> Iterator[tuple[str, pa.Table]]:
    """The rows of these marts, from the tables in a connection; each in the order of its grain."""
    computed(connection, names, by_python)
    for name in names:
        # a relation is bound twice, which a small mart feels; what is executed is copied once more
        ask = connection.sql if is_large(name) else connection.execute
        yield name, ask(_ordered(name)).to_arrow_table()


def _ordered(name: str) -> str:
    """A mart's rows in a fixed order: by participant, by its grain, and then by all else."""
    view = relations().get(name)
    columns = list(view.columns) if view else COMPUTED_TABLES[name].names
    keys = [PARTITION, *(key for key in (view.keys if view else []) if key != PARTITION)]
    order = [*keys, *(column for column in columns if column not in keys)]
    listed = ", ".join(f'"{column}"' for column in columns)
    by = ", ".join(f'"{column}" nulls first' for column in order)
    return f'select {listed} from "{name}" order by {by}'


def stage_large(
    lake: Lake, stage: Lake, name: str, participants: Collection[str], rows: pa.Table
) -> dict[Path, Path]:
    """Write a large mart to a stage, a file for each participant; the place of each file.

    A file that is not written has its place all the same: nothing is to be there.
    """
    places = {own_file(stage, name, who): own_file(lake, name, who) for who in participants}
    return places | written_own(stage, lake, name, rows)


def stage_small(
    lake: Lake,
    stage: Lake,
    participants: Collection[str],
    marts: Mapping[str, pa.Table],
    count: int,
) -> dict[Path, Path]:
    """Write marts to a stage, beside the rows of others in their buckets; the place of each file.

    Only for one at a time: the next goes on from what is staged.
    """
    made: dict[Path, Path] = {}
    for name, rows in marts.items():
        made |= bucketed(lake, stage, name, participants, rows, count)
    return made


def unstage(lake: Lake, stage: Lake, participant: str, count: int) -> dict[Path, Path]:
    """Write the buckets that a participant's rows are in without them; the place of each file."""
    made: dict[Path, Path] = {}
    for name in mart_names():
        file = bucket_file(lake, name, participant, count)
        if file.exists():
            none = pq.read_schema(file).empty_table()
            made |= bucketed(lake, stage, name, [participant], none, count)
    return made


def is_large(name: str) -> bool:
    """Whether a mart has a file for each participant."""
    view = relations().get(name)
    return view is not None and view.kept is Kept.PARTICIPANT
