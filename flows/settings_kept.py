"""What dawnlake itself writes into dawnlake.toml; comments and all else stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.settings import Settings, check_participant, check_zone, load
from warehouse.store.lake import written


def remember_zone(path: Path, participant: str, zone: str) -> Settings:
    """The settings with a participant's home zone set, as `remember_zones` does."""
    return remember_zones(path, [participant], zone)


def remember_zones(path: Path, participants: Sequence[str], zone: str) -> Settings:
    """The settings with the home zone of some participants, written down; comments are kept.

    Raises: SettingsError for an unknown zone, an impossible participant id or broken settings.
    """
    import tomlkit

    for participant in participants:
        check_participant(participant)
    check_zone(zone)
    load(path)  # what is broken is not written to
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    people: Any = document.setdefault("participants", tomlkit.table(is_super_table=True))
    persons: list[Any] = [people.setdefault(who, tomlkit.table()) for who in participants]
    others = [person for person in persons if person.get("timezone") != zone]
    for person in others:
        person["timezone"] = zone
    if others:
        with written(path) as partial:
            partial.write_text(tomlkit.dumps(document), "utf-8")
    return load(path)


def forget_participant(path: Path, participant: str) -> Settings:
    """The settings without a participant, written down; comments on others are kept.

    Raises: SettingsError for broken settings.
    """
    import tomlkit

    if participant in load(path).participants:
        document = tomlkit.parse(path.read_text("utf-8"))
        people: Any = document["participants"]
        del people[participant]
        with written(path) as partial:
            partial.write_text(tomlkit.dumps(document), "utf-8")
    return load(path)
