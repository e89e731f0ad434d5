"""demo: a made-up month of two people, from vendor files to the last nights."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from pathlib import Path

from flows.demo.month import write_demo
from flows.deriving import pipeline
from flows.deriving.crew import Crew
from flows.imports import without_pandas
from flows.reporting import INDEX, Asked, write_pages
from flows.terminal.receipt import print_receipt
from flows.usage import data, listing, opened, say
from pages.asked.reader import people
from warehouse.store.lake import Lake

NIGHTS = """
    select participant_id, sleep_date, onset_local, wake_local, total_sleep_min,
        overnight_mean_mgdl, fasting_mgdl, day_mean_mgdl, day_titr_pct, is_complete, quality_notes
    from night_to_day order by participant_id, sleep_date
"""
LAST = 7  # nights of each that are shown
WORDS = ("who", "sleep_date", "asleep")
NUMBERS = ("sleep\nmin", "night\nmg/dL", "fasting\nmg/dL", "day\nmg/dL", "70-140\n% of day")


def show_demo(folder: Path) -> int:
    """Write the made-up exports, ingest them, print the last nights."""
    without_pandas()
    exports, lake = folder / "exports", folder / "lake"
    say(f"writing a made-up month of two people to {exports}")
    for person in write_demo(exports):
        say(f"ingesting {person.participant} ({person.timezone})")
        receipt = pipeline.ingest(Lake(lake), person.paths, person.participant, person.timezone)
        print_receipt(receipt)
    _print_nights(lake)
    pages = folder / "pages"
    _, connection = opened(lake)
    with connection, Crew(1) as crew:
        write_pages(str(lake), connection, people(connection), Asked(), None, pages, crew)
    say(
        "What next:\n  dawnlake views night_to_day\n"
        f'  dawnlake sql --lake {lake} "select * from night_to_day where is_complete"\n'
        "  dawnlake ingest YOUR-EXPORTS --participant YOU --timezone Europe/Berlin\n"
        f"A page to look at: {(pages / INDEX).absolute().as_uri()}",
        is_to_be_copied=True,
    )
    return 0


def _print_nights(lake: Path) -> None:
    _, connection = opened(lake)
    say("the last nights of night_to_day, and the day that followed each:")
    table = listing(*WORDS, numbers=NUMBERS)
    table.add_column("complete")
    rows = connection.execute(NIGHTS).fetchall()
    for who, nights in groupby(rows, key=itemgetter(0)):
        for number, (_, date, onset, wake, *cells, is_complete, notes) in enumerate(
            [*nights][-LAST:]
        ):
            asleep = f"{onset:%H:%M} to {wake:%H:%M}" if onset and wake else ""
            whole = ["" if cell is None else f"{cell:.0f}" for cell in cells]
            lacking = "yes" if is_complete else f"no: {notes or ''}"
            if number == 0 and table.row_count:
                table.add_section()
            table.add_row(who, str(date), asleep, *whole, lacking)
    data.print(table)
