"""The mappings of a lake as connectors: lake/mappings/*.toml."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contract import Connector
from flows.settings import SettingsError
from warehouse.store.lake import Lake

if TYPE_CHECKING:
    from connectors.mapping.model import Mapping

Stamp = tuple[Path, int, int]  # path, time and size: what tells a changed mapping


def mapped(lake: Lake) -> tuple[Connector, ...]:
    """A connector of each mapping of a lake, in the order of their names.

    Raises: SettingsError naming the file and the key of a mapping that cannot be used.
    """
    found: list[Stamp] = []
    for path in sorted(folder_of(lake).glob("*.toml")):
        about = path.stat()
        found.append((path, about.st_mtime_ns, about.st_size))
    return _read(tuple(found))


def folder_of(lake: Lake) -> Path:
    return lake.root / "mappings"


def connector_from(text: str, name: str) -> Connector:
    """The connector of a mapping called `name`, every word of it known.

    Raises: SettingsError.
    """
    from connectors.mapping.connector import connector_of
    from connectors.mapping.model import MappingError, mapping_of

    try:
        _check_words(mapping_of(text))
        return connector_of(text)
    except MappingError as error:
        raise SettingsError(f"mappings/{name}: {error}") from None


def _check_words(mapping: Mapping) -> None:
    """Raises: MappingError for a metric that there is no word for, with the nearest one; for a unit
    that is none of its metric's."""
    import difflib

    from connectors.mapping.model import MappingError
    from transforms.units import conversion
    from warehouse.schema import METRICS

    for rule in (*mapping.sample, *mapping.daily):
        for metric in rule.metric_words:
            if metric not in METRICS:
                near = difflib.get_close_matches(metric, METRICS, 1, 0.5)
                hint = f"did you mean {near[0]}?" if near else "see warehouse/METRICS.md"
                raise MappingError(f"metric {metric}: no such word; {hint}")
            canonical = METRICS[metric].unit
            if rule.unit and conversion(rule.unit, canonical) is None:
                raise MappingError(
                    f"unit {rule.unit}: {metric} is in {canonical}, or in what can be made into it"
                )


@lru_cache(maxsize=4)
def _read(stamps: tuple[Stamp, ...]) -> tuple[Connector, ...]:
    made = {}
    for path, _, _ in stamps:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            raise SettingsError(f"mappings/{path.name}: not UTF-8: save it as that") from None
        connector = connector_from(text, path.name)
        if connector.name in made:
            raise SettingsError(f"mappings/{path.name}: its name is that of another mapping")
        made[connector.name] = connector
    return tuple(made.values())
