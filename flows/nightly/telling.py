"""Somebody is told of a night that failed or set something aside: by a command of the settings,
with counts in its environment. No name and no value goes out."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping

from flows.settings import SettingsError, load
from flows.usage import say
from warehouse.store.lake import Lake

PREFIX = "DAWNLAKE_"


def tell(lake: Lake, outcome: str, exit_class: int, counts: Mapping[str, int]) -> None:
    """Run the command, if there is one, and wait for it as long as the settings say.

    What becomes of it is said, and costs the night nothing.
    """
    try:
        wanted = load(lake.settings).notify
    except SettingsError:
        return  # whoever runs the night has been told
    if not wanted.command:
        return
    told = {"OUTCOME": outcome, "EXIT": str(exit_class)}
    told |= {name.upper().replace(" ", "_"): str(count) for name, count in counts.items()}
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    try:
        done = subprocess.run(
            shlex.split(wanted.command),
            env=ours | {PREFIX + name: value for name, value in told.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=wanted.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        say(f"the command of [notify] was stopped after {wanted.timeout_s:g} s")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        say(f"the command of [notify] does not start: {why}")
    else:
        if done.returncode:
            say(f"the command of [notify] ended with {done.returncode}: nobody may have been told")
