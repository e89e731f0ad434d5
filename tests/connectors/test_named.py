"""A few connectors by name, without the import of all."""

from __future__ import annotations

import subprocess
import sys

from connectors import connectors, named

FEW = """
import sys
from connectors import named
assert [*named({"oura", "dexcom_clarity"})] == ["dexcom_clarity", "oura"]
print(*[name for name in sys.modules if name.startswith("connectors.fitbit.")])
"""


def test_each_one_is_found_by_name() -> None:
    assert named(connectors().keys()) == connectors()
    assert list(named(connectors().keys())) == sorted(connectors())


def test_of_a_name_that_nothing_here_has_the_rest_is_found() -> None:
    assert named({"oura", "mapping_mine"}) == {"oura": connectors()["oura"]}
    assert named(set()) == {}


def test_the_others_are_not_imported() -> None:
    done = subprocess.run([sys.executable, "-c", FEW], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
