from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.services.world import SERVED
from warehouse.store.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(tmp_path / "lake").create()


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up service's clock is what its server tells."""
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: SERVED[-1].date())
