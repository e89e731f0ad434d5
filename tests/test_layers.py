"""Who may import whom, where Prefect may be named, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("connectors", "transforms", "warehouse", "flows")
# What of ours each layer may import, itself included.
MAY_IMPORT = {
    "connectors": ("connectors",),
    "transforms": ("transforms", "connectors.contract"),
    "warehouse": ("warehouse",),
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
    assert found == {"connectors": 3, "transforms": 4, "warehouse": 3, "flows": 1}


def test_prefect_is_named_in_one_module() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in FILES
        if any(is_within(name, "prefect") for name in imports(path))
    }
    assert users <= {"flows/nightly/flow.py"}


def test_nothing_loads_prefect_or_pandas_with_the_pipeline() -> None:
    """`dawnlake ingest` must feel instant; importing Prefect takes seconds."""
    slow = {"prefect", "pandas", "scipy", "statsmodels"}
    code = f"import sys, flows.deriving.pipeline; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


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
