"""The text of Apple Health's export.xml: its prolog, its records, its way with time and devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flows.demo.body import Body, Workout
from flows.demo.sleep import HOUR, MINUTE, iso

WATCH, PHONE = "Ben’s Apple\u00a0Watch", "Ben’s iPhone"
SOFTWARE = {WATCH: "11.6.1", PHONE: "18.6.2"}
MODELS = {WATCH: ("Apple Watch", "Watch", "Watch6,7"), PHONE: ("iPhone", "iPhone", "iPhone14,5")}
# Elements: content, then attributes, those with ? not required. Source: the DTD of version 13.
DTD = {
    "HealthData": (
        "(ExportDate,Me,(Record|Correlation|Workout|ActivitySummary|ClinicalRecord|Audiogram|"
        "VisionPrescription)*)",
        "locale",
    ),
    "ExportDate": ("EMPTY", "value"),
    "Me": (
        "EMPTY",
        "HKCharacteristicTypeIdentifierDateOfBirth HKCharacteristicTypeIdentifierBiologicalSex "
        "HKCharacteristicTypeIdentifierBloodType HKCharacteristicTypeIdentifierFitzpatrickSkinType "
        "HKCharacteristicTypeIdentifierCardioFitnessMedicationsUse",
    ),
    "Record": (
        "((MetadataEntry|HeartRateVariabilityMetadataList)*)",
        "type unit? value? sourceName sourceVersion? device? creationDate? startDate endDate",
    ),
    "Correlation": (
        "((MetadataEntry|Record)*)",
        "type sourceName sourceVersion? device? creationDate? startDate endDate",
    ),
    "Workout": (
        "((MetadataEntry|WorkoutEvent|WorkoutRoute|WorkoutStatistics)*)",
        "workoutActivityType duration? durationUnit? totalDistance? totalDistanceUnit? "
        "totalEnergyBurned? totalEnergyBurnedUnit? sourceName sourceVersion? device? creationDate? "
        "startDate endDate",
    ),
    "WorkoutStatistics": (
        "EMPTY",
        "type startDate endDate average? minimum? maximum? sum? unit?",
    ),
    "MetadataEntry": ("EMPTY", "key value"),
    "HeartRateVariabilityMetadataList": ("(InstantaneousBeatsPerMinute*)", ""),
    "InstantaneousBeatsPerMinute": ("EMPTY", "bpm time"),
}
ME = {
    "DateOfBirth": "",
    "BiologicalSex": "HKBiologicalSexNotSet",
    "BloodType": "HKBloodTypeNotSet",
    "FitzpatrickSkinType": "HKFitzpatrickSkinTypeNotSet",
    "CardioFitnessMedicationsUse": "None",
}
# Kinds of workout: the statistic of their distance, and kilometres an hour.
WORKOUTS = {
    "Walking": ("DistanceWalkingRunning", 5.4),
    "Cycling": ("DistanceCycling", 17.5),
    "TraditionalStrengthTraining": ("", 0.0),
}
Spans = tuple[npt.ArrayLike, npt.ArrayLike]  # instants of starts and of ends


def prolog(exported: str) -> str:
    """Everything before the first record."""
    me = " ".join(f'HKCharacteristicTypeIdentifier{k}="{v}"' for k, v in ME.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n'
        f'<!-- HealthKit Export Version: 13 -->\n{_dtd()}]>\n<HealthData locale="en_DE">\n'
        f' <ExportDate value="{exported}"/>\n <Me {me}/>\n'
    )


def _dtd() -> str:
    lines = []
    for element, (content, attributes) in DTD.items():
        lines.append(f"<!ELEMENT {element} {content}>\n")
        told = [
            f"  {name.rstrip('?')} CDATA #{'IMPLIED' if name.endswith('?') else 'REQUIRED'}\n"
            for name in attributes.split()
        ]
        if told:
            lines.append(f"<!ATTLIST {element}\n{''.join(told)}>\n")
    return "".join(lines)


@dataclass(frozen=True)
class Pen:
    """Writes records of a body as an export made at an instant does."""

    body: Body
    made: int

    def stamps(self, instants: npt.ArrayLike) -> list[str]:
        """`2025-10-12 22:41:30 +0100`, with the offset of the export, whatever the season."""
        offset = int(self.body.clock.wall(self.made)) - self.made
        tail = f" {'-' if offset < 0 else '+'}{abs(offset) // HOUR:02}{abs(offset) % HOUR // 60:02}"
        shown = iso(np.asarray(instants, np.int64) + offset).tolist()
        return [stamp.replace("T", " ") + tail for stamp in shown]

    def zone(self) -> str:
        """The one word in an export that tells where a record was made."""
        return entry("HKTimeZone", self.body.clock.zone)

    def sleep(self, source: str, spans: Spans, names: list[str]) -> Iterator[str]:
        """Intervals of a night."""
        values = [f"HKCategoryValueSleepAnalysis{name}" for name in names]
        head = f'HKCategoryTypeIdentifierSleepAnalysis" {_source(source)}'
        return self._records(head, spans, values, self.zone())

    def quantity(
        self,
        name: str,
        unit: str,
        spans: Spans,
        values: list[str],
        inside: str = "",
        source: str = WATCH,
    ) -> Iterator[str]:
        """Records of one quantity, their values as text."""
        head = f'HKQuantityTypeIdentifier{name}" {_source(source)} unit="{unit}"'
        return self._records(head, spans, values, inside)

    def workout(self, workout: Workout) -> str:
        """One exercise with its energy and its distance."""
        minutes = (workout.end - workout.start) / MINUTE
        start, end = self.stamps([workout.start, workout.end])
        span = f'startDate="{start}" endDate="{end}"'
        kind, speed = WORKOUTS[workout.kind]
        sums = [("ActiveEnergyBurned", f"{minutes * 6.1:.2f}", "kcal")]
        if speed:
            sums.append((kind, f"{minutes * speed / 60:.3f}", "km"))
        statistics = [
            f'  <WorkoutStatistics type="HKQuantityTypeIdentifier{name}" {span} sum="{value}"'
            f' unit="{unit}"/>\n'
            for name, value, unit in sums
        ]
        inside = "".join([entry("HKIndoorWorkout", "0"), self.zone(), *statistics])
        return (
            f' <Workout workoutActivityType="HKWorkoutActivityType{workout.kind}"'
            f' duration="{minutes:.1f}" durationUnit="min" {_source(WATCH)} creationDate="{end}"'
            f" {span}>\n{inside} </Workout>\n"
        )

    def _records(self, head: str, spans: Spans, values: list[str], inside: str) -> Iterator[str]:
        tail = f">\n{inside} </Record>\n" if inside else "/>\n"
        starts, ends = self.stamps(spans[0]), self.stamps(spans[1])
        for start, end, value in zip(starts, ends, values, strict=True):
            yield (
                f' <Record type="{head} creationDate="{end}" startDate="{start}" endDate="{end}"'
                f' value="{value}"{tail}'
            )


def _source(source: str) -> str:
    name, model, hardware = MODELS[source]
    device = (
        f"&lt;&lt;HKDevice: 0x300000000&gt;, name:{name}, manufacturer:Apple Inc., model:{model}, "
        f"hardware:{hardware}, software:{SOFTWARE[source]}&gt;"
    )
    return f'sourceName="{source}" sourceVersion="{SOFTWARE[source]}" device="{device}"'


def entry(key: str, value: str) -> str:
    """What stands inside of a record."""
    return f'  <MetadataEntry key="{key}" value="{value}"/>\n'
