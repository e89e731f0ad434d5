"""dawnlake.toml: participants and their zones, priorities, rules."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    ValidationError,
    model_validator,
)

from transforms.clocks.zone_names import problem_with
from transforms.copies.priority import ordered
from transforms.units import GLUCOSE

if TYPE_CHECKING:
    from transforms.clocks.timeline import Stay

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
PARTICIPANT = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"


class SettingsError(Exception):
    """Settings that cannot be used. The message says which key and what would be right."""


def _zone(name: object) -> object:
    if problem := problem_with(str(name)):
        raise ValueError(problem)
    return name


Zone = Annotated[str, BeforeValidator(_zone)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ZoneChange(_Strict):
    """From a moment on the clock of the zone being left, another zone."""

    since: NaiveDatetime = Field(alias="from")  # a bare date is its midnight
    timezone: Zone
    until: NaiveDatetime | None = None  # on the clock of that zone; then home and evidence again


class Participant(_Strict):
    """One person's home zone and journeys, and the weekdays without work."""

    timezone: Zone | None = None
    zones: tuple[ZoneChange, ...] = ()
    free_days: tuple[Weekday, ...] | None = None  # else Saturday and Sunday
    one_person: bool = False  # whatever their exports look like: the answer to that question
    freshness_days: int | None = Field(None, ge=0)  # else that of all

    @model_validator(mode="after")
    def _are_in_order(self) -> Participant:
        if self.zones and self.timezone is None:
            raise ValueError("zones without timezone, the zone before the first of them")
        if len({change.since for change in self.zones}) < len(self.zones):
            raise ValueError("two of zones have the same `from`")
        return self

    def stays(self) -> list[Stay]:
        """The zone timeline; empty if no zone is known."""
        from transforms.clocks.timeline import Stay  # here: who reads settings does not wait

        if self.timezone is None:
            return []
        changes = sorted(self.zones, key=lambda change: change.since)
        return [Stay(None, self.timezone), *(Stay(c.since, c.timezone, c.until) for c in changes)]


class Priority(_Strict):
    """Best connector first, as far as they are named."""

    sleep: tuple[str, ...] = ()
    glucose: tuple[str, ...] = ()

    def whole(self) -> dict[str, tuple[str, ...]]:
        """Every connector: those that are named, then the rest by what they measure with.

        All of them are asked, which takes a while: not whenever settings are read.
        """
        from connectors import connectors

        sources = {name: connector.source for name, connector in connectors().items()}
        return {stream: ordered(stream, first, sources) for stream, first in self._named().items()}

    def among(self, present: Collection[str]) -> dict[str, list[str]]:
        """The order of some connectors: one that is not there changes nothing."""
        from connectors import connectors

        there = {name: each.source for name, each in connectors().items() if name in present}
        return {
            stream: [name for name in ordered(stream, named, there) if name in present]
            for stream, named in self._named().items()
        }

    def _named(self) -> dict[str, tuple[str, ...]]:
        return {"sleep": self.sleep, "glucose": self.glucose}


