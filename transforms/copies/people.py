"""Signs that exports under one id are of two people: other names in them, or records that
contradict each other in exports that were made together."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from transforms.clocks.findings import Finding
from transforms.copies.age import made_at
from transforms.copies.one_copy import facts

OTHER_NAME, CONTRADICTING = "other_name", "contradicting_exports"
TOGETHER = dt.timedelta(days=1)  # within so long no vendor scores most of a life anew
FEWEST = 10  # nights, days or readings, by the vendor's key, that differ
SHARE = 0.5  # of those that two exports share


@functools.lru_cache(maxsize=256)
def disguised(name: str, participant: str) -> str:
    """A name as it may be kept: a salted hash, the same however the name is written.

    It is slow to compute, so that names cannot be tried by the million; a participant's id is the
    salt, since names are compared within one participant.
    """
    words = sorted(unicodedata.normalize("NFKC", name).casefold().replace(",", " ").split())
    salt = f"dawnlake {participant}".encode()
    return hashlib.scrypt(" ".join(words).encode(), salt=salt, n=2**14, r=8, p=1, dklen=8).hex()


def other_names(manifests: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """A finding for each file that names somebody else than most records of its format do."""
    found = []
    named = [m for m in manifests if m.get("names") and m["first_time"]]
    for connector in sorted({m["connector"] for m in named}):
        count: Counter[tuple[str, ...]] = Counter()
        for manifest in named:
            if manifest["connector"] == connector:
                count[tuple(manifest["names"])] += manifest["carried_count"]
        if len(count) > 1:
            usual = min(count, key=lambda names: (-count[names], names))
            found += [
                _of_span(m, OTHER_NAME, f"file {m['file']} names another person than most others")
                for m in named
                if m["connector"] == connector and tuple(m["names"]) != usual
            ]
    return found


def contradicting(
    connection: duckdb.DuckDBPyConnection,
    parts: Mapping[str, str],
    manifests: Sequence[Mapping[str, Any]],
) -> list[Finding]:
    """A finding for each two exports, made together, that tell most of what they share differently.

    `parts` maps shapes to FROM clauses of extracted rows with connector and file.
    """
    by_file = {m["file"]: m for m in manifests}
    near = _together(manifests)
    if not near or not parts:
        return []
    told = " union all ".join(_versions_sql(shape, source) for shape, source in parts.items())
    connection.execute("create temp table pair (one varchar, other varchar)")
    connection.executemany("insert into pair values (?, ?)", near)
    rows = connection.execute(
        f"""
        with version as (
            -- a night has many facts, of which few may differ
            select connector, key, file, bit_xor(told) as told
            from ({told}) group by connector, key, file
        )
        select p.one, p.other, count(*), count(*) filter (a.told <> b.told) as differing
        from pair as p
        join version as a on a.file = p.one
        join version as b
            on b.file = p.other and b.connector = a.connector and b.key = a.key
        group by p.one, p.other order by p.one, p.other
        """
    ).fetchall()
    return [
        _of_span(
            by_file[other],
            CONTRADICTING,
            f"files {one} and {other}, made together: {differing} of {shared} records differ",
        )
        for one, other, shared, differing in rows
        if differing >= FEWEST and differing > SHARE * shared
    ]


def _versions_sql(shape: str, source: str) -> str:
    return f"""
        select connector, key, file, bit_xor(hash({facts(shape)})) as told
        from {source} where key is not null
            and file in (select one from pair union all select other from pair)
        group by connector, key, file
    """


def _together(manifests: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of files of one format that were made within a day and reach into each other."""
    found = []
    dated = [m for m in manifests if made_at(m) and m["first_time"]]
    reaching: list[
        Mapping[str, Any]
    ] = []  # earlier ones of the format that may reach into the next
    for each in sorted(dated, key=lambda m: (m["connector"], m["first_time"], m["file"])):
        reaching = [
            m
            for m in reaching
            if m["connector"] == each["connector"] and m["last_time"] >= each["first_time"]
        ]
        for other in reaching:
            made = [dt.datetime.fromisoformat(made_at(m)) for m in (each, other)]
            if abs(made[0] - made[1]) <= TOGETHER:
                found.append((min(each["file"], other["file"]), max(each["file"], other["file"])))
        reaching.append(each)
    return found


def _of_span(manifest: Mapping[str, Any], kind: str, text: str) -> Finding:
    """A finding over all of a file, by its times as written."""
    ends = [
        int(dt.datetime.fromisoformat(manifest[name]).replace(tzinfo=dt.UTC).timestamp())
        for name in ("first_time", "last_time")
    ]
    return Finding(manifest["connector"], ends[0] * 10**6, ends[1] * 10**6, kind, None, text)
