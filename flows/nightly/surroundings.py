"""What Prefect finds in the environment, before it is imported."""

from __future__ import annotations

import os
from pathlib import Path

NO_HOME = Path(__file__).parent  # exists and holds no profile, so that an import makes nothing


def set_environment() -> None:
    """What Prefect reads when it is imported; the home of a lake comes with its server.

    Telemetry is off whatever was set. The rest are defaults: a profile in the user's home is not
    read, nothing is logged but errors, and runs older than Prefect's 90 days are forgotten.
    """
    os.environ |= {
        "DO_NOT_TRACK": "1",  # the SDK's own analytics
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # the server's heartbeat
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",  # spans of runs
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",  # CPU and memory of runs
    }
    defaults = {
        "PREFECT_HOME": str(NO_HOME),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_LOGGING_LOG_PRINTS": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
