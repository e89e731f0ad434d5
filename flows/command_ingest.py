"""ingest, check, demo, rebuild, nightly, serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from connectors.contract import IngestError
from flows import pipeline
from flows.extract import Account, account
from flows.identify import identified
from flows.pipeline import FileReceipt, Receipt
from flows.settings import SettingsError, load
from flows.usage import UsageError, data, is_terminal, say, words
from flows.walk import Unreadable, walk
from warehouse.store import Lake

LONGEST_NAME = 48
MANY_FILES = 25  # above this, files of one kind and fate stand in one line of a receipt


def run_ingest(lake: Path, paths: Iterable[Path], participant: str, timezone: str | None) -> int:
    """Ingest, print the receipt, say what to do about what was set aside."""
    given = list(paths)
    if not given:
        raise UsageError("name what to ingest: a file, a folder or a zip")
    try:
        receipt = _with_progress(Lake(lake), given, participant, timezone)
    except SettingsError as error:
        raise UsageError(str(error)) from None
    print_receipt(receipt)
    return 0 if receipt.is_clean else 1


def _with_progress(
    lake: Lake, paths: list[Path], participant: str, timezone: str | None
) -> Receipt:
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.completed} files"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=words,
        transient=True,
    )
    with bar if is_terminal() else nullcontext():
        task = bar.add_task("reading")

        def tell(file: FileReceipt) -> None:
            bar.update(task, advance=1, description=file.name[-60:])
            if not is_terminal():
                say(f"{file.status}: {file.name}")

        return pipeline.ingest(lake, paths, participant, timezone, tell)


def print_receipt(receipt: Receipt) -> None:
    """Per file and in all: records read = new + known + corrected + skipped + rejected."""
    table = Table(title=f"receipt for {receipt.participant}", title_justify="left")
    for name in ("file", "format"):
        table.add_column(name, overflow="fold")
    for name in ("records", "new", "known", "corrected", "skipped", "rejected"):
        table.add_column(name, justify="right")
    total: Counter[str] = Counter()
    for label, files in _grouped(receipt.files):
        counts = Counter(dict.fromkeys(COUNTS, 0))
        for file in files:
            counts.update(_counts(file))
        total.update(counts)
        manifest = files[0].manifest
        kind = f"{manifest['connector']} {manifest['variant']}" if manifest else files[0].status
        table.add_row(label, kind, *(str(counts[name]) for name in COUNTS))
    table.add_section()
    table.add_row("in all", "", *(str(total[name]) for name in COUNTS))
    data.print(table)
    unused = sum(file.status == "not used" for file in receipt.files)
    if unused:
        say(f"{unused} other members of the archives are nothing dawnlake reads.")
    _print_reasons(receipt)
    for file in receipt.files:
        if file.error:
            say(f"set aside: {file.name}: {file.error}")
    for problem in receipt.problems:
        say(problem)
    say(f"nights: {receipt.nights_added} added, {receipt.nights_changed} changed")


COUNTS = ("records", "new", "known", "corrected", "skipped", "rejected")


def _counts(file: FileReceipt) -> dict[str, int]:
    if file.manifest is None:
        return {}
    return {
        "records": file.manifest["record_count"],
        "new": file.new,
        "known": file.already_known,
        "corrected": file.corrected,
        "skipped": file.manifest["skipped_count"],
        "rejected": file.manifest["rejected_count"],
    }


def _grouped(files: list[FileReceipt]) -> list[tuple[str, list[FileReceipt]]]:
    """Files that were read, each by itself; of many, those of one kind and fate together."""
    read = [file for file in files if file.manifest]
    if len(read) <= MANY_FILES:
        return [(_short(file.name), [file]) for file in read]
    groups: dict[tuple[str, str], list[FileReceipt]] = {}
    for file in read:
        assert file.manifest is not None
        key = (f"{file.manifest['connector']} {file.manifest['variant']}", file.status)
        groups.setdefault(key, []).append(file)
    return [
        (f"{len(group)} files {status}" if len(group) > 1 else _short(group[0].name), group)
        for (_, status), group in groups.items()
    ]


def _short(name: str) -> str:
    """The end of a long name: what tells files of one archive apart."""
    return name if len(name) <= LONGEST_NAME else "…" + name[1 - LONGEST_NAME :]


def _print_reasons(receipt: Receipt) -> None:
    for what in ("skipped", "rejected"):
        reasons: Counter[str] = Counter()
        for file in receipt.files:
            reasons.update(file.manifest[what] if file.manifest else {})
        if reasons:
            listed = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(12))
            more = f", and {len(reasons) - 12} more" if len(reasons) > 12 else ""
            say(f"{what}: {listed}{more}")
    drift = sorted({d for f in receipt.files if f.manifest for d in f.manifest["drift"]})
    if drift:
        say(f"new in these exports, not used yet: {', '.join(drift[:12])}")


def run_check(folder: Path, paths: Iterable[Path], participant: str | None) -> int:
    """Read without keeping, print what each file is."""
    lake = Lake(folder)
    rules = load(lake.settings).rules
    table = Table()
    for name in ("file", "format", "about", "clock", "from", "to", "in lake"):
        table.add_column(name, overflow="fold")
    for name in ("records", "carried", "skipped", "rejected"):
        table.add_column(name, justify="right")
    aside = 0
    for item in walk(paths):
        if isinstance(item, Unreadable):
            say(f"would be set aside: {item.name}: {item.error}")
            aside += 1
            continue
        try:
            connector, variant = identified(item.source)
            book = account(connector.extract(item.source, variant), rules.reject_max_pct)
        except IngestError as error:
            say(f"would be set aside: {item.name}: {error}")
            aside += not (item.archive and type(error).__name__ == "UnknownFormat")
            continue
        known = pipeline.is_known(lake, item, connector, participant)
        table.add_row(
            item.name, f"{connector.name} {variant}", *_about(book), known, *_numbers(book)
        )
        aside += bool(book.rejected)
    data.print(table)
    return 1 if aside or not table.row_count else 0


def _about(book: Account) -> tuple[str, str, str, str]:
    facts = ", ".join(f"{name} {', '.join(values)}" for name, values in sorted(book.facts.items()))
    first, last = (str(t.date()) if t else "" for t in (book.first, book.last))
    return facts, ", ".join(sorted(book.clocks)), first, last


def _numbers(book: Account) -> list[str]:
    carried, skipped, rejected = book.counts()
    return [str(n) for n in (book.total, carried, skipped, rejected)]


def show_demo(folder: Path) -> int:
    """Write the made-up exports, ingest them, print the last nights."""
    from flows.command_sql import print_query
    from flows.demo import write_demo
    from flows.usage import opened

    exports, lake = folder / "exports", folder / "lake"
    say(f"writing a made-up month of two people to {exports}")
    for person in write_demo(exports):
        say(f"ingesting {person.participant} ({person.timezone})")
        receipt = pipeline.ingest(Lake(lake), person.paths, person.participant, person.timezone)
        print_receipt(receipt)
    _, connection = opened(lake)
    print_query(connection, LAST_NIGHTS)
    say(
        f"\nWhat next:\n  dawnlake views night_to_day\n"
        f'  dawnlake sql --lake {lake} "select * from night_to_day where is_complete"\n'
        f"  dawnlake ingest YOUR-EXPORTS --participant YOU --timezone Europe/Berlin"
    )
    return 0


LAST_NIGHTS = """
    select participant_id, sleep_date, strftime(onset_local, '%H:%M') as onset,
        strftime(wake_local, '%H:%M') as wake, round(total_sleep_min)::int as total_sleep_min,
        round(sleep_efficiency_pct)::int as efficiency_pct,
        round(overnight_mean_mgdl)::int as overnight_mgdl, round(fasting_mgdl)::int as fasting_mgdl,
        round(day_mean_mgdl)::int as day_mgdl, round(wake16h_sd_mgdl)::int as wake16h_sd_mgdl,
        round(day_titr_pct)::int as day_titr_pct, is_complete, quality_notes
    from night_to_day
    qualify row_number() over (partition by participant_id order by sleep_date desc) <= 7
    order by participant_id, sleep_date
