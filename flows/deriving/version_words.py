"""Which version of a fact is used where two files tell it differently, and how to change that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import Any

from flows.reading.manifest import Manifest
from transforms.copies.age import WORDS, made_at
from transforms.copies.novelty import Versions


def version_notes(
    versions: Iterable[Versions], manifests: Mapping[str, Manifest], came: Set[str]
) -> list[str]:
    """Sentences about versions of which it is not plain that what came last is right: `came` are
    the files that were read now."""
    told: dict[str, Counter[str]] = {}
    example: dict[str, Versions] = {}
    for each in versions:
        kind = _kind(each, manifests, came)
        if kind is not None:
            example.setdefault(kind, each)
            told.setdefault(kind, Counter())[each.used] += each.facts
    return [_sentence(kind, told[kind], example[kind], manifests) for kind in sorted(told)]


def _kind(versions: Versions, manifests: Mapping[str, Manifest], came: Set[str]) -> str | None:
    """What there is to say: older, unknown, contradict; None where the newest is what came."""
    used, unused = manifests[versions.used], manifests[versions.unused]
    if not made_at(used) or made_at(used) == made_at(unused):
        return "unknown"
    if any(_signs(each, "contradict") for each in (used, unused)):
        return "contradict"
    return None if versions.used in came else "older"


def _sentence(
    kind: str, facts: Counter[str], example: Versions, manifests: Mapping[str, Manifest]
) -> str:
    used, unused = manifests[example.used], manifests[example.unused]
    count = facts.total()
    told = f"{count} {'fact is' if count == 1 else 'facts are'} told differently by two exports"
    more = f" (the first of {len(facts)} files)" if len(facts) > 1 else ""
    named = f"{used['file']}{more}"
    if kind == "unknown":
        why = f"and nothing tells which is newer: what was given later is used, of {named}"
    else:
        why = f"the later one is used, of {named}, made {_date(used)} {_words(used)}; the other"
        why = f"{why} is of {_date(unused)} {_words(unused)}"
    if kind == "contradict":
        signs = sorted({s for each in (used, unused) for s in _signs(each, "contradict")})
        why = f"{why}; {' and '.join(WORDS[s].removeprefix('by ') for s in signs)} contradict that"
    return f"{told}: {why}. If that is wrong, `dawnlake withdraw {used['file']}`"


def _signs(manifest: Manifest, name: str) -> Any:
    return manifest.get("age", {}).get(name)


def _date(manifest: Manifest) -> str:
    return made_at(manifest)[:10] or "at a time that nothing tells"


def _words(manifest: Manifest) -> str:
    by = _signs(manifest, "by") or "stated"
    return WORDS[by]
