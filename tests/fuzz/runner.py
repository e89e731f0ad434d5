"""Inputs one after the other in a process with limits: what it does not survive is saved.

The worker makes input number n of a seed by itself, so a run can be had again. It may die of what
it reads: by the bound on time (faulthandler ends it from outside of the interpreter), by the bound
on memory, by a fault in a library. Then another one goes on behind that input.
"""

from __future__ import annotations

import faulthandler
import hashlib
import os
import resource
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from tests.fuzz.mutations import archived, mutated
from tests.fuzz.target import survives, walked
from tests.golden_case import cases

ROOT = Path(__file__).parents[2]
WALKER = "walker"
MEMORY_BYTES = 2 << 30  # of address space, beyond what the libraries took for all golden inputs
PEAK_BYTES = 400 << 20  # by which one input may raise what the process ever held
STATM = Path("/proc/self/statm")  # its first number: pages of address space
CURRENT = "current"
TRACE = "trace"
SLOWEST = "slowest.input"


@dataclass
class Plan:
    """What is to be run: a seed, a target (connector, WALKER or all), bounds, where findings go.

    `reads` and `walks` take the bytes and are functions of a module, for the worker to find them.
    """

    folder: Path
    seed: int
    target: str | None
    seconds_each: int = 30
    reads: Callable[[bytes], str] = survives
    walks: Callable[[bytes], str] = walked


@dataclass
class Outcome:
    """What a run was: how many inputs, how they ended, and each finding by its place."""

    inputs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    saved: dict[str, Path] = field(default_factory=dict)
    slowest_s: float = 0.0
    peak_mb: int = 0


def made(plan: Plan, number: int) -> tuple[bool, bytes]:
    """Input `number` of a plan, and whether it is for the walker."""
    chance = Random(f"{plan.seed} {number}")
    if plan.target == WALKER or (plan.target is None and chance.random() < 0.15):
        return True, archived(chance, corpus(None))
    return False, mutated(chance.choice(corpus(plan.target)), chance, corpus(None))


@cache
def corpus(connector: str | None) -> tuple[bytes, ...]:
    """The golden inputs of a connector, or all."""
    return tuple(case.data() for case in cases() if connector in (None, case.connector))


def run(plan: Plan, inputs: int, until: float) -> Outcome:
    """Inputs until there were so many or time is over, in as many processes as it takes."""
    outcome = Outcome()
    while outcome.inputs < inputs and time.monotonic() < until:
        _one_process(plan, inputs, until, outcome)
    return outcome


def _one_process(plan: Plan, inputs: int, until: float, outcome: Outcome) -> None:
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(plan, outcome.inputs, there))
    process.start()
    there.close()
    try:
        while outcome.inputs < inputs and time.monotonic() < until:
            end, fault, seconds, peak = here.recv()
            outcome.inputs += 1
            outcome.ends[end] += 1
            if seconds > outcome.slowest_s:
                outcome.slowest_s = seconds
                shutil.copyfile(plan.folder / CURRENT, plan.folder / SLOWEST)
            outcome.peak_mb = max(outcome.peak_mb, peak >> 20)
            if fault:
                _save(plan, outcome, end, fault)
            here.send(None)
    except EOFError:
        process.join()
        trace = (plan.folder / TRACE).read_text(errors="replace")
        if process.exitcode == 1 and not trace:
            raise RuntimeError(
                f"input {outcome.inputs} of seed {plan.seed} could not be made"
            ) from None
        outcome.inputs += 1
        outcome.ends["died"] += 1
        _save(plan, outcome, f"died ({process.exitcode}) {_place_in(trace)}", trace)
    finally:
        process.kill()
        process.join()


def _save(plan: Plan, outcome: Outcome, place: str, text: str) -> None:
    """The input of the first of each kind, with what is known of it."""
    outcome.findings[place] += 1
    if place in outcome.saved:
        return
    data = (plan.folder / CURRENT).read_bytes()
    path = plan.folder / f"{hashlib.sha256(data).hexdigest()[:12]}.input"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(text, errors="replace")
    outcome.saved[place] = path


def work(plan: Plan, first: int, told: Connection) -> None:
    """The worker: every input is on the disk before it is read."""
    for data in corpus(None):
        survives(data)
    if STATM.exists():  # on Linux; elsewhere only time is bounded
        most = int(STATM.read_text().split()[0]) * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    trace = os.open(plan.folder / TRACE, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    faulthandler.enable(trace)
    number = first
    while True:
        is_walk, data = made(plan, number)
        (plan.folder / CURRENT).write_bytes(data)
        faulthandler.dump_traceback_later(plan.seconds_each, exit=True, file=trace)
        before, begun = _peak(), time.monotonic()
        end, fault = tried(plan.walks if is_walk else plan.reads, data)
        seconds, peak = time.monotonic() - begun, _peak()
        faulthandler.cancel_dump_traceback_later()
        if not fault and peak - before > PEAK_BYTES:
            end, fault = "memory", f"{(peak - before) >> 20} MB more than ever before"
        told.send((end, fault, seconds, peak))
        told.recv()
        number += 1


def tried(target: Callable[[bytes], str], data: bytes) -> tuple[str, str]:
    """How an input ended; with the traceback, if it is a finding."""
    try:
        return target(data), ""
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if f.filename.startswith((f"{ROOT}/connectors", f"{ROOT}/flows"))]
        innermost = own[-1] if own else frames[-1]
        place = f"{Path(innermost.filename).name}:{innermost.lineno}"
        note = f" {error}" if type(error).__name__ == "Wrong" else ""
        return f"{type(error).__name__} at {place}{note}"[:160], traceback.format_exc()


def _place_in(trace: str) -> str:
    """The innermost frame of ours in what faulthandler wrote."""
    ours = [line for line in trace.splitlines() if "/connectors/" in line or "/flows/" in line]
    return ours[0].strip().rpartition("/")[2] if ours else "in no frame of ours"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
