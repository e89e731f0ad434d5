"""What ingest prints at its end: every record accounted for, and what to do about the rest.

Of many participants a row each, and of those with nothing new one sentence for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from flows.deriving.pipeline import FileReceipt, Receipt
from flows.usage import card, data, listing, say, shortened
from transforms.glucose.units_told import is_doubt

COUNTS = ("records", "new", "known", "corrected", "skipped", "rejected")
COUNTS_WIDTH = 56  # of those columns and the blanks around them
MANY_FILES = 25  # above this, files of one format stand in one line
MANY_REASONS = 12
MANY_PEOPLE = 25  # above this, a participant is a row
FEW_PEOPLE = 5  # so many are named


def print_receipts(receipts: Sequence[Receipt]) -> None:
    """Of several participants: whoever has something new or set aside, and how many have not."""
    quiet = [receipt for receipt in receipts if _is_quiet(receipt)]
    others = [receipt for receipt in receipts if not _is_quiet(receipt)]
    if len(others) > MANY_PEOPLE:
        _print_people(others)
    else:
        for receipt in others:
            print_receipt(receipt)
    if quiet:
        known = _files(sum(len(receipt.files) for receipt in quiet))
        say(f"nothing new of {_people(quiet)}: {known} as they were")


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
    _print_reasons(receipt.files)
    _print_rest(receipt)
    say(f"nights: {receipt.nights_added} added, {receipt.nights_changed} changed")


def _is_quiet(receipt: Receipt) -> bool:
    """Whether all files of a participant were there before, and nobody has to do anything."""
    fates = {file.status for file in receipt.files}
    nights = receipt.nights_added + receipt.nights_changed
    return receipt.is_clean and "known" in fates and fates <= {"known", "not used"} and not nights


def _people(receipts: Sequence[Receipt]) -> str:
    if len(receipts) > FEW_PEOPLE:
        return f"{len(receipts)} participants"
    return ", ".join(receipt.participant for receipt in receipts)


def _print_people(receipts: Sequence[Receipt]) -> None:
    table = listing("participant", numbers=("files", *COUNTS, "nights"))
    for receipt in receipts:
        read = [file for file in receipt.files if file.manifest]
        nights = str(receipt.nights_added + receipt.nights_changed)
        table.add_row(receipt.participant, str(len(read)), *_counts(read), nights)
    data.print(table)
    _print_reasons([file for receipt in receipts for file in receipt.files])
    for receipt in receipts:
        _print_rest(receipt)


def _print_rest(receipt: Receipt) -> None:
    """What there is to do, and to know."""
    _print_units([file for file in receipt.files if file.manifest])
    for file in receipt.files:
        if file.error:
            say(f"set aside: {file.name}: {file.error}")
    for sentence in (*receipt.problems, *receipt.notes):
        say(sentence)


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


def _print_reasons(every: Sequence[FileReceipt]) -> None:
    for what in ("skipped", "rejected"):
        reasons: Counter[str] = Counter()
        for file in every:
            reasons.update(file.manifest[what] if file.manifest else {})
        if reasons:
            say(f"{what}: {_listed(reasons)}")
    drift = sorted({d for f in every if f.manifest for d in f.manifest["drift"] if not is_doubt(d)})
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
