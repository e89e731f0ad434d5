"""demo: a made-up month of two people, from vendor files to the last nights."""

from __future__ import annotations

from pathlib import Path

from flows.demo.month import write_demo
from flows.deriving import pipeline
from flows.imports import without_pandas
from flows.terminal.receipt import print_receipt
from flows.usage import data, listing, opened, say
from warehouse.store.lake import Lake

LAST_NIGHTS = """
    select participant_id, sleep_date,
        strftime(onset_local, '%H:%M') || ' to ' || strftime(wake_local, '%H:%M'),
        round(total_sleep_min)::int, round(overnight_mean_mgdl)::int, round(fasting_mgdl)::int,
        round(day_mean_mgdl)::int, round(day_titr_pct)::int,
        case when is_complete then 'yes' else 'no: ' || coalesce(quality_notes, '') end
    from night_to_day
    qualify row_number() over (partition by participant_id order by sleep_date desc) <= 7
    order by participant_id, sleep_date
"""
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
    say(
        "What next:\n  dawnlake views night_to_day\n"
        f'  dawnlake sql --lake {lake} "select * from night_to_day where is_complete"\n'
        "  dawnlake ingest YOUR-EXPORTS --participant YOU --timezone Europe/Berlin",
        is_to_be_copied=True,
    )
    return 0


def _print_nights(lake: Path) -> None:
    _, connection = opened(lake)
    say("the last nights of night_to_day, and the day that followed each:")
    table = listing(*WORDS, numbers=NUMBERS)
    table.add_column("complete")
    rows = connection.execute(LAST_NIGHTS).fetchall()
    for number, row in enumerate(rows):
        if number and row[0] != rows[number - 1][0]:
            table.add_section()
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    data.print(table)
