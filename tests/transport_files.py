"""SAS transport files for tests, made of text that a person can review.

The first line is the name of the member, the second the names of its variables, the others its
rows, all parted by tabs. A variable whose cells are numbers is a number, an empty one is missing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path


def transport(text: str) -> bytes:
    """The bytes of the file that a text describes."""
    import pandas as pd
    import pyreadstat

    member, names, *rows = text.splitlines()
    cells = [row.split("\t") for row in rows]
    columns = {
        name: _typed([row[i] if i < len(row) else "" for row in cells])
        for i, name in enumerate(names.split("\t"))
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xpt")
        pyreadstat.write_xport(pd.DataFrame(columns), path, table_name=member)
        return path.read_bytes()


def _typed(cells: list[str]) -> list[float] | list[str]:
    try:
        return [float(cell) if cell else float("nan") for cell in cells]
    except ValueError:
        return cells
