"""Files that are given once more: of the same bytes the earliest sign of their age counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from flows.reading.manifest import Key, Known, Part, changed
from transforms.copies.age import Signs, is_earlier, signs_of


def seen_again(known: Known, files: Iterable[tuple[Key, Signs]]) -> None:
    """Note in the manifests of known files that they are older than was known. Only for the
    writer."""
    older: dict[Key, Part] = {}
    for key, signs in files:
        part = older.get(key) or known.part(key)
        if part is None:
            continue
        manifest = part.manifest
        first, last = (
            dt.datetime.fromisoformat(manifest[name]) if manifest[name] else None
            for name in ("first_time", "last_time")
        )
        sign, before = (
            signs_of(signs, manifest["exported_at"], first, last),
            manifest.get("age", {}),
        )
        if is_earlier(sign, before):
            age = {**before, **sign, "given": before.get("given", 0)}
            older[key] = replace(part, manifest={**manifest, "age": age})
    changed(older.values())
    known.add(older.values())
