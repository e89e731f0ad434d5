"""mapping: how a table that no connector knows could be read, and what has to be asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.contract import Batch, Connector, IngestError, Item, Source, UnknownFormat
from connectors.mapping.looks import Look, looked_at
from connectors.mapping.propose import Answers, Proposal, proposed
from flows.imports import without_pandas
from flows.reading.identify import identified
from flows.reading.mappings import connector_from, folder_of, mapped
from flows.reading.walk import Found, walk
from flows.settings import load
from flows.usage import UsageError, data, is_terminal, listing, say
from transforms.account import account
from warehouse.store.lake import Lake, private_folder, written
from warehouse.store.lock import writing

SHOWN = 8  # rows
NAME = "my_table"  # a file's own name may be somebody's


def run_mapping(folder: Path, path: Path, name: str | None, answers: Answers) -> int:
    """Propose a mapping, show the first rows by it, write it if nothing is left to ask; 1 if not.

    Raises: UsageError for what is no table, or is read without a mapping; SettingsError.
    """
    without_pandas()
    lake = Lake(folder)
    found = _file(lake, path)
    look = looked_at(found.source)
    if look is None:
        raise UsageError(
            "no table in it: a header line above rows with a time or numbers is needed (CSV, TSV, "
            "XLSX, or JSON with one object per line)"
        )
    called = name or _free_name(lake)
    proposal = _asked(look, called, answers)
    data.print(proposal.text, soft_wrap=True)
    if proposal.questions:
        for answer, question in proposal.questions.items():
            say(f"asked ({answer}): {question}")
        say(
            "nothing was written: answer with --unit, --clock, --subject, or save the text above as"
        )
        say(f"{folder_of(lake)}/{called}.toml and fill in each ?")
        return 1
    connector = connector_from(proposal.text, f"{called}.toml")
    _show(connector, found.source, load(lake.settings).rules.reject_max_pct)
    with writing(lake, "dawnlake mapping", say):
        place = _write(lake, called, proposal.text)
    say(f"written: {place}. Edit it as you like, then `dawnlake ingest` the file")
    return 0


def _file(lake: Lake, path: Path) -> Found:
    """The one file that was named, if nobody claims it.

    Raises: UsageError; FileNotFoundError.
    """
    items = list(itertools.islice(walk([path], load(lake.settings).limits), 2))
    if len(items) != 1 or not isinstance(items[0], Found):
        raise UsageError("name one file that can be read, not a folder or an archive")
    try:
        connector, variant = identified(items[0].source, mapped(lake))
    except UnknownFormat:
        return items[0]
    except IngestError as error:
        raise UsageError(str(error)) from None
    raise UsageError(f"it is read already, by {connector.name} ({variant}): `dawnlake ingest` it")


def _asked(look: Look, name: str, answers: Answers) -> Proposal:
    """The proposal, after asking at a terminal for what it cannot know."""
    proposal = proposed(look, name, answers)
    for answer in ("unit", "clock", "date_of", "subject"):
        if answer in proposal.questions and is_terminal():
            say(proposal.questions[answer])
            said = input(f"{answer} (empty: leave it open): ").strip()
            answers = replace(answers, **{answer: said})
            proposal = proposed(look, name, answers)
    return proposal


def _show(connector: Connector, source: Source, reject_max_pct: float) -> None:
    """The first rows as they would be read, and what becomes of all."""
    table = listing("record", "time", "what", "value", "of")
    rows: list[tuple[str, dict[str, Any]]] = []

    def watched() -> Iterator[Item]:
        for item in connector.extract(source, next(iter(connector.variants))):
            if isinstance(item, Batch) and item.shape != "reject" and len(rows) < SHOWN:
                rows.extend((item.shape, row) for row in item.data.slice(0, SHOWN).to_pylist())
            yield item

    try:
        manifest = account(watched(), reject_max_pct, is_of_many=True).manifest()
    except IngestError as error:
        say(f"as proposed it would be set aside: {error}")
        manifest = None
    for shape, row in sorted(rows, key=lambda each: each[1]["record"])[:SHOWN]:
        when = row.get("start_wall") or row.get("start_utc") or row.get("date")
        until = f" to {row['end_wall']}" if row.get("end_wall") else ""
        what = row["kind"] if shape == "episode" else row["metric"]
        told = row["label"] if shape == "episode" else f"{row['value']:g} {row['unit']}"
        bound = row.get("bound") or ""
        table.add_row(str(row["record"]), f"{when}{until}", what, f"{bound}{told or ''}",
                      row.get("subject") or "")  # fmt: skip
    data.print(table)
    if manifest is not None:
        left = {**manifest["skipped"], **manifest["rejected"]}
        reasons = ", ".join(f"{reason} {n}" for reason, n in left.items()) or "nothing left out"
        say(f"{manifest['record_count']} records: {manifest['carried_count']} carried; {reasons}")


def _free_name(lake: Lake) -> str:
    names = (NAME, *(f"{NAME}_{n}" for n in range(2, 1000)))
    return next(n for n in names if not (folder_of(lake) / f"{n}.toml").exists())


def _write(lake: Lake, name: str, text: str) -> Path:
    """Raises: UsageError if there is one of that name."""
    private_folder(lake.create().root)
    place = folder_of(lake) / f"{name}.toml"
    if place.exists():
        raise UsageError(f"{place} is there already: edit it, or give another --name")
    with written(place) as partial:
        partial.write_text(text, "utf-8")
    return place
