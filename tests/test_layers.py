"""Who may import whom, what a flow may do, where Prefect may be named, how long a file may be."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import cast

import duckdb
import pytest

from flows.cli import app
from warehouse.view_files import relations

ROOT = Path(__file__).parent.parent
LAYERS = ("connectors", "transforms", "warehouse", "pages", "services", "flows")
# What of ours each layer may import, itself included.
MAY_IMPORT = {
    "connectors": ("connectors",),
    "transforms": ("transforms", "connectors.contract"),
    "warehouse": ("warehouse",),
    "pages": ("pages", "warehouse"),
    "services": ("services",),
    "flows": LAYERS,
}
FILES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
LINES = {"connectors": 250}  # others 300
FUNCTION_LINES = 60


def imports(path: Path) -> Iterator[str]:
    """Full names of everything that a file imports, also inside functions."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            whole = ".".join(part for part in (base, node.module) if part)
            yield from (f"{whole}.{alias.name}" for alias in node.names)


def is_within(name: str, allowed: str) -> bool:
    return name == allowed or name.startswith(f"{allowed}.")


def faults(path: Path) -> list[str]:
    layer = path.relative_to(ROOT).parts[0]
    ours = [name for name in imports(path) if name.split(".")[0] in (*LAYERS, "tests")]
    return [n for n in ours if not any(is_within(n, allowed) for allowed in MAY_IMPORT[layer])]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    assert faults(path) == []


def test_a_wrong_import_would_be_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    text = (
        "def f():\n    from flows.settings import load\n    import connectors.errors, warehouse\n"
    )
    found = {}
    for layer in LAYERS:
        (tmp_path / layer).mkdir()
        path = tmp_path / layer / "a.py"
        path.write_text(text + "    from .contract import Source\n    from tests import lake\n")
        found[layer] = len(faults(path))
    assert found == {
        "connectors": 3,
        "transforms": 4,
        "warehouse": 3,
        "pages": 3,
        "services": 4,
        "flows": 1,
    }


# rooms: the folders of a layer, and its modules outside of them


def place(name: str) -> str:
    """The room of a full name: a folder of a layer, or a module beside the folders."""
    return ".".join(name.split(".")[:2])


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def order_of_rooms(layer: str) -> list[str]:
    """The rooms of a layer, each after all that it imports.

    Raises: graphlib.CycleError if there is no such order.
    """
    needs: dict[str, set[str]] = {}
    for path in sorted((ROOT / layer).rglob("*.py")):
        own = place(module(path))
        ours = {place(name) for name in imports(path) if is_within(name, layer)}
        needs.setdefault(own, set()).update(ours - {own, layer})
    return list(TopologicalSorter(needs).static_order())


@pytest.mark.parametrize("layer", LAYERS)
def test_rooms_have_an_order(layer: str) -> None:
    order = order_of_rooms(layer)
    assert {f"{layer}.{folder.parent.name}" for folder in (ROOT / layer).glob("*/__init__.py")} <= {
        *order
    }


def test_a_circle_of_rooms_would_be_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    for room, text in {
        "clocks": "from transforms.copies.routes import routes\n",
        "copies": "def f():\n    from transforms import flags\n",
    }.items():
        (tmp_path / "transforms" / room).mkdir(parents=True)
        (tmp_path / "transforms" / room / "a.py").write_text(text)
    assert order_of_rooms("transforms")[-1] == "transforms.clocks"
    (tmp_path / "transforms" / "flags.py").write_text("import transforms.clocks.a\n")
    with pytest.raises(CycleError):
        order_of_rooms("transforms")


VENDORS = sorted(
    path.parent.name
    for path in (ROOT / "connectors").glob("*/__init__.py")
    if path.parent.name != "reading"
)
SHARED = ("connectors.contract", "connectors.errors", "connectors.reading")


def strangers(path: Path, allowed: Iterable[str]) -> list[str]:
    """What of ours a file imports that is not allowed."""
    ours = [name for name in imports(path) if name.split(".")[0] in (*LAYERS, "tests")]
    return [name for name in ours if not any(is_within(name, each) for each in allowed)]


