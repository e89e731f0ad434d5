"""A package per vendor, a module per export format; a module is a connector by its CONNECTOR."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from connectors.contract import Connector

ENTRY_POINTS = "dawnlake.connectors"


@cache
def connectors() -> dict[str, Connector]:
    """Every connector by name: those of this package and of the entry-point group.

    Raises: ValueError if two have the same name.
    """
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(__path__, f"{__name__}.")
        if not module.ispkg
    ]
    found = [m.CONNECTOR for m in modules if hasattr(m, "CONNECTOR")]
    found += [point.load() for point in entry_points(group=ENTRY_POINTS)]
    by_name = {connector.name: connector for connector in found}
    if len(by_name) != len(found):
        raise ValueError(f"two connectors share a name: {sorted(c.name for c in found)}")
    return dict(sorted(by_name.items()))
