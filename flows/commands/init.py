"""init: a lake with settings to fill in, and an inbox for each participant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.settings import check_participant, check_zone, load
from flows.settings_kept import remember_zone
from flows.usage import say
from warehouse.store.lake import Lake, private_folder, written

SETTINGS = """\
# Settings of this lake. What is not said has the default that stands here behind #.
# An unknown word is refused, with the nearest known one.

# freshness_days = 7   # older, a source is stale for `dawnlake status`; 0: never

# [participants.anna]
# timezone = "Europe/Berlin"            # home; exports may tell of journeys
# zones = [{ from = 2025-11-03T12:00:00, timezone = "America/New_York" }]
# free_days = ["saturday", "sunday"]    # weekdays without work
# freshness_days = 3

# [priority]                            # best first; the others come after
# sleep = ["oura", "fitbit_takeout", "apple_health"]
# glucose = ["dexcom_clarity", "libreview", "nightscout"]

# [rules]                               # numbers of the metrics: warehouse/METRICS.md
# merge_gap_min = 60
# day_coverage_min_pct = 70

# [limits]                              # of what may be read at all
# archive_gb_max = 50
"""


def run_init(folder: Path, people: Sequence[str], timezone: str | None) -> int:
    """Make what is missing; nothing that is there is changed, but for a zone that is named.

    Raises: SettingsError for an impossible participant or zone; LakeError.
    """
    for who in people:
        check_participant(who)
    if timezone:
        check_zone(timezone)
    lake = Lake(folder).create()
    if not lake.settings.exists():
        with written(lake.settings) as partial:
            partial.write_text(SETTINGS, "utf-8")
    load(lake.settings)
    for who in people:
        private_folder(lake.inbox / who)
        if timezone:
            remember_zone(lake.settings, who, timezone)
    inbox = ", ".join(f"{lake.inbox / who}" for who in people) or f"{lake.inbox}/PARTICIPANT"
    say(
        f"a lake at {folder}, its settings in {lake.settings}\n"
        f"put exports into {inbox} and say: dawnlake nightly --lake {folder}\n"
        f"or give them by name: dawnlake ingest PATH --participant ID --lake {folder}",
        is_to_be_copied=True,
    )
    return 0
