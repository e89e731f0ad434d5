"""Elements of SVG and HTML as text that is escaped once.

Colours are classes, never values: the page's style sheet has them for light, dark and paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from markupsafe import Markup, escape


def number(value: float) -> str:
    """A coordinate with at most one decimal, as short as it can be written."""
    return tenths(round(10 * value))


@cache
def tenths(count: int) -> str:
    """The same of whole tenths, which a drawing has some thousands of: each is written once."""
    return f"{count // 10}" if count % 10 == 0 else f"{count / 10:.1f}"


def tag(name: str, *children: str | Markup, **attributes: object) -> Markup:
    """An element. `class_` is `class`, `text_anchor` is `text-anchor`; None is left out."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = joined(children)
    return Markup(f"<{name}{told}>{inner}</{name}>") if inner else Markup(f"<{name}{told}/>")


def joined(children: Iterable[str | Markup]) -> Markup:
    """Several elements or texts one after the other; texts are escaped."""
    return Markup("").join(children)


def _value(value: object) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return number(value)
    return str(escape(value))


def group(*children: str | Markup, **attributes: object) -> Markup:
    """`g` around elements; nothing if there are none."""
    inner = joined(children)
    return tag("g", inner, **attributes) if inner else Markup("")


def drawing(
    name: str, title: str, description: str, width: float, height: float, *children: Markup
) -> Markup:
    """An image that a screen reader announces by its title and description.

    `name` is unique on a page. Its size follows the column that it stands in.
    """
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        class_="figure",
        aria_labelledby=f"{name}-title {name}-desc",
    )
