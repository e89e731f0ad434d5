"""metric_notes.csv: what a metric needs, which implementation it equals, where others differ.

A row may speak of several views and columns. `subject n` is one of the five people of iglu's
example data; numbers of other packages are what they gave for them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Note:
    """What is to be known of a column beside its meaning; '' for nothing."""

    minimum_data: str  # below it the value is NULL; names of rules as in dawnlake.toml
    equals: str
    differs: str
    source: str

    def lines(self) -> list[str]:
        """One sentence each, for a terminal."""
        told = {
            "needs": self.minimum_data,
            "equals": self.equals,
            "elsewhere": self.differs,
            "source": self.source,
        }
        return [f"{word}: {text}" for word, text in told.items() if text]


@cache
def metric_notes() -> dict[tuple[str, str], Note]:
    """The note of each view and column that has one.

    Raises: ValueError if a column has two.
    """
    found: dict[tuple[str, str], Note] = {}
    with (Path(__file__).parent / "metric_notes.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            relations, columns = row.pop("relations").split(), row.pop("columns").split()
            for key in ((relation, column) for relation in relations for column in columns):
                if key in found:
                    raise ValueError(f"metric_notes.csv has two rows for {' '.join(key)}")
                found[key] = Note(**row)
    return found
