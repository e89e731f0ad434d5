"""A page per vendor, and the guides that are made from what connectors declare."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from connectors import connectors
from connectors.contract import MeasuredBy
from tests.guides import BEGIN, ROOT, formats_guide, readme, shown, vendors
from transforms.copies.priority import ORDERS, ordered

HEADINGS = ["Where to get it", "What is read", "Quirks", "Evidence", "Unknown"]
VENDORS = sorted(p.parent.name for p in ROOT.glob("connectors/*/__init__.py"))
for own in ("mapping", "reading"):  # no vendors
    VENDORS.remove(own)
PAGE_LINES = 60
LINES_EACH = 8  # of a page of many connectors


def page(vendor: str) -> str:
    return (ROOT / "connectors" / vendor / "README.md").read_text("utf-8")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_has_a_page(vendor: str) -> None:
    text = page(vendor)
    assert text.startswith("# ")
    sections = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    assert sections[1::2] == HEADINGS
    assert all(body.strip() for body in sections[2::2])
    count = sum(of == vendor for of in vendors().values())
    assert len(text.splitlines()) <= max(PAGE_LINES, LINES_EACH * count)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_page_names_every_variant(vendor: str) -> None:
    named = set(re.findall(r"`([^`\n]+)`", page(vendor)))
    own = [connectors()[name] for name, of in vendors().items() if of == vendor]
    assert own
    assert {variant for connector in own for variant in connector.variants} - named == set()


@pytest.mark.parametrize("name", sorted(vendors()))
def test_a_connector_says_what_it_measures_with(name: str) -> None:
    assert connectors()[name].source != "other"


def test_every_source_has_its_place() -> None:
    for order in ORDERS.values():
        assert sorted(order) == sorted(get_args(MeasuredBy))
        assert order[-1] == "other"


def test_named_connectors_come_first_then_by_source_then_by_name() -> None:
    sources: dict[str, MeasuredBy] = {
        "zoe": "ring",
        "ann": "ring",
        "bob": "hub",
        "eve": "cgm",
        "new": "other",
    }
    assert ordered("sleep", (), sources) == ("ann", "zoe", "bob", "eve", "new")
    assert ordered("glucose", (), sources) == ("eve", "bob", "ann", "zoe", "new")
    named = ordered("sleep", ("new", "elsewhere", "new"), sources)
    assert named == ("new", "elsewhere", "ann", "zoe", "bob", "eve")


def test_the_guides_are_up_to_date() -> None:
    assert (ROOT / "FORMATS.md").read_text("utf-8") == formats_guide(), "run `make guide`"
    text = (ROOT / "README.md").read_text("utf-8")
    assert text == readme(text), "run `make guide`"
    assert text.count(BEGIN) == 1


def test_the_guides_have_every_connector_and_variant() -> None:
    text = formats_guide()
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == sorted(vendors())
    for name in vendors():
        section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        for variant, evidence in connectors()[name].variants.items():
            assert f"| `{variant}` | {evidence} |" in section


def test_a_new_golden_case_would_change_the_guide(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a format carries is read from its cases."""
    case = tmp_path / "oura" / "a_case"
    case.mkdir(parents=True)
    (case / "case.toml").write_text('variant = "api_daily"\n')
    row = '{"shape": "sample", "metric": "room_temperature", "start_wall": "2025-01-01T00:00:00"}'
    (case / "expected.jsonl").write_text(f'{row}\n{{"skip": "padding", "count": 2}}\n')
    monkeypatch.setattr("tests.golden_case.GOLDEN", tmp_path)
    told = shown()["oura"]["api_daily"]
    assert (told.carries, told.clock, told.sleep) == ("`room_temperature`", "wall clock", "")
