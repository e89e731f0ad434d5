import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="write expected.jsonl of the golden cases anew"
    )


@pytest.fixture(autouse=True, scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder for what is made once by whichever process of the run needs it first.

    Made views are kept there too, for the tests and what they start.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    folder.mkdir(exist_ok=True)
    os.environ.update({"DAWNLAKE_TESTS": str(folder), "XDG_CACHE_HOME": str(folder / "cache")})
