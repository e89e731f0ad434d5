"""nightly: the scheduled ingestion, once."""

from __future__ import annotations

from pathlib import Path

from flows.nightly.flow import run_nightly
from flows.pull.fetching import connected
from flows.reading.inbox import misplaced
from flows.settings import load
from flows.terminal.receipt import print_receipts
from flows.usage import say
from warehouse.store.lake import Lake


def run_nightly_once(
    folder: Path, password_file: Path | None = None, workers: int | None = 1, cluster: str = ""
) -> int:
    """The Prefect flow, once; its receipts."""
    lake = Lake(folder).create()
    receipts = run_nightly(lake.root, password_file, workers, cluster)
    print_receipts(receipts)
    odd = misplaced(Lake(folder))
    for name, why in odd.items():
        say(f"inbox/{name} {why}")
    if not receipts and not odd:
        say("nothing in the inbox: put exports into inbox/<participant>/ of the lake")
    troubled = load(lake.settings).pull.nightly and any(each.trouble for each in connected(lake))
    return 0 if all(receipt.is_clean for receipt in receipts) and not (troubled or odd) else 1
