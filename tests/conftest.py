import os
from collections.abc import Iterator

import pytest

# the threads of BLAS wait for each other: four times the work for the small matrices of the tests
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="write expected.jsonl of the golden cases anew"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process of several is left with one of them at the end.

    One process runs all of a file, whose tests share lakes; of the contract all of a connector,
    whose cases are read once.
    """
    order = ("prefect", "crash", "whole", "fuzz")
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in order])
    for item in items:
        case = getattr(item, "callspec", None) and item.callspec.params.get("case")
        group = f"{item.path.stem}:{getattr(case, 'connector', '')}"
        item.add_marker(pytest.mark.xdist_group(group))


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
def _unflushed() -> Iterator[None]:
    """The disk's own time proves nothing here: what a kill leaves is what was written.

    Sixty flushes of a small ingest wait as long as the rest of it. Commands in processes of their
    own, and the crash harness, flush as ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield
