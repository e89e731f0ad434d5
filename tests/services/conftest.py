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
    real = BaseHTTPRequestHandler.date_time_string

    def told(handler: BaseHTTPRequestHandler, moment: float | None = None) -> str:
        return SERVED[-1].date() if SERVED else real(handler, moment)

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", told)
