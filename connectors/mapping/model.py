"""A mapping as it is written: a TOML file, validated to the last key.

mapping_of(text)   the Mapping, or a MappingError that names the key and says what is wrong
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connectors.contract import EPISODE_KINDS, SLEEP_STAGES

NAME = r"^[a-z][a-z0-9_]{0,39}$"
ISO, EPOCH_S, EPOCH_MS = "iso", "epoch_s", "epoch_ms"  # beside formats of strptime
LOCAL, UTC = "local", "UTC"  # clocks that are no zone
DURATIONS = {"s": 1, "min": 60, "h": 3600}
Text = Annotated[str, Field(min_length=1)]


class MappingError(ValueError):
    """A mapping that cannot be used. The message names the key and what it should be."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Where(_Strict):
    """Rows whose cell in `column` is one of the texts, in any case."""

    column: Text
    equals: tuple[str, ...] = Field(alias="is")


class Time(_Strict):
    """When a record is.

    columns     one, or date and time apart; joined by a blank
    formats     of strptime, or iso (which may state an offset or Z), epoch_s, epoch_ms
    clock       local: the person's own wall clock; UTC; or an IANA zone whose clock it is
    offset      a column with the offset: `+01:00`, or a number in `offset_unit`
    date_of     what the date of a night is the date of, if bedtimes stand with another day's date:
                evening (a bedtime before noon is of the next day) or morning (one after noon is of
                the day before)
    """

    columns: tuple[Text, ...] = Field(min_length=1, max_length=3)
    formats: tuple[Text, ...] = (ISO,)
    clock: Text = LOCAL
    offset: str = ""
    offset_unit: Literal["h", "min"] = "h"
    date_of: Literal["record", "evening", "morning"] = "record"

    @model_validator(mode="after")
    def _is_a_clock(self) -> Time:
        if self.clock not in (LOCAL, UTC):
            try:
                ZoneInfo(self.clock)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError("clock is local, UTC, or a zone such as Europe/Berlin") from None
        return self


class End(_Strict):
    """When a record ends: a time of its own, or a duration.

    columns     as for Time; a time of day alone is the next one after the start
    duration    a column with a number in `unit`, or h:mm
    """

    columns: tuple[Text, ...] = ()
    formats: tuple[Text, ...] = (ISO,)
    duration: str = ""
    unit: Literal["s", "min", "h", "h:mm"] = "min"

    @model_validator(mode="after")
    def _one_of_both(self) -> End:
        if bool(self.columns) == bool(self.duration):
            raise ValueError("give columns or a duration")
        return self


class Measure(_Strict):
    """A number of a row: a sample, or a daily value.

    metric, unit      the words; or a column that tells them, with a table of what its texts mean
    low, high         texts that say below or above, and the limit they mean
    spans             whether it is of the whole time to the record's end
    """

    value: Text
    metric: str = ""
    metric_column: str = ""
    metrics: dict[str, str] = {}
    unit: str = ""
    unit_column: str = ""
    units: dict[str, str] = {}
    low: tuple[str, ...] = ()
    low_limit: float | None = None
    high: tuple[str, ...] = ()
    high_limit: float | None = None
    zero_is_nothing: bool = False
    spans: bool = False
    device: str = ""
    where: tuple[Where, ...] = ()

    @model_validator(mode="after")
    def _is_told(self) -> Measure:
        if bool(self.metric) == bool(self.metric_column):
            raise ValueError("give metric, or metric_column with metrics")
        if self.metric_column and not self.metrics:
            raise ValueError("metric_column needs metrics: what each of its texts means")
        if bool(self.unit) == bool(self.unit_column):
            raise ValueError("give unit, or unit_column")
        if (self.low and self.low_limit is None) or (self.high and self.high_limit is None):
            raise ValueError("low and high need low_limit and high_limit")
        return self

    @property
    def metric_words(self) -> tuple[str, ...]:
        """Every metric that it may be."""
        return (self.metric,) if self.metric else tuple(self.metrics.values())


class Episode(_Strict):
    """An interval of a row: a sleep, a stage of it, a meal, exercise.

    label     a word; or a column that tells it, with a table of what its texts mean
    session   a column that ties stages to their sleep; a sleep has one of its own without
    """

    kind: str
    label: str = ""
    label_column: str = ""
    labels: dict[str, str] = {}
    session: str = ""
    where: tuple[Where, ...] = ()

    @model_validator(mode="after")
    def _is_known(self) -> Episode:
        if self.kind not in EPISODE_KINDS:
            raise ValueError(f"kind is one of {', '.join(EPISODE_KINDS)}")
        if self.label and self.label_column:
            raise ValueError("give label or label_column")
        words = {self.label, *self.labels.values()} - {""}
        if self.kind == "sleep_stage" and not (words and words <= set(SLEEP_STAGES)):
            raise ValueError(f"labels of a stage are {', '.join(SLEEP_STAGES)}")
        if self.kind == "sleep" and (self.label_column or words - {"sleep", "nap", "main_sleep"}):
            raise ValueError("the label of a sleep is sleep, nap or main_sleep")
        return self


class Mapping(_Strict):
    """A whole mapping.

    columns   header cells that a file must have to be this format's; `exact` if it has no others
    header    the row of the header, from 1: rows above are skipped
    units_row whether the row below the header holds units
    absent    texts that say that there is nothing, in any case
    """

    name: str = Field(pattern=NAME)
    title: str = ""
    format: Literal["table", "sheet", "json_lines"] = "table"
    columns: tuple[Text, ...] = Field(min_length=2)
    exact: bool = False
    delimiter: Literal[",", ";", "\t", "|"] = ","
    sheet: str = ""
    header: int = Field(1, ge=1, le=40)
    units_row: bool = False
    decimal: Literal[".", ","] = "."
    absent: tuple[str, ...] = ()
    subject: str = ""
    device: str = ""
    device_column: str = ""
    key: str = ""
    time: Time
    end: End | None = None
    skip: tuple[Where, ...] = ()
    sample: tuple[Measure, ...] = ()
    daily: tuple[Measure, ...] = ()
    episode: tuple[Episode, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Mapping:
        if not (self.sample or self.daily or self.episode):
            raise ValueError("nothing is read: add [[sample]], [[daily]] or [[episode]]")
        if strange := sorted(self.used() - set(self.columns)):
            raise ValueError(f"column {strange[0]!r} is used and not in columns")
        spans = any(each.spans for each in self.sample)
        ends = {"sleep", "sleep_stage"} & {each.kind for each in self.episode}
        if (spans or ends) and self.end is None:
            raise ValueError("a sleep, a stage and what spans need [end]")
        return self

    def used(self) -> set[str]:
        """Every column that the mapping reads."""
        end = self.end
        measures = (*self.sample, *self.daily)
        conditions = [
            *self.skip,
            *(where for measure in measures for where in measure.where),
            *(where for episode in self.episode for where in episode.where),
        ]
        named = {
            *self.time.columns,
            self.time.offset,
            *((*end.columns, end.duration) if end else ()),
            *(each for m in measures for each in (m.value, m.metric_column, m.unit_column)),
            *(each for e in self.episode for each in (e.label_column, e.session)),
            *(where.column for where in conditions),
            *(self.subject, self.device_column, self.key),
        }
        return named - {""}


def mapping_of(text: str) -> Mapping:
    """The mapping that a TOML text is.

    Raises: MappingError.
    """
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"not valid TOML: {error}") from None
    except ValidationError as error:
        raise MappingError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    problem: Any = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
