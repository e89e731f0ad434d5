"""Which connector is believed first where several tell one night, or one sensor's glucose.

Settings name the first ones; the rest stands in the order of what they measure with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.contract import MeasuredBy

# Brain waves are what all others are tested against; a ring and a watch know pulse and movement; a
# mat may hear whoever lies beside; movement alone has no stages, and a store has what it was given.
# Source: Chinoy 2021, Sleep (consumer devices against polysomnography); Robbins 2024, Sensors.
# A sensor's maker has every reading, a relay or a hub what reached it, later and perhaps rounded.
ORDERS: dict[str, tuple[MeasuredBy, ...]] = {
    "sleep": (
        *("eeg", "ring", "watch", "mat", "actigraph", "hub", "phone", "manual"),
        *("relay", "cgm", "pump", "room", "other"),
    ),
    "glucose": (
        *("cgm", "pump", "relay", "hub", "watch", "ring", "phone", "manual"),
        *("mat", "actigraph", "eeg", "room", "other"),
    ),
}


def ordered(
    stream: str, named: Sequence[str], sources: Mapping[str, MeasuredBy]
) -> tuple[str, ...]:
    """All connectors, best first: those `named`, then the others by what they measure with.

    `sources` is every connector and what it measures with; of one kind they go by name.
    """
    place = ORDERS[stream].index
    rest = sorted(sources, key=lambda name: (place(sources[name]), name))
    return tuple(dict.fromkeys([*named, *rest]))