class Rules(_Strict):
    """Every number of a metric's definition that a person may want to move."""

    merge_gap_min: int = Field(60, ge=0, le=240)  # sessions of one source closer than this are one
    night_gap_max_min: int = Field(120, ge=0, le=240)  # longest wake that is part of a night
    nap_min_min: int = Field(15, ge=1)  # shortest sleep that counts as a nap
    nap_max_min: int = Field(180, ge=15)  # longest sleep that counts as a nap
    night_min_h: float = Field(3, ge=0)  # a valid night's sleep period, shortest and longest
    night_max_h: float = Field(14, ge=3)
    day_coverage_min_pct: float = Field(70, ge=0, le=100)
    night_coverage_min_pct: float = Field(80, ge=0, le=100)
    day_cap_h: float = Field(20, gt=0, le=24)  # length of a day whose next night is unknown
    awakening_min_min: float = Field(5, ge=0)  # shortest wake run that counts as an awakening
    sleep_need_min: float = Field(480, ge=240, le=720)  # what sleep debt is counted against
    dawn_min_mgdl: float = Field(20, ge=0)  # Monnier 2013
    meal_join_min: float = Field(15, ge=0, le=120)  # entries of a log that are one meal
    meal_min_kcal: float = Field(5, ge=0)  # less is no meal, Gill & Panda 2015
    rise_min_mgdl: float = Field(20, gt=0)  # a detected rise: in 45 min,
    rise_mgdl_min: float = Field(0.6, gt=0)  # and how fast over 15
    stay_min_h: int = Field(24, ge=0)  # a shorter stay needs two pieces of evidence
    stay_join_days: int = Field(7, ge=0)  # between two observations of one zone that are one stay
    # a compression low: someone lies on the sensor
    compression_drop_mgdl: float = Field(20, gt=0)  # fall in 15 min, and of the nadir
    compression_fall_mgdl_min: float = Field(2, gt=0)  # its steepest step
    compression_calm_sd_mgdl: float = Field(10, gt=0)  # the half hour before is below
    compression_calm_mgdl_min: float = Field(1, gt=0)  # and its last quarter changes by at most
    compression_nadir_mgdl: float = Field(75, gt=0)  # the lowest reading is below
    compression_drop_pct: float = Field(30, gt=0, le=100)  # or as much lower than before
    compression_return_mgdl: float = Field(15, gt=0)  # rise in 20 min, to as near as this
    compression_min_min: float = Field(15, ge=0)  # shortest and longest, fall and rise included
    compression_max_min: float = Field(120, gt=0, le=240)
    grid_gap_max_min: float = Field(45, gt=0, le=180)  # longest gap bridged by a straight line
    hypo_l1_mgdl: float = Field(70, ge=40, le=120)  # events, Battelino 2023: their limits,
    hypo_l2_mgdl: float = Field(54, ge=40, le=120)
    hyper_l1_mgdl: float = Field(180, ge=100, le=400)
    hyper_l2_mgdl: float = Field(250, ge=100, le=400)
    hypo_l2_end_mgdl: float = Field(54, ge=40, le=120)  # what ends those of level 2,
    hyper_l2_end_mgdl: float = Field(250, ge=100, le=400)
    episode_start_min: float = Field(15, gt=0)  # how long beyond a limit begins one,
    episode_end_min: float = Field(15, gt=0)  # and how long back ends it
    slow_event_readings: int = Field(2, ge=1)  # in a row, of a sensor slower than 10 minutes
    hypo_extended_min: float = Field(120, gt=0)  # more than that in a row is extended
    variability_min_h: float = Field(24, ge=0)  # observed hours for variability and event rates
    estimate_min_days: int = Field(10, ge=0)  # valid days for GMI and eA1c
    pattern_min_days: int = Field(7, ge=0)  # valid days for ADRR, COGI and CONGA over 24 h
    reject_max_pct: float = Field(1, ge=0, le=100)  # above this a file is set aside whole


def _whole_mgdl(mmoll: float) -> float:
    """Whole mg/dL that are told as these tenths of mmol/L, as 70 is 3.9 and 140 is 7.8."""
    low = int(mmoll * GLUCOSE)
    return low if round(low / GLUCOSE, 1) == round(mmoll, 1) else low + 1


class Targets(_Strict):
    """A range of one's own, beside those of the consensus, in either unit."""

    low_mgdl: float | None = Field(None, ge=40, le=400)
    high_mgdl: float | None = Field(None, ge=40, le=400)
    low_mmoll: float | None = Field(None, ge=2.2, le=22.2)
    high_mmoll: float | None = Field(None, ge=2.2, le=22.2)

    @model_validator(mode="after")
    def _is_a_range(self) -> Targets:
        mgdl, mmoll = (self.low_mgdl, self.high_mgdl), (self.low_mmoll, self.high_mmoll)
        told = [pair for pair in (mgdl, mmoll) if pair != (None, None)]
        if len(told) > 1 or any(None in pair for pair in told):
            raise ValueError("both low_ and high_, in one unit: _mgdl or _mmoll")
        if told and not self.range_mgdl()[0] < self.range_mgdl()[1]:  # type: ignore[operator]
            raise ValueError("low_ has to be below high_")
        return self

    def range_mgdl(self) -> tuple[float | None, float | None]:
        """Both ends in mg/dL, those of mmol/L in whole ones: 3.5 to 7.8 is 63 to 140."""
        if self.low_mmoll is None or self.high_mmoll is None:
            return self.low_mgdl, self.high_mgdl
        return _whole_mgdl(self.low_mmoll), _whole_mgdl(self.high_mmoll)


class Limits(_Strict):
    """What may be read at all. Real exports stay far below: Apple's unpacks to 20 times its size,
    and to several GB."""

    archive_files_max: int = Field(200_000, ge=1)  # in an archive and all archives in it
    archive_gb_max: float = Field(50, gt=0)  # the same, unpacked
    archive_ratio_max: int = Field(200, ge=1)  # unpacked to packed, above 100 MB
    archive_depth_max: int = Field(3, ge=1)  # a zip in a zip in a zip
    whole_mb_max: int = Field(500, ge=1)  # of a file whose reader takes all of it into memory


