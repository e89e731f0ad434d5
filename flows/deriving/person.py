"""One participant's share of a run, as one piece of work: files read, tables derived to a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.deriving.align import Aligned, aligned, known
from flows.deriving.intake import Intake, extract, look
from flows.deriving.receipt import FileReceipt, Receipt, count_new
