"""Nothing is asked of a network: ingesting works where there is none, and nobody tries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lake import asked, demo_people
from warehouse.store.lake import Lake

pytestmark = [pytest.mark.whole, pytest.mark.long]

# Ends the process at the first try; what is no Python is left to the kernel's empty network.
WATCHED = """
import os, sys

def watch(event, values):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        print("tried the network:", event, file=sys.stderr, flush=True)
        os._exit(3)

sys.addaudithook(watch)
sys.argv = ["dawnlake", *sys.argv[1:]]
from flows.cli import run
run()
"""
CUT = ["unshare", "--map-root-user", "--net"]  # a network without a single way out


def may_cut() -> bool:
    try:
        return subprocess.run([*CUT, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def watched(*words: object) -> subprocess.CompletedProcess[str]:
    before = CUT if may_cut() else []
    command = [*before, sys.executable, "-c", WATCHED, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_ingest_and_sql_work_without_a_network(tmp_path: Path) -> None:
    ben = demo_people()["ben"]
    given = ("--participant", "ben", "--timezone", ben.timezone, "--lake", tmp_path)
    done = watched("ingest", *ben.paths, *given)
    assert done.returncode == 0, done.stderr
    assert asked(Lake(tmp_path), "select count(*) > 20 as some from night_to_day") == [
        {"some": True}
    ]
    for words in (("rebuild",), ("sql", "from glucose_summary"), ("doctor",)):
        done = watched(*words, "--lake", tmp_path)
        assert done.returncode == 0, (words, done.stderr)


def test_a_try_would_be_seen(tmp_path: Path) -> None:
    """The watch itself: the server of Prefect listens on loopback."""
    done = watched("nightly", "--lake", tmp_path)
    assert done.returncode == 3
    assert "tried the network" in done.stderr
