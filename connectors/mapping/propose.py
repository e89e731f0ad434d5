"""A mapping proposed for a table by what it looks like, and what no table can tell.

What is sure is filled in; what is not is `?` in the text, and a question. A mapping with a `?`
cannot be used, so nothing is guessed silently.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from statistics import median

from connectors.mapping.looks import ABSENT, Column, Look

ASKED = "?"
# Words of headers for our metrics, the first that fits; and units that leave no choice.
METRICS = (
    (r"fingerstick|capillar|smbg|\bmeter\b|strip", "capillary_glucose", ""),
    (r"glucose|\bcgm|\bsgv\b|\bbg\b|\bgl\b|glukose|glucosa|glyc", "interstitial_glucose", ""),
    (r"rmssd|\bhrv\b", "heart_rate_variability_rmssd", "ms"),
    (r"resting", "resting_heart_rate", "/min"),
    (r"heart|\bhr\b|pulse|\bbpm\b|puls\b", "heart_rate", "/min"),
    (r"spo2|oxygen", "oxygen_saturation", "%"),
    (r"respir|breath", "respiratory_rate", "/min"),
    (r"step|schritte", "step_count", "{count}"),
    (r"carb|kohlenhydrat|glucides", "dietary_carbohydrate", "g"),
    (r"basal|long", "insulin_long_acting", "U"),
    (r"insulin|bolus", "insulin_bolus", "U"),
    (r"calor|kcal|energy", "dietary_energy", ""),
    (r"skin", "skin_temperature", ""),
    (r"temp", "room_temperature", ""),
    (r"awakening", "number_of_awakenings", "{count}"),
    (r"asleep|total sleep|sleep time|slept", "total_sleep_time", ""),
    (r"in bed", "time_in_bed", ""),
    (r"efficiency", "sleep_efficiency", "%"),
)
UNITS = (
    (r"mg\s*/\s*dl", "mg/dL"), (r"mmol", "mmol/L"), (r"°\s*c|℃|celsius", "Cel"),
    (r"°\s*f|℉|fahrenheit", "[degF]"), (r"\bkcal\b", "kcal"), (r"\bkj\b", "kJ"),
    (r"\bmin\b|minutes", "min"), (r"\bh\b|hours|\bhrs?\b", "h"),
)  # fmt: skip
CHOICES = {
    "interstitial_glucose": ("mg/dL", "mmol/L"),
    "capillary_glucose": ("mg/dL", "mmol/L"),
    "room_temperature": ("Cel", "[degF]"),
    "skin_temperature": ("Cel", "[degF]"),
    "dietary_energy": ("kcal", "kJ"),
    "total_sleep_time": ("min", "h"),
    "time_in_bed": ("min", "h"),
}
GLUCOSE = ("interstitial_glucose", "capillary_glucose")
SPANS = ("total_sleep_time", "time_in_bed", "number_of_awakenings", "sleep_efficiency")
SUBJECT = re.compile(r"(pt|patient|subject|participant|person|user)?[ _]?(id|nr|no|code)?", re.I)
BED = re.compile(r"bed|sleep ?(start|onset)|asleep at|lights|start|begin|from|onset|zu bett", re.I)
UP = re.compile(r"got ?up|wake|woke|up\b|end|stop|until|\bto\b|rise|out of bed|auf", re.I)
NIGHT = re.compile(r"bed|sleep|woke|wake|got ?up", re.I)


@dataclass(frozen=True)
class Answers:
    """What a person said: a unit, a clock, the column of people (`none` for one person's), and of
    which day the date of a night is (evening, morning or record)."""

    unit: str = ""
    clock: str = ""
    subject: str = ""
    date_of: str = ""


@dataclass
class Proposal:
    """A mapping as TOML and the questions that are left, by the answer that each waits for."""

    text: str = ""
    questions: dict[str, str] = field(default_factory=dict)


def tells_glucose(look: Look) -> bool:
    """Whether a table seems to be of glucose: numbers under a word for it, and times."""
    kinds = {column.kind for column in look.columns}
    numbers = [found for c in look.columns if c.kind == "number" and (found := _metric(c.name))]
    return bool(kinds & {"moment", "clock"}) and any(name in GLUCOSE for name, _ in numbers)


def proposed(look: Look, name: str, answers: Answers) -> Proposal:
    """A mapping for a table."""
    made = _Maker(look, answers)
    text = made.text(name)
    return Proposal(text, made.questions)


@dataclass
class _Maker:
    look: Look
    answers: Answers
    questions: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        start, end = self._times()
        subject = self._subject()
        taken = {column.name for column in (*start, *end, *((subject,) if subject else ()))}
        numbers = [c for c in self.look.columns if c.kind == "number" and c.name not in taken]
        measures = [(c, *found) for c in numbers if (found := _metric(c.name)) is not None]
        is_night = bool(end) and bool(NIGHT.search(" ".join(c.name for c in (*start, *end))))
        lines = self._about(name, subject)
        lines += ["", "[time]", *self._clock(start)]
        if is_night and len(start) == 2:
            lines.append(f'date_of = "{self._date_of()}"')
        if end:
            lines += ["", "[end]", *_when(end)]
        if is_night:
            lines += ["", "[[episode]]", 'kind = "sleep"']
        for column, metric, unit in measures:
            lines += ["", "[[sample]]", f"value = {_quoted(column.name)}", f'metric = "{metric}"']
            lines.append(f"unit = {_quoted(self._unit(column, metric, unit))}")
            if metric in SPANS and end:
                lines.append("spans = true")
        unread = [c.name for c in numbers if c.name not in {m[0].name for m in measures}]
        if not (measures or is_night):
            self.questions["sample"] = (
                "which column is which metric? Add a [[sample]], [[daily]] or [[episode]] by hand"
            )
        if unread:
            lines += ["", f"# numbers that no word was found for: {', '.join(unread)}"]
        return "\n".join(lines) + "\n"

    def _about(self, name: str, subject: Column | None) -> list[str]:
        look = self.look
        listed = ", ".join(_quoted(column.name) for column in look.columns)
        lines = [f"name = {_quoted(name)}", f'format = "{look.format}"', f"columns = [{listed}]"]
        if look.format == "table":
            lines.append(f"delimiter = {_quoted(look.delimiter)}")
        if look.format == "sheet":
            lines.append(f"sheet = {_quoted(look.sheet)}")
        if look.format != "json_lines" and look.header > 1:
            lines.append(f"header = {look.header}")
        if any(c.has_comma and "," in "".join(c.told) for c in look.columns):
            lines.append('decimal = ","')
        absent = sorted({cell for c in look.columns for cell in c.cells if cell.lower() in ABSENT})
        if absent:
            lines.append(f"absent = [{', '.join(_quoted(word) for word in absent)}]")
        if subject is not None:
            lines.append(f"subject = {_quoted(subject.name)}")
        return lines

    def _times(self) -> tuple[list[Column], list[Column]]:
        """The columns of the start and of the end."""
        columns = self.look.columns
        moments = [c for c in columns if c.kind == "moment"]
        dates = [c for c in columns if c.kind == "date"]
        clocks = [c for c in columns if c.kind == "clock"]
        if moments:
            ups = [c for c in moments[1:] if UP.search(c.name)]
            return moments[:1], ups[:1]
        if dates and clocks:
            ups = [c for c in clocks[1:] if UP.search(c.name) and BED.search(clocks[0].name)]
            return [dates[0], clocks[0]], ups[-1:]
        if dates:
            return dates[:1], []
        self.questions["time"] = "which column is the time? Write it under [time] by hand"
        return [], []

    def _clock(self, start: list[Column]) -> list[str]:
        lines = _when(start)
        formats = _formats(start)
        if len({form.replace("%d", "%m") for form in formats}) < len(formats):
            self.questions["formats"] = (
                "day or month first? No date has a day above 12: leave one of the formats"
            )
            lines = [f"columns = {_listed(start)}", f'formats = ["{ASKED}"]',
                     f"# one of {', '.join(formats)}"]  # fmt: skip
        if start and start[0].is_stated:
            return lines
        clock = self.answers.clock or ASKED
        if clock == ASKED:
            self.questions["clock"] = (
                "whose clock is it: local (the person's own), UTC, or a zone such as Europe/Berlin?"
            )
        return [*lines, f"clock = {_quoted(clock)}"]

    def _date_of(self) -> str:
        """Of which day the date of a night is: no diary says it twice."""
        if not self.answers.date_of:
            self.questions["date_of"] = (
                "the date of a night is that of the evening, or of the morning? Or, if each "
                "bedtime stands with its own day, record"
            )
        return self.answers.date_of or ASKED

    def _subject(self) -> Column | None:
        """The column of people, if there is one with several, or as was said."""
        if self.answers.subject:
            named = (c for c in self.look.columns if c.name == self.answers.subject)
            return next(named, None)
        for column in self.look.columns:
            is_named = column.name and SUBJECT.fullmatch(column.name) and column.kind != "moment"
            people = len(set(column.told))
            if is_named and people and people < len(column.told):
                if people == 1:
                    self.questions["subject"] = (
                        f"does {column.name} say whose a record is? Its name, or none"
                    )
                    return None
                return column
        return None

    def _unit(self, column: Column, metric: str, unit: str) -> str:
        told = next((u for words, u in UNITS if re.search(words, column.name, re.IGNORECASE)), "")
        choices = CHOICES.get(metric, ())
        if told in choices or (told and not choices and not unit):
            return told
        if unit:
            return unit
        if self.answers.unit:
            return self.answers.unit
        self.questions["unit"] = (
            f"which unit has {column.name}: {' or '.join(choices)}?{_size(column, metric)}"
        )
        return ASKED


def _metric(name: str) -> tuple[str, str] | None:
    found = ((m, unit) for words, m, unit in METRICS if re.search(words, name, re.IGNORECASE))
    return next(found, None)


def _size(column: Column, metric: str) -> str:
    """What the size of the numbers says of the unit of glucose."""
    if not metric.endswith("glucose") or not column.values:
        return ""
    return f" Its middle is {median(column.values):g}"


def _when(columns: list[Column]) -> list[str]:
    formats = ", ".join(_quoted(form) for form in _formats(columns))
    return [f"columns = {_listed(columns)}", f"formats = [{formats}]"]


def _formats(columns: list[Column]) -> list[str]:
    """Formats of the columns joined by a blank; of several that fit, all."""
    joined = [""]
    for column in columns:
        joined = [f"{a} {b}".strip() for a in joined for b in column.formats]
    return joined if columns else [ASKED]


def _listed(columns: list[Column]) -> str:
    return f"[{', '.join(_quoted(column.name) for column in columns)}]"


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)
