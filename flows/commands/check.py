"""check: what each file is, and what ingest would make of it. Nothing is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from connectors.contract import Connector, IngestError
from flows.deriving import pipeline
from flows.deriving.pipeline import FileReceipt
from flows.imports import without_pandas
from flows.reading.identify import identified
from flows.reading.manifest import Known, Manifest
from flows.reading.mappings import mapped
from flows.reading.password import Passwords
from flows.reading.walk import Found, Unreadable, walk
from flows.settings import load
from flows.usage import asker, card, data, given, listing, say, shortened
from transforms.account import account
from transforms.glucose.units_told import is_doubt
from warehouse.store.lake import Lake

COUNTS = ("records", "carried", "skipped", "rejected")
COUNTS_WIDTH = 42  # of those columns and the blanks around them


def run_check(
    folder: Path,
    paths: Iterable[Path],
    participant: str | None,
    password_file: Path | None = None,
) -> int:
    """Read without keeping, print what each file is.

    Raises: UsageError if nothing was named; SettingsError; FileNotFoundError.
    """
    without_pandas()
    lake = Lake(folder)
    settings = load(lake.settings)
    budget, passwords = settings.rules.reject_max_pct, Passwords.of(password_file, asker())
    whose = [participant] if participant else lake.participants()
    known = {who: Known.of(lake, who) for who in whose}
    table, mappings = listing("file", numbers=COUNTS), mapped(lake)
    receipts = []
    for item in walk(given(paths), settings.limits, passwords):
        receipt = _receipt(item, budget, mappings)
        receipts.append(receipt)
        if receipt.manifest and isinstance(item, Found):
            about = _about(receipt.manifest, _whose(known, item, receipt.manifest))
            numbers = [str(receipt.manifest[f"{name.rstrip('s')}_count"]) for name in COUNTS]
            table.add_row(card(shortened(item.name, COUNTS_WIDTH), *about), *numbers)
    if table.row_count:
        data.print(table)
    return _verdict(receipts)


def _receipt(
    item: Found | Unreadable, reject_max_pct: float, mappings: Iterable[Connector]
) -> FileReceipt:
    """What ingest would make of a file."""
    if isinstance(item, Unreadable):
        return FileReceipt(item.name, "set aside", error=item.error)
    name = ""
    try:
        connector, variant = identified(item.source, mappings)
        name = connector.name
        book = account(connector.extract(item.source, variant), reject_max_pct)
    except IngestError as error:
        return FileReceipt(item.name, "set aside", item.archive, error=error)
    except (OSError, MemoryError):
        raise  # the machine's trouble, not this file's
    except Exception as error:
        fault = pipeline.ReaderFault(name, error)
        return FileReceipt(item.name, "set aside", item.archive, error=fault)
    about = {"connector": connector, "variant": variant, "clocks": sorted(book.clocks)}
    return FileReceipt(item.name, "read", item.archive, {**about, **book.manifest()})


def _whose(known: Mapping[str, Known], item: Found, manifest: Manifest) -> str:
    who = pipeline.who_has(known, item, manifest["connector"].name)
    return f"already in the lake: {', '.join(who)}" if who else "not in the lake"


def _about(manifest: Manifest, whose: str) -> list[str]:
    """Format, span and clock; what the file says about itself; what is new in it."""
    first, last = ((manifest[name] or "")[:10] for name in ("first_time", "last_time"))
    told = [f"{manifest['connector'].name} {manifest['variant']}"]
    if first:
        told.append(f"{first} to {last}")
    if manifest["clocks"]:
        told.append(f"times by {' and '.join(manifest['clocks'])}")
    facts = [f"{name} {value}" for name, value in manifest["facts"].items()]
    drift = manifest["drift"]
    new, doubts = [d for d in drift if not is_doubt(d)], [d for d in drift if is_doubt(d)]
    unused = [f"not used yet: {', '.join(new)}"] if new else []
    return [", ".join(told), ", ".join(facts), *unused, *doubts, whose]


def _verdict(receipts: list[FileReceipt]) -> int:
    """Say what would not be taken; 1 if that is anything but the rest of an archive."""
    pipeline.excuse_archives(receipts)
    for receipt in receipts:
        if receipt.error:
            say(f"would be set aside: {receipt.name}: {receipt.error}")
        elif receipt.manifest is None:
            say(f"would not be used: {receipt.name}")
        elif receipt.manifest["rejected"]:
            codes = ", ".join(f"{code} {n}" for code, n in receipt.manifest["rejected"].items())
            say(f"would be rejected: {receipt.name}: {codes}")
    read = [receipt.manifest for receipt in receipts if receipt.manifest]
    bad = any(receipt.error for receipt in receipts) or any(m["rejected_count"] for m in read)
    return 1 if bad or not read else 0
