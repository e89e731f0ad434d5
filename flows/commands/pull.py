"""pull: what is new at a service into the inbox, and from there into the lake like any file."""

from __future__ import annotations

from pathlib import Path

from flows.deriving import pipeline
from flows.pull.fetching import ask_from, chosen, connected, fetched, folder_of, sentence
from flows.settings import load
from flows.terminal.receipt import print_receipt
from flows.usage import UsageError, say
from services.pulling.engine import Pulled
from warehouse.store.lake import Lake


def run_pull(
    folder: Path,
    service: str,
    participant: str | None,
    timezone: str | None,
    since: str | None = None,
) -> int:
    """Fetch, then ingest; 1 if anything went wrong at the service or was set aside.

    Raises: UsageError if there is no such service or connection.
    """
    lake, found = Lake(folder), chosen(service)
    whose = [each.participant for each in connected(lake) if each.service == found.name]
    if participant is None and len(whose) != 1:
        told = f"one of {', '.join(whose)}" if whose else "ID, after `dawnlake connect`"
        raise UsageError(f"whose? --participant {told}")
    who = participant or whose[0]
    if since is not None:
        ask_from(lake, who, found.name, since)
    pulled = fetched(lake, who, found.name, load(lake.settings), say)
    say(sentence(pulled))
    if pulled.trouble is not None:
        say(f"{found.title}: {pulled.trouble}")
    return max(_ingested(lake, pulled, timezone), int(pulled.trouble is not None))


def _ingested(lake: Lake, pulled: Pulled, timezone: str | None) -> int:
    """The documents read like files; 0 if there are none at all."""
    place = folder_of(lake, pulled)
    if not any(place.glob("*.json")):
        return 0
    receipt = pipeline.ingest(lake, [place], pulled.participant, timezone, tell=say)
    print_receipt(receipt)
    return 0 if receipt.is_clean else 1
