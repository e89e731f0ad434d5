"""doctor: what was looked at, what is wrong, how to mend it."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from flows.doctor import lake_findings, machine
from flows.usage import data, listing, say
from warehouse.store.lake import Lake


def run_doctor(folder: Path) -> int:
    """Print every finding; 1 if something is to be mended."""
    table = listing("looked at", "found", "to mend it")
    wrong = 0
    for finding in chain(machine(), lake_findings(Lake(folder))):
        table.add_row(finding.about, finding.what, finding.mend)
        wrong += bool(finding.mend)
    data.print(table)
    say("nothing to mend" if wrong == 0 else f"{wrong} to mend")
    return 1 if wrong else 0
