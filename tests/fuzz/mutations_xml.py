"""Changes to XML: attributes, elements, and what may stand between them."""

from __future__ import annotations

import re
from random import Random

from tests.fuzz import hostile

_TAG = re.compile(r"<[^<>]*>")
_ATTRIBUTE = re.compile(r"""(?<![\w:])([\w:]+)\s*=\s*("[^"<]*"|'[^'<]*')""")
BETWEEN = (
    *(
        "<!-- x -->",
        "<!--",
        "-->",
        "<![CDATA[x]]>",
        "<![CDATA[",
        "<?x y?>",
        "<?",
        "&lt;",
        "&",
        "&x;",
    ),
    *(
        "&#0;",
        "&#xD800;",
        "&#x1F989;",
        "text",
        "\0",
        "\x0b",
        "\ufffe",
        "</HealthData>",
        "</a>",
        "<",
    ),
    *('<a xmlns="b">', "<HealthData>", "<HealthData/>", '<Record type="x"/>', "<Record>", "<Me/>"),
    '<!DOCTYPE HealthData [<!ENTITY x "y">]>',
    '<!DOCTYPE HealthData SYSTEM "file:///etc/passwd">',
    '<Correlation type="x"><Record type="y"/><Correlation><Record/></Correlation></Correlation>',
    '<MetadataEntry key="HKTimeZone" value="Europe/Berlin"/>',
    "<MetadataEntry key='HKWasUserEntered' value='1'></MetadataEntry>",
    '<WorkoutStatistics type="HKQuantityTypeIdentifierDistanceCycling" sum="1" sum="2" unit="km"/>',
    '<Workout startDate="2025-01-01 10:00:00 +0100" endDate="x"/>',
)


def xml_changed(data: bytes, chance: Random) -> bytes:
    """One change to the text, which is UTF-8."""
    text = data.decode("utf-8", "surrogateescape")
    changed = chance.choice((_attribute, _attribute, _attribute, _tag, _tag, _between))
    return changed(text, chance).encode("utf-8", "surrogateescape")


def _attribute(text: str, chance: Random) -> str:
    found = list(_ATTRIBUTE.finditer(text))
    if not found:
        return _between(text, chance)
    which = chance.choice(found)
    name, value = which[1], which[2][1:-1]
    other = chance.choice(found)
    new = (
        f'{name}="{hostile.value(chance)}"',
        f'{name}="{hostile.value(chance)}"',
        f"{name}='{value}'",
        f'{name}="{other[2][1:-1]}"',
        f"{which[0]} {which[0]}",
        f'{which[0]} {name}="{hostile.value(chance)}"',
        f'{chance.choice((name.upper(), other[1], "a:b", "xmlns"))}="{value}"',
        f'{name}="{value}',
        f"{name} = {which[2]}",
        f'{name}="{value}&#10;&#0;"',
        f'{name}="{chance.choice(BETWEEN)}"',
        "",
    )
    return text[: which.start()] + chance.choice(new) + text[which.end() :]


def _tag(text: str, chance: Random) -> str:
    found = list(_TAG.finditer(text))
    if not found:
        return _between(text, chance)
    which, other = chance.choice(found), chance.choice(found)
    tag = which[0]
    new = (
        "",
        tag * chance.choice((2, 3, 3000)),
        other[0],
        tag.replace("/>", ">"),
        tag.replace(">", "/>"),
        "</" + tag[1:],
        re.sub(
            r"\w+", chance.choice(("Record", "Workout", "Correlation", "a:b", "x")), tag, count=1
        ),
        tag[:-1],
        re.sub(r"\s+", chance.choice(("\n", "\t", "  ", "\r\n", "\xa0")), tag),
        f"<Correlation>{tag}</Correlation>",
        "<a>" * (deep := chance.choice((1, 50, 20_000))) + tag + "</a>" * deep,
    )
    return text[: which.start()] + chance.choice(new) + text[which.end() :]


def _between(text: str, chance: Random) -> str:
    at = chance.choice([0, len(text), *(each.end() for each in _TAG.finditer(text))])
    return text[:at] + chance.choice(BETWEEN) * chance.choice((1, 1, 1, 40, 2000)) + text[at:]