"""


def run_rebuild(folder: Path, source: str) -> int:
    """Derive everything again."""
    lake = Lake(folder)
    if not lake.exists():
        raise UsageError(f"no lake at {folder}")
    settings = load(lake.settings)
    problems = 0
    for participant in pipeline.inbox_participants(lake) if source == "files" else []:
        say(f"reading inbox/{participant} again")
        files = pipeline.read_again(lake, participant, settings)
        for file in files:
            if file.error:
                say(f"set aside: {file.name}: {file.error}")
                problems += 1
    for participant in lake.participants():
        say(f"aligning {participant}")
        outcome = pipeline.align_participant(lake, participant, settings, force=True)
        if problem := pipeline.zone_problem(outcome):
            say(str(problem))
            problems += 1
    lake.warehouse.unlink(missing_ok=True)
    pipeline.build_views(lake, settings)
    return 1 if problems else 0


def run_nightly_once(folder: Path) -> int:
    """The Prefect flow, once; its receipts."""
    from flows.ingest import run_nightly

    receipts = run_nightly(Lake(folder).create().root)
    for receipt in receipts:
        print_receipt(receipt)
    if not receipts:
        say("nothing in the inbox: put exports into inbox/<participant>/ of the lake")
    return 0 if all(receipt.is_clean for receipt in receipts) else 1


def run_serve(folder: Path, at: str, timezone: str | None) -> int:
    """The Prefect flow every day, until stopped."""
    from flows.ingest import serve

    serve(Lake(folder).create().root, at, timezone)
    return 0
