"""What stands in files and names is shown on a terminal, never obeyed by it.

One filter for every text: control characters of C0 and C1, which move the cursor, set colours or
type commands, and marks that turn the direction of writing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

KEPT = "\n\t"
C0 = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in KEPT}
# Source: Unicode Standard Annex 9, explicit directional formatting; U+2028 and U+2029 end lines
TURNING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
NAMED = {code: f"<U+{code:04X}>" for code in (*range(0x80, 0xA0), *TURNING)}
SHOWN = {**C0, 0x7F: "\u2421", **NAMED}


def shown(text: str) -> str:
    """The text with a picture or a number in the place of what a terminal would obey."""
    return text.translate(SHOWN)


class Shown(Console):
    """A console that writes nothing but texts as they are shown, and its own colours."""

    def render_str(self, text: str, **options: Any) -> Text:
        """A text, before it is fitted into lines and cells."""
        return super().render_str(shown(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The pieces of a line; whatever came by another way than `render_str` is shown here."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(shown(piece.text), piece.style)
