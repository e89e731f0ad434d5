"""What the guides say is so: commands, options, queries, settings, the example of a connector."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast, get_args

import duckdb
import pytest

import flows.reading.identify
import tests.connectors.test_contract as suite
from connectors import ENTRY_POINTS, connectors
from connectors.contract import (
    REJECT_CODES,
    SHAPES,
    BrokenFile,
    Connector,
    FormatDrift,
    Item,
    MeasuredBy,
    Skip,
)
from flows.cli import app
from flows.commands.ingest import run_ingest
from flows.settings import Participant, Settings, load
from tests.golden_case import Case, lines_of_items, source_of
from tests.lake import asked, demo_lake, demo_people
from transforms.clocks.findings import KINDS
from transforms.clocks.times import BASES
from warehouse.store.lake import Lake
from warehouse.view_files import views

ROOT = Path(__file__).parent.parent
GUIDES = (
    "README.md",
    "ASKING.md",
    "SETTINGS.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "FORMATS.md",
    "RECIPES.md",
    "flows/SIZING.md",
    "warehouse/METRICS.md",
    *(
        f"{d}/README.md"
        for d in ("connectors", "transforms", "warehouse", "pages", "services", "flows")
    ),
    *(str(page.relative_to(ROOT)) for page in sorted(ROOT.glob("connectors/*/README.md"))),
)
SERVED = (["connect"], ["pull"], ["disconnect"])
PAGES = ("README.md", "ASKING.md", "SETTINGS.md")
COMMANDS = sorted(name for name in app if not name.startswith("-"))


def guide(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a guide in one language."""
    every = re.findall(r"^```(\w*)\n(.*?)^```$", guide(name), re.DOTALL | re.MULTILINE)
    return [text for of, text in every if of == language]


def block(name: str, language: str) -> str:
    (only,) = blocks(name, language)
    return only


def tables(name: str) -> list[list[list[str]]]:
    """Every table of a guide: rows of cells, without its rule."""
    found = re.findall(r"(?:^\|.*\|\n)+", guide(name), re.MULTILINE)
    rows = [[line.strip("|").split(" | ") for line in each.splitlines()] for each in found]
    return [
        [[cell.strip() for cell in row] for row in each if row[0][:3] != "---"] for each in rows
    ]


def table(name: str, heading: str) -> list[list[str]]:
    """The rows below a heading cell."""
    (found,) = (each[1:] for each in tables(name) if each[0][0] == heading)
    return found


def shell_lines() -> list[list[str]]:
    """Every `dawnlake ...` of the first pages: in blocks of commands and between backticks."""
    text = "\n".join(guide(page) for page in PAGES)
    lines = [line for page in PAGES for each in blocks(page, "sh") for line in each.splitlines()]
    spans = [s.replace("\n", " ") for s in re.findall(r"`(dawnlake [^`]+)`", text)]
    return [shlex.split(line) for line in [*lines, *spans] if "..." not in line]


# all of them


@pytest.mark.parametrize("name", GUIDES)
def test_lines_are_short_and_links_lead_somewhere(name: str) -> None:
    prose = re.sub(r"^```.*?^```$", "", guide(name), flags=re.DOTALL | re.MULTILINE)
    assert [line for line in prose.splitlines() if len(line) > 110 and line[:1] != "|"] == []
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", prose):
        assert (ROOT / name).parent.joinpath(target).exists(), target
    for path in re.findall(
        r"`((?:connectors|transforms|warehouse|services|flows|tests)/[\w./]+\.\w+)`", prose
    ):
        assert (ROOT / path).exists() or path.startswith("connectors/owl/"), path


# README.md, ASKING.md, SETTINGS.md


def test_the_readme_is_what_a_newcomer_reads() -> None:
    assert len(guide("README.md").splitlines()) <= 250


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`dawnlake {command}`" in {row[0] for row in table("README.md", "command")}


