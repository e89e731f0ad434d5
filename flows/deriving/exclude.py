"""Single records that somebody has set aside by hand, and takes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from flows.deriving.completion import build_views, discard_results
from flows.deriving.derivation import derivation
from flows.deriving.parts import SHAPES, Parts
from flows.errors import UsageError
from flows.reading.manifest import Part, changed
from flows.settings import load
from transforms.copies.set_aside import has_record
from warehouse.store.lake import Lake


def exclude(lake: Lake, parts: Sequence[Part], record: int, why: str) -> None:
    """Set a record aside; tables and views as if it had not been told. Only for the writer.

    Raises: UsageError if a file has no such record, or nothing was taken from it.
    """
    for part in parts:
        if not _has(Parts.of(lake, part.participant), part.file, record):
            raise UsageError(
                f"nothing was taken from record {record} of {part.file}; `dawnlake explain --rows` "
                "lists the files and records of a night"
            )
    _note(lake, parts, record, [{"record": record, "why": why}])


def take_back(lake: Lake, parts: Sequence[Part], record: int) -> None:
    """Undo it. Only for the writer.

    Raises: UsageError if the record was not set aside.
    """
    if not any(e["record"] == record for p in parts for e in p.manifest.get("excluded", [])):
        raise UsageError(f"record {record} was not set aside; `dawnlake rejects` lists what was")
    _note(lake, parts, record, [])


def _note(lake: Lake, parts: Sequence[Part], record: int, now: Iterable[dict[str, object]]) -> None:
    """Manifests with what is to be of a record now, and everything derived from them."""
    settings = load(lake.settings)
    others = [
        [e for e in part.manifest.get("excluded", []) if e["record"] != record] for part in parts
    ]
    changed(
        replace(part, manifest={**part.manifest, "excluded": [*kept, *now]})
        for part, kept in zip(parts, others, strict=True)
    )
    whose = sorted({part.participant for part in parts})
    for who in whose:
        discard_results(lake, who)
    with derivation(lake, settings) as derive:
        for who in whose:
            derive.align(who)
        derive.finish()
    build_views(lake, settings)


def _has(parts: Parts, file: str, record: int) -> bool:
    with parts.connection() as connection:
        sources = (source for shape in SHAPES if (source := parts.parts(shape)))
        return any(has_record(connection, source, file, record) for source in sources)
