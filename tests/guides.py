"""The guides that are made and not written: METRICS.md, FORMATS.md, the README's list of formats.

What a format carries, and by which clock, is what its golden cases show.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill

from connectors import connectors
from connectors.contract import Connector
from tests.golden_case import cases
from transforms.copies.priority import ORDERS, ordered
from warehouse import metrics_guide

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- formats: made by `make guide` -->\n", "<!-- formats: end -->\n"
# how a row tells its time, and how that is called; the first that it has
CLOCKS = {
    "start_offset_min": "instant with its offset",
    "start_utc": "instant",
    "start_wall": "wall clock",
    "date": "date",
}
HEADINGS = (
    *("sleep and glucose", "glucose", "sleep", "rooms, movement, heart and others"),
    "data sets of studies",
)
SENSOR = {"interstitial_glucose", "interstitial_glucose_scan"}
FINGERSTICK = {"capillary_glucose"}
INTRODUCTION = """# Formats

Every export that is read, by the name of its connector. `make guide` makes this page from what the
connectors declare and from their golden cases: what a variant carries is what these show, as kinds
of episodes and in the words of [METRICS.md](warehouse/METRICS.md). *Verified*: real files or
fixtures were read; *unverified*: documentation and other people's parsers only. An *instant with
its offset* needs nobody's help, an *instant* lacks the place, a *wall clock* needs a time zone
([transforms/README.md](transforms/README.md)).
"""


@dataclass
class Shown:
    """What the golden cases of a variant show."""

    kinds: set[str] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)
    clocks: set[str] = field(default_factory=set)
    has_stages: bool = False

    def add(self, row: dict[str, object]) -> None:
        """Take in a row of an expected.jsonl."""
        if row.get("shape") not in ("sample", "episode", "daily"):
            return
        if row["shape"] == "episode":
            self.kinds.add(str(row["kind"]).replace("sleep_stage", "sleep stage"))
            self.has_stages |= row["kind"] == "sleep_stage" and row["label"] != "in_bed"
        else:
            self.metrics.add(str(row["metric"]))
        self.clocks.add(next(clock for column, clock in CLOCKS.items() if column in row))

    def with_(self, other: Shown) -> Shown:
        """Both together."""
        return Shown(
            self.kinds | other.kinds,
            self.metrics | other.metrics,
            self.clocks | other.clocks,
            self.has_stages or other.has_stages,
        )

    @property
    def carries(self) -> str:
        """Kinds and metrics, by name."""
        named = [*sorted(self.kinds), *(f"`{metric}`" for metric in sorted(self.metrics))]
        return ", ".join(named) or "what the file says of itself"

    @property
    def clock(self) -> str:
        """Every clock, the best first."""
        return ", ".join(clock for clock in CLOCKS.values() if clock in self.clocks)

    @property
    def sleep(self) -> str:
        """Whether nights come with stages."""
        return "stages" if self.has_stages else "sleeps" if "sleep" in self.kinds else ""

    @property
    def glucose(self) -> str:
        """Of a sensor, or of fingersticks alone."""
        return "sensor" if self.metrics & SENSOR else "meter" if self.metrics & FINGERSTICK else ""


def shown() -> dict[str, dict[str, Shown]]:
    """By connector and variant."""
    found: dict[str, dict[str, Shown]] = {}
    for case in cases():
        variant = found.setdefault(case.connector, {}).setdefault(
            str(case.about["variant"]), Shown()
        )
        if case.expected.exists():
            for line in case.expected.read_text("utf-8").splitlines():
                variant.add(json.loads(line))
    return found


def vendors() -> dict[str, str]:
    """The package of each connector of this repository."""
    own = set(connectors())
    return {
        module.CONNECTOR.name: name.split(".")[1]
        for name, module in sorted(sys.modules.items())
        if name.startswith("connectors.") and hasattr(module, "CONNECTOR")
        if module.CONNECTOR.name in own
    }


def formats_guide() -> str:
    """The text of FORMATS.md."""
    of, packages = shown(), vendors()
    known = {name: connectors()[name] for name in sorted(packages)}
    orders = "\n".join(
        fill(f"- {stream}: {_order(stream, known, of)}", 108, subsequent_indent="  ")
        for stream in sorted(ORDERS, reverse=True)
    )
    about = (
        "Where several tell one night, or one sensor's glucose, the first of these is used, unless "
        "`[priority]`\nin the settings names another:\n"
    )
    sections = (_section(each, packages[name], of[name]) for name, each in known.items())
    return "\n".join([INTRODUCTION, every_format(), about, f"{orders}\n", *sections])


def _order(stream: str, known: dict[str, Connector], of: dict[str, dict[str, Shown]]) -> str:
    sources = {name: each.source for name, each in known.items()}
    has = {name: getattr(_whole(of[name]), stream) for name in known}
    return ", ".join(f"`{name}`" for name in ordered(stream, (), sources) if has[name])


def _whole(variants: dict[str, Shown]) -> Shown:
    whole = Shown()
    for each in variants.values():
        whole = whole.with_(each)
    return whole


def _section(connector: Connector, vendor: str, of: dict[str, Shown]) -> str:
    page = f"[connectors/{vendor}/README.md](connectors/{vendor}/README.md)"
    rows = [
        [f"`{variant}`", evidence, of[variant].carries, of[variant].clock]
        for variant, evidence in connector.variants.items()
    ]
    about = f"{connector.title}, by source: {connector.source}.\nWhere to get it, quirks, evidence:"
    table = _table(("variant", "evidence", "carries", "clock"), rows)
    return f"## {connector.name}\n\n{about}\n{page}.\n\n{table}"


def every_format() -> str:
    """A line per connector."""
    of, packages = shown(), vendors()
    rows = []
    for name in sorted(packages):
        connector, whole = connectors()[name], _whole(of[name])
        sure = sum(evidence == "verified" for evidence in connector.variants.values())
        page = f"[{connector.title}](connectors/{packages[name]}/README.md)"
        rows.append(
            [f"`{name}`", page, whole.sleep, whole.glucose, f"{sure} of {len(connector.variants)}"]
        )
    return _table(("connector", "format", "sleep", "glucose", "variants verified"), rows)


def readme_list() -> str:
    """Formats by what they tell of, each with its page."""
    of, packages = shown(), vendors()
    told: dict[str, list[str]] = {}
    for name in sorted(packages, key=lambda name: connectors()[name].title.lower()):
        whole, connector = _whole(of[name]), connectors()[name]
        is_data_set = packages[name] in ("aireadi", "mesa", "nsrr", "research")
        heading = (
            "data sets of studies"
            if is_data_set
            else "sleep and glucose"
            if whole.sleep and whole.glucose
            else "sleep"
            if whole.sleep
            else "glucose"
            if whole.glucose
            else "rooms, movement, heart and others"
        )
        is_sure = "verified" in connector.variants.values()
        told.setdefault(heading, []).append(f"{connector.title}{'' if is_sure else ' °'}")
    return "\n".join(
        fill(f"- *{heading}*: {'; '.join(told[heading])}", 106, subsequent_indent="  ")
        for heading in sorted(told, key=HEADINGS.index)
    )


def readme(text: str) -> str:
    """The README with its list as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{readme_list()}\n\n{END}{after}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    rule = "|" + "---|" * len(heading)
    told = [f"| {' | '.join(cells)} |" for cells in lines]
    return "\n".join([told[0], rule, *told[2:]]) + "\n"


def main() -> None:
    """Write all of them."""
    metrics_guide.GUIDE.write_text(metrics_guide.guide(), "utf-8")
    (ROOT / "FORMATS.md").write_text(formats_guide(), "utf-8")
    page = ROOT / "README.md"
    page.write_text(readme(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