def test_every_command_line_of_the_pages_is_one() -> None:
    lines = shell_lines()
    assert len(lines) > 20
    for words in lines:
        if words[1:] not in (["--help"], ["-h"]):
            needed = ["--participant", "x"] if words[1:] == ["ingest"] else []
            needed = ["-o", "x"] if words[1:] == ["export"] else needed
            needed = ["x"] if words[1:] == ["forget"] else needed
            needed = ["x", "2025-10-26"] if words[1:] == ["explain"] else needed
            needed = ["x", "1", "--why", "x"] if words[1:] == ["exclude"] else needed
            needed = ["x", "2025-10-26"] if words[1:] == ["night"] else needed
            needed = ["oura", "--participant", "x"] if words[1:] in SERVED else needed
            needed = ["x"] if words[1:] in (["mapping"], ["withdraw"], ["publish"]) else needed
            app.parse_args([*words[1:], *needed], exit_on_error=False, print_error=False)


@pytest.mark.whole
def test_every_query_of_the_pages_gives_rows() -> None:
    queries = [query for page in PAGES for query in blocks(page, "sql")]
    queries += [w[2] for w in shell_lines() if w[1] == "sql" and len(w) > 2 and w[2][:2] != "--"]
    assert len(queries) == 5
    for query in queries:
        assert asked(demo_lake(), query), query


@pytest.mark.whole
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # DuckDB's own use of pandas
def test_the_python_of_the_pages_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "lake").symlink_to(demo_lake().root)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(block("ASKING.md", "python"), names)
    assert len(cast(list[object], names["nights"])) == 62


def test_the_settings_are_the_defaults(tmp_path: Path) -> None:
    text = block("SETTINGS.md", "toml")
    (tmp_path / "dawnlake.toml").write_text(text)
    settings, defaults = load(tmp_path / "dawnlake.toml"), Settings()
    assert settings.priority == defaults.priority
    assert settings.rules == defaults.rules
    assert settings.limits == defaults.limits
    assert tomllib.loads(text)["limits"].keys() == defaults.limits.model_dump().keys()
    assert tomllib.loads(text)["rules"].keys() == defaults.rules.model_dump().keys()
    assert len(settings.participant("anna").stays()) == 4
    assert settings.participant("ben") == Participant()


def test_the_lake_is_laid_out_as_shown() -> None:
    root = demo_lake().root
    (shown,) = (each for each in blocks("warehouse/README.md", "") if each.startswith("lake/"))
    for line in shown.splitlines()[1:]:
        pattern = re.sub(
            r"=[A-Z]\b|\b[A-Z]{3,}\b", lambda m: "=*" if "=" in m[0] else "*", line.split()[0]
        )
        assert list(root.glob(pattern)) or pattern.startswith("inbox/") or "inbox.json" in line


@pytest.mark.whole
def test_the_receipt_is_what_ingest_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shown,) = (each for each in blocks("README.md", "") if each.startswith("receipt"))
    ben = demo_people()["ben"]
    assert run_ingest(tmp_path / "lake", ben.paths, "ben", ben.timezone) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert printed == shown.splitlines()


def test_the_columns_in_the_pages_exist() -> None:
    first, second = (each for page in PAGES for each in tables(page) if each[0][0] == "group")
    for name, groups in {"night_to_day": first, "glucose_summary": second}.items():
        named = {c for _, cell in groups[1:] for c in re.findall(r"`(\w+)`", cell)}
        assert len(named) > 30
        assert named <= views()[name].columns.keys()


# connectors/README.md


