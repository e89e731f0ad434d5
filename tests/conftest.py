from __future__ import annotations

import gc
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from tests.running import Run, Said

# The same examples every time, however busy the machine is; HYPOTHESIS_SEARCH=1 looks for new ones.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("search" if os.environ.get("HYPOTHESIS_SEARCH") else "steady")

# the threads of BLAS wait for each other: four times the work for the small matrices of the tests
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="write expected.jsonl of the golden cases anew"
    )


class ByFile(LoadScopeScheduling):
    """One process runs all of a file, whose tests share lakes; of the contract all of a connector,
    whose cases are read once."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        connector = re.search(r"\[(\w+)[]/]", test) if path.endswith("test_contract.py") else None
        return f"{path}:{connector[1]}" if connector else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files all of whose tests are left out are not imported: half of the time until the first."""
    left_out = re.fullmatch(r"not \((\w+(?: or \w+)*)\)", config.option.markexpr or "")
    if left_out is None or collection_path.suffix != ".py":
        return None
    marks = re.search(r"^pytestmark = .*$", collection_path.read_text("utf-8"), re.MULTILINE)
    names = set(re.findall(r"pytest\.mark\.(\w+)", marks[0])) if marks else set()
    return True if names & {*left_out[1].split(" or ")} else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process of several is left with one of them at the end."""
    order = ("prefect", "crash", "whole", "fuzz")
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in order])


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: garbage is not looked for in it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder for what is made once by whichever process of the run needs it first.

    Made views are kept there too, for the tests and what they start.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    folder.mkdir(exist_ok=True)
    os.environ.update({"DAWNLAKE_TESTS": str(folder), "XDG_CACHE_HOME": str(folder / "cache")})


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> None:
    """Commands that tests start hear Ctrl-C, also if these run in the background of a script."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _unflushed() -> Iterator[None]:
    """The disk's own time proves nothing here: what a kill leaves is what was written.

    Sixty flushes of a small ingest wait as long as the rest of it. Commands in processes of their
    own, and the crash harness, flush as ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process: its exit code, stdout and stderr."""
    from tests.running import said_by  # here: flows are not loaded for whoever runs no command

    monkeypatch.delenv("DAWNLAKE_LAKE", raising=False)

    def do(*words: object) -> Said:
        return said_by(capsys, *words)

    return do