@pytest.mark.parametrize("vendor", [*VENDORS, "reading"])
def test_a_vendor_knows_no_other(vendor: str) -> None:
    allowed = (f"connectors.{vendor}", *SHARED)
    for path in (ROOT / "connectors" / vendor).rglob("*.py"):
        assert strangers(path, allowed) == [], path
    clarity = ROOT / "connectors" / "dexcom" / "clarity.py"
    assert bool(strangers(clarity, allowed)) == (vendor != "dexcom")


def test_a_command_has_a_module_and_knows_no_other() -> None:
    """Of a long one there may be more: `ingest_subjects.py` would be of `ingest` alone."""
    commands = {name for name in app if not name.startswith("-")}
    files = {path.stem: path for path in (ROOT / "flows/commands").glob("[!_]*.py")}
    assert commands <= files.keys()
    for stem, path in files.items():
        command = stem.split("_")[0]
        assert command in commands, path
        others = {f"flows.commands.{name}" for name in files if name.split("_")[0] != command}
        assert [name for name in imports(path) if any(is_within(name, o) for o in others)] == []


def test_a_name_does_not_repeat_its_room() -> None:
    for path in FILES:
        *rooms, name = path.relative_to(ROOT).with_suffix("").parts
        assert not set(name.split("_")) & set(rooms), path


# a flow only calls: it schedules, tells and retries; what decides about data is asked of transforms
# and of the warehouse