@pytest.fixture
def owl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    """The example of the guide, among all the others."""
    path = tmp_path / "owl" / "ring.py"
    path.parent.mkdir()
    path.write_text(block("connectors/README.md", "python"))
    spec = importlib.util.spec_from_file_location("owl.ring", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def every() -> dict[str, Connector]:
        return {**connectors(), "owl_ring": module.CONNECTOR}

    monkeypatch.setattr(suite, "connectors", every)
    monkeypatch.setattr(flows.reading.identify, "connectors", every)
    yield module.CONNECTOR


@pytest.fixture
def owl_case(tmp_path: Path) -> Case:
    """The golden case of the guide."""
    folder = tmp_path / "owl_ring" / "example"
    folder.mkdir(parents=True)
    (folder / "input.csv").write_text(block("connectors/README.md", "csv"))
    (folder / "expected.jsonl").write_text(block("connectors/README.md", "jsonl"))
    return Case(folder, tomllib.loads(block("connectors/README.md", "toml")))


def test_the_example_passes_the_suite(
    owl: Connector, owl_case: Case, request: pytest.FixtureRequest
) -> None:
    suite.test_golden(owl_case, request)
    suite.test_claimed_by_this_connector_alone(owl_case)
    suite.test_conserved(owl_case)
    suite.test_rows_have_the_shape(owl_case)
    suite.test_a_cut_file_is_an_ingest_error_or_conserved(owl_case)
    suite.test_case_is_small_and_says_what_it_shows(owl_case)
    suite.test_identify_is_total("owl_ring")
    for case in suite.CASES:
        assert owl.identify(case.source()) is None, case
    assert set(owl.variants) == {owl_case.about["variant"]}
    assert owl.source == "ring"


def test_the_example_refuses_and_counts(owl: Connector, owl_case: Case) -> None:
    text = owl_case.data().decode()

    def read(changed: str) -> list[Item]:
        return list(owl.extract(source_of(changed.encode()), "csv"))

    with pytest.raises(FormatDrift, match="no column Wake time"):
        read(text.replace("Wake time", "Woke"))
    with pytest.raises(BrokenFile):
        read(text.splitlines()[0])
    wide, broken = "n1,2025-10-24 23:04,2025-10-25 06:48,1,2,no,more", 'n2,"2025-10-24 23:04'
    seen = lines_of_items(read(f"{text}{wide}\n{broken}\n"))
    assert [json.loads(line)["code"] for line in seen if '"code"' in line] == [
        "unreadable_time",
        "ragged_row",
        "broken_row",
    ]
    assert not any(isinstance(item, Skip) for item in read(text.replace("not worn", "nowhere")))


@pytest.mark.whole
@pytest.mark.usefixtures("owl")
def test_the_example_ends_in_nights(owl_case: Case, tmp_path: Path) -> None:
    """The wall clock says 7:09; with the hour that comes twice it was 8:09."""
    lake = tmp_path / "lake"
    assert run_ingest(lake, [owl_case.folder / "input.csv"], "anna", "Europe/Berlin") == 1
    nights = asked(Lake(lake), "select * from sleep_nightly order by sleep_date")
    assert [night["total_sleep_min"] for night in nights] == [421, 451]
    assert [night["time_in_bed_min"] for night in nights] == [464, 489]


def test_the_contract_is_whole() -> None:
    text = re.sub(r"^```.*?^```$", "", guide("connectors/README.md"), flags=re.DOTALL | re.M)
    assert [row[0].strip("`") for row in table("connectors/README.md", "shape")] == list(SHAPES)
    assert [code for code in REJECT_CODES if code not in text] == []
    assert [kind for kind in get_args(MeasuredBy) if f"`{kind}`" not in text] == []
    assert f'[project.entry-points."{ENTRY_POINTS}"]' in text


# transforms/README.md, warehouse/README.md


def test_the_bases_of_time_are_told_in_order() -> None:
    rows = table("transforms/README.md", "`time_basis`")
    assert tuple(row[0].strip("`") for row in rows) == BASES


def test_every_kind_of_finding_is_told() -> None:
    told = {row[0].strip("`"): row[1] for row in table("transforms/README.md", "finding")}
    assert told == KINDS


def test_every_transform_is_told() -> None:
    folder = ROOT / "transforms"
    modules = {str(p.relative_to(folder)) for p in folder.rglob("[!_]*.py")}
    assert {row[0].strip("`") for row in table("transforms/README.md", "module")} == modules


def test_the_view_of_the_guide_is_one() -> None:
    text = block("warehouse/README.md", "sql")
    columns = re.findall(r"^-- (\w+) \|", text, re.MULTILINE)
    with duckdb.connect(str(demo_lake().warehouse), read_only=True) as connection:
        told = connection.execute(text).description
        assert [column[0] for column in told or []] == columns
