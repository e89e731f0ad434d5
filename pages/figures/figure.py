"""What every figure is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """An image, what it shows in a sentence, and the table behind it.

    name      unique on a page
    caption   what is to be seen, for everybody
    headings  of the table; the first column names its rows
    """

    name: str
    caption: str
    image: Markup
    headings: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    note: str = ""
