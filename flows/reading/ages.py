"""Files that are given once more: of the same bytes the earliest sign of their age counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flows.reading.manifest import Key, Known, Part, changed
from transforms.copies.age import Signs, is_earlier, signs_of


def _is_of_a_copy(sign: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    """Whether a sign is of the day on which the same bytes were read first, or later: they were
    there already, and so it tells when they were copied."""
    return str(sign["made_at"])[:10] >= str(manifest.get("read_on") or "9999")


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
        if is_earlier(sign, before) and not _is_of_a_copy(sign, manifest):
            age = {**before, **sign, "given": before.get("given", 0)}
            older[key] = replace(part, manifest={**manifest, "age": age})
    changed(older.values())
    known.add(older.values())