class Pull(_Strict):
    """What is fetched from services, and when."""

    nightly: bool = False  # `nightly` and `serve` fetch before they read the inbox
    overlap_days: int = Field(7, ge=0, le=90)  # fetched again each time: vendors score anew


class Publish(_Strict):
    """How long what was published stays for readers who have it open."""

    grace_h: float = Field(24, ge=1)  # an old publication is removed so long after the next


class Notify(_Strict):
    """Whom a nightly run tells that failed or set something aside."""

    command: str | None = None  # a program and its words; counts are in its environment
    timeout_s: float = Field(30, gt=0)


class Settings(_Strict):
    """A lake's dawnlake.toml."""

    # days after which a source without anything new is stale for `dawnlake status`; 0: never
    freshness_days: int = Field(7, ge=0)
    participants: dict[Annotated[str, Field(pattern=PARTICIPANT)], Participant] = {}
    priority: Priority = Field(default_factory=Priority)
    rules: Rules = Rules()
    targets: Targets = Targets()
    glucose_unit: Literal["mg/dL", "mmol/L"] = "mg/dL"  # of what people read; tables keep mg/dL
    limits: Limits = Limits()
    pull: Pull = Pull()
    publish: Publish = Publish()
    notify: Notify = Notify()

    def participant(self, name: str) -> Participant:
        """What is known of a participant; nothing, for a new one."""
        return self.participants.get(name, Participant())

    def of_people(self, names: Iterable[str]) -> Settings:
        """The same, with what is known of these participants alone."""
        known = {name: self.participants[name] for name in names if name in self.participants}
        return self.model_copy(update={"participants": known})

    @property
    def is_mmol(self) -> bool:
        """Whether people of this lake read glucose in mmol/L."""
        return self.glucose_unit == "mmol/L"

    def numbers(self) -> dict[str, float | None]:
        """What the views are asked with: rules, and the own range."""
        low, high = self.targets.range_mgdl()
        return {**self.rules.model_dump(), "target_low_mgdl": low, "target_high_mgdl": high}

    def freshness_of(self, name: str) -> int:
        """Days after which a participant's source is stale; 0 for never."""
        own = self.participant(name).freshness_days
        return self.freshness_days if own is None else own

    def free_days(self) -> dict[str, list[int]]:
        """Of each participant who names them: free weekdays, 1 for Monday to 7 for Sunday."""
        return {
            name: [WEEKDAYS.index(day) + 1 for day in person.free_days]
            for name, person in self.participants.items()
            if person.free_days is not None
        }


def load(path: Path) -> Settings:
    """The settings of a lake; defaults if there is no file.

    Raises: SettingsError naming the key, and the nearest known one if it is unknown.
    """
    if not path.exists():
        return Settings()
    try:
        return Settings.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"dawnlake.toml is not valid TOML: {error}") from None
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def check_zone(zone: str) -> None:
    """Raises: SettingsError for a zone of the command line that is no place."""
    if problem := problem_with(zone):
        raise SettingsError(f"--timezone: {problem}")


def check_participant(participant: str) -> None:
    """Raises: SettingsError for an impossible participant id."""
    if not re.fullmatch(PARTICIPANT, participant):
        raise SettingsError(
            "a participant id is 1 to 64 letters, digits, dots, dashes or underscores"
        )


def _sentence(error: ValidationError) -> str:
    """The first problem of a validation, in words; an unknown key before what it leaves missing."""
    problem = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    place = [str(part) for part in problem["loc"] if part != "[key]"]
    key = ".".join(place)
    if problem["type"] != "extra_forbidden":
        return f"dawnlake.toml, {key}: {problem['msg'].removeprefix('Value error, ')}"
    known = _keys_beside(place)
    near = difflib.get_close_matches(place[-1], known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
    return f"dawnlake.toml, {key}: unknown key; {hint}"


def _keys_beside(place: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    if place[0] == "participants" and len(place) > 2:
        model = ZoneChange if "zones" in place else Participant
    elif len(place) > 1:
        parts: dict[str, type[BaseModel]] = {
            "priority": Priority,
            "rules": Rules,
            "limits": Limits,
            "targets": Targets,
            "pull": Pull,
            "publish": Publish,
            "notify": Notify,
        }
        model = parts.get(place[0], Settings)
    return [field.alias or name for name, field in model.model_fields.items()]