ARITHMETIC = ("numpy", "pyarrow.compute", "math", "statistics")
DEMO = ROOT / "flows" / "demo"  # makes data up
CALLING = [
    path for path in FILES if path.is_relative_to(ROOT / "flows") and DEMO not in path.parents
]
# SQL of a flow picks rows, counts them, and says their times and words: it computes nothing
MAY_CALL = {
    *("count", "count_star", "min", "max", "list"),
    *("starts_with", "list_contains", "unnest", "json_extract_string", "hash"),
    *("strftime", "timezone", "concat_ws", "replace"),
    *("read_parquet", "duckdb_views"),
}
DECIDES = {"CASE", "WINDOW", "LAMBDA"}
SQL = re.compile(r"\s*(select|with|from)\s")
WRITES = re.compile(r"\s*(create|insert|update|delete|alter|drop|merge)\s[a-z ]+\s\w+")


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text of a module; what is filled in later is a name in it."""
    parts = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            values = (v.value if isinstance(v, ast.Constant) else "filled_in" for v in node.values)
            yield "".join(map(str, values))
        elif isinstance(node, ast.Constant) and id(node) not in parts:
            yield re.sub(r"\{\w+\}", "filled_in", str(node.value))


def nodes(tree: object) -> Iterator[dict[str, object]]:
    """Every object in a parsed statement."""
    if isinstance(tree, dict):
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(each)


def parse(text: str) -> dict[str, object]:
    """A statement as DuckDB understands it; `error` is true if it does not."""
    ((told,),) = duckdb.execute("select json_serialize_sql(?)", [text]).fetchall()
    return cast(dict[str, object], json.loads(told))


def decisions(text: str) -> set[str]:
    """What a text decides about data, if it is SQL; prose decides nothing."""
    if WRITES.match(text):
        return {text.split()[0]}
    if not SQL.match(text):
        return set()
    parsed = parse(text)
    if parsed["error"]:  # what is filled in may be a query
        parsed = parse(text.replace("(filled_in)", "(select 1)"))
    if parsed["error"]:
        return {"not readable"} if "select" in text.split() else set()
    found = list(nodes(parsed))
    called = {str(n["function_name"]) for n in found if n.get("class") == "FUNCTION"}
    return (called - MAY_CALL) | ({str(n.get("class")) for n in found} & DECIDES)


@pytest.mark.parametrize("path", CALLING, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_flow_only_calls(path: Path) -> None:
    assert {n for n in imports(path) for a in ARITHMETIC if is_within(n, a)} == set()
    assert {
        what for text in texts(ast.parse(path.read_text())) for what in decisions(text)
    } == set()


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("select a, count(*) from t where b = ? group by a order by a", set()),
        ("from t where a > 3", set()),
        ("from here on it is prose", set()),
        ("with s as (filled_in) select count(distinct a) from s", set()),
        ("select a - 1 from t", {"-"}),
        ("select avg(a) from t", {"avg"}),
        ("with s as (select case when a > 3 then 1 end as b from t) select b from s", {"CASE"}),
        ("select row_number() over (order by a) from t", {"WINDOW"}),
        ("select a from t where", {"not readable"}),
        ("create temp view v as select 1", {"create"}),
    ],
)
def test_what_decides_would_be_seen(text: str, decided: set[str]) -> None:
    assert decisions(text) == decided


# a page draws what it is handed; only pages/asked asks, of what is public, and it computes nothing

DRAWN = {"drawing": ("pages.drawing",), "figures": ("pages.drawing", "pages.figures")}
PUBLIC = {name for name, view in relations().items() if view.layer == "marts"}
TOLD = {"episode", "reject", "source_file", "zone_timeline", "clock_finding"}  # tables
MAY_ASK = MAY_CALL | PUBLIC | {"sum"}


@pytest.mark.parametrize("room", DRAWN)
def test_drawing_knows_no_sql(room: str) -> None:
    for path in (ROOT / "pages" / room).rglob("*.py"):
        assert strangers(path, DRAWN[room]) == []
        assert "duckdb" not in {name.split(".")[0] for name in imports(path)}
        assert [text for text in texts(ast.parse(path.read_text())) if is_query(text)] == []


def test_the_drawing_is_small() -> None:
    files = (ROOT / "pages" / "drawing").glob("*.py")
    assert sum(len(path.read_text().splitlines()) for path in files) <= 700


def is_query(text: str) -> bool:
    return SQL.match(text) is not None and not parse(text)["error"]


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=lambda p: p.stem)
def test_a_page_only_asks_for_what_is_public(path: Path) -> None:
    queries = [text for text in texts(ast.parse(path.read_text())) if is_query(text)]
    assert (len(queries) > 0) == (path.parent.name == "asked" and path.stem != "__init__")
    for text in queries:
        found = list(nodes(parse(text)))
        called = {str(n["function_name"]) for n in found if n.get("class") == "FUNCTION"}
        assert called <= MAY_ASK
        assert {str(n.get("class")) for n in found} & DECIDES == set()
        read = {str(n["table_name"]) for n in found if n.get("type") == "BASE_TABLE"}
        assert read <= PUBLIC | TOLD


def test_prefect_is_named_in_one_room() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in FILES
        if any(is_within(name, "prefect") for name in imports(path))
    }
    assert users
    assert {user.rpartition("/")[0] for user in users} == {"flows/nightly"}


def test_nothing_loads_prefect_or_pandas_with_the_pipeline() -> None:
    """`dawnlake ingest` must feel instant; importing Prefect takes seconds."""
    slow = {"prefect", "pandas", "scipy", "statsmodels"}
    code = f"import sys, flows.deriving.pipeline; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_help_loads_no_command() -> None:
    """Thirty commands must not make each other slow."""
    code = (
        "import sys\nfrom flows.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print([m for m in sys.modules if m.startswith('flows.commands')], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


def test_every_layer_is_a_package_that_is_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = settings["tool"]["setuptools"]["packages"]["find"]["include"]
    assert found == [f"{layer}*" for layer in LAYERS]
    for folder in {path.parent for path in FILES}:
        assert (folder / "__init__.py").exists()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    """Lines that say something: blank ones do not count."""
    text = path.read_text()
    layer = path.relative_to(ROOT).parts[0]
    assert sum(bool(line.strip()) for line in text.splitlines()) <= LINES.get(layer, 300)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES, node.name


@pytest.mark.parametrize("name", sorted(p.stem for p in (ROOT / "warehouse/sql").rglob("*.sql")))
def test_a_view_is_a_header_and_one_select(name: str) -> None:
    (path,) = (ROOT / "warehouse/sql").rglob(f"{name}.sql")
    lines = path.read_text().splitlines()
    body = "\n".join(line for line in lines if not line.startswith("--")).strip()
    assert lines[0].startswith("-- ")
    assert body.startswith(("select", "with"))
    assert not body.endswith(";")
