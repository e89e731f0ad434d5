"""Who is who, for what is given away without names."""

from __future__ import annotations

from collections.abc import Sequence

from flows.usage import say
from warehouse.disguise import Disguise, add_disguises, are_known
from warehouse.store.lake import Lake
from warehouse.store.lock import writing


def disguise_of(lake: Lake, people: Sequence[str], command: str) -> Disguise:
    """The new ids and dates of these people, kept in the lake. Only who is new waits: for the
    writer's lock, to be added. No connection may be open, since a run that died may be completed.

    Raises: LakeError if somebody is new and the lake is read-only.
    """
    if not are_known(lake, people):
        from flows.deriving.completion import settled  # loads what only a writer needs
        from flows.settings import load

        with writing(lake, command, say) as was_left:
            settled(lake, load(lake.settings), was_left, say)
            add_disguises(lake, people)
    return Disguise.of(lake, people)
