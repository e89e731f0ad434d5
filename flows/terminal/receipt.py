"""What ingest prints at its end: every record accounted for, and what to do about the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from flows.deriving.pipeline import FileReceipt, Receipt
from flows.usage import card, data, listing, say, shortened
from transforms.glucose.units_told import is_doubt

COUNTS = ("records", "new", "known", "corrected", "skipped", "rejected")
COUNTS_WIDTH = 56  # of those columns and the blanks around them
MANY_FILES = 25  # above this, files of one format stand in one line
MANY_REASONS = 12


def print_receipt(receipt: Receipt) -> None:
    """Per file and in all: records read = new + known + corrected + skipped + rejected."""
    read = [file for file in receipt.files if file.manifest]
    if read:
        data.print(f"receipt for {receipt.participant}")
    if len(read) > MANY_FILES:
        _print_formats(read)
    elif read:
        _print_files(read)
    unused = sum(file.status == "not used" for file in receipt.files)
    if unused:
        say(
            f"{_files(unused)} beside them not used: nothing dawnlake reads; `dawnlake check` "
            "names them"
        )
    _print_reasons(receipt)
    _print_units(read)
    for file in receipt.files:
        if file.error:
            say(f"set aside: {file.name}: {file.error}")
    for sentence in (*receipt.problems, *receipt.notes):
        say(sentence)
    say(f"nights: {receipt.nights_added} added, {receipt.nights_changed} changed")


def _print_files(read: list[FileReceipt]) -> None:
    table = listing("file", numbers=COUNTS)
    for file in read:
        table.add_row(card(shortened(file.name, COUNTS_WIDTH), _format(file)), *_counts([file]))
    table.add_section()
    table.add_row("in all", *_counts(read))
    data.print(table)


def _print_formats(read: list[FileReceipt]) -> None:
    """Files of one format together: a year in a tracker's archive is hundreds of files."""
    formats: dict[str, list[FileReceipt]] = {}
    for file in read:
        formats.setdefault(_format(file), []).append(file)
    table = listing("format", numbers=("files", *COUNTS))
    for format_, files in formats.items():
        table.add_row(format_, str(len(files)), *_counts(files))
    table.add_section()
    table.add_row("in all", str(len(read)), *_counts(read))
    data.print(table)


def _format(file: FileReceipt) -> str:
    return f"{file.manifest['connector']} {file.manifest['variant']}" if file.manifest else ""


def _counts(files: Iterable[FileReceipt]) -> list[str]:
    """The columns of COUNTS, added up."""
    total: Counter[str] = Counter()
    for file in files:
        manifest = file.manifest or {}
        total["new"] += file.new
        total["known"] += file.already_known
        total["corrected"] += file.corrected
        for name in ("record", "skipped", "rejected"):
            total[name] += manifest.get(f"{name}_count", 0)
    return [str(total[name]) for name in ("record", *COUNTS[1:])]


def _print_reasons(receipt: Receipt) -> None:
    for what in ("skipped", "rejected"):
        reasons: Counter[str] = Counter()
        for file in receipt.files:
            reasons.update(file.manifest[what] if file.manifest else {})
        if reasons:
            say(f"{what}: {_listed(reasons)}")
    drift = sorted(
        {d for f in receipt.files if f.manifest for d in f.manifest["drift"] if not is_doubt(d)}
    )
    if drift:
        more = f", and {len(drift) - MANY_REASONS} more" if len(drift) > MANY_REASONS else ""
        say(f"new in these exports, not used yet: {', '.join(drift[:MANY_REASONS])}{more}")


def _print_units(read: list[FileReceipt]) -> None:
    """Files in which another unit seems to begin than the one they state."""
    for file in read:
        for what in filter(is_doubt, file.manifest["drift"] if file.manifest else []):
            say(
                f"unit in doubt: {file.name}: {what}, and were taken as they are stated. If two "
                "exports were joined, `dawnlake withdraw` it and give them as they were downloaded"
            )


def _listed(reasons: Counter[str]) -> str:
    named = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common(MANY_REASONS))
    more = len(reasons) - MANY_REASONS
    return f"{named}, and {more} more" if more > 0 else named


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
