"""Mappings: the examples of the guide, every way to tell a time, and what is no mapping."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connectors import connectors
from connectors.contract import Batch, Connector, FormatDrift, Skip, Total
from connectors.mapping.connector import connector_of
from connectors.mapping.looks import looked_at
from connectors.mapping.model import MappingError, mapping_of
from connectors.mapping.propose import ASKED, Answers, proposed
from tests.connectors.test_contract import JUNK, check_row
from tests.golden_case import cases, lines_of_items, source_of
from tests.workbooks import sheets_in, xlsx

GUIDE = Path(__file__).parents[2] / "connectors" / "mapping" / "README.md"
BLOCKS = re.findall(
    r"^```(csv|toml|jsonl)\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE
)
EXAMPLES = [
    tuple(text for _, text in BLOCKS[place : place + 3]) for place in range(0, len(BLOCKS), 3)
]
HEAD = 'name = "m"\ncolumns = ["t", "v", "x", "y"]\n'
GLUCOSE = '[[sample]]\nvalue = "v"\nmetric = "interstitial_glucose"\nunit = "mg/dL"\n'


def read(toml: str, data: str | bytes) -> list[dict[str, Any]]:
    """What a mapping makes of a file, conserved and in shape."""
    connector = connector_of(toml)
    source = source_of(data if isinstance(data, bytes) else data.encode())
    variant = connector.identify(source)
    assert variant is not None
    items = list(connector.extract(source, variant))
    batches = [item for item in items if isinstance(item, Batch)]
    for each in batches:
        for row in each.data.to_pylist():
            check_row(each.shape, row)
    told = {record for each in batches for record in each.data["record"].to_pylist()}
    skipped = sum(item.count for item in items if isinstance(item, Skip))
    assert len(told) + skipped == sum(i.records for i in items if isinstance(i, Total))
    return [json.loads(line) for line in lines_of_items(items)]


def one(toml: str, row: str, header: str = "t,v,x,y") -> dict[str, Any]:
    """The one row of a file of one line."""
    return next(each for each in read(toml, f"{header}\n{row}\n") if "shape" in each)


@pytest.mark.parametrize(("table", "toml", "expected"), EXAMPLES)
def test_the_examples_of_the_guide(table: str, toml: str, expected: str) -> None:
    connector = connector_of(toml)
    source = source_of(table.encode())
    variant = connector.identify(source)
    assert variant == "table"
    assert lines_of_items(connector.extract(source, variant)) == expected.splitlines()
    assert read(toml, table)
    claims = [name for name, each in connectors().items() if each.identify(source) is not None]
    assert claims == []


def test_there_are_three_examples() -> None:
    assert [kind for kind, _ in BLOCKS] == ["csv", "toml", "jsonl"] * 3


@pytest.mark.parametrize(
    ("time", "row", "told"),
    [
        (
            'formats = ["%d.%m.%y %H:%M"]',
            "07.03.24 08:00,1,,",
            {"start_wall": "2024-03-07T08:00:00"},
        ),
        ("", "2024-03-07T08:00:00,1,,", {"start_wall": "2024-03-07T08:00:00"}),
        ("", "2024-03-07T08:00:00Z,1,,", {"start_utc": "2024-03-07T08:00:00Z"}),
        (
            "",
            "2024-03-07T08:00:00+0530,1,,",
            {"start_utc": "2024-03-07T02:30:00Z", "start_offset_min": 330},
        ),
        ('clock = "UTC"', "2024-03-07 08:00:00,1,,", {"start_utc": "2024-03-07T08:00:00Z"}),
        (
            'clock = "America/New_York"',
            "2024-03-07 08:00:00,1,,",
            {"start_utc": "2024-03-07T13:00:00Z", "start_wall": "2024-03-07T08:00:00"},
        ),
        ('formats = ["epoch_s"]', "1709798400,1,,", {"start_utc": "2024-03-07T08:00:00Z"}),
        (
            'formats = ["epoch_ms"]',
            "1709798400500,1,,",
            {"start_utc": "2024-03-07T08:00:00.500000Z"},
        ),
        ('offset = "x"', "2024-03-07 08:00:00,1,-5,", {"start_offset_min": -300}),
        ('offset = "x"', "2024-03-07 08:00:00,1,5.5,", {"start_offset_min": 330}),
        ('offset = "x"', "2024-03-07 08:00:00,1,+01:00,", {"start_offset_min": 60}),
        (
            'offset = "x"\noffset_unit = "min"',
            "2024-03-07 08:00:00,1,-90,",
            {"start_offset_min": -90},
        ),
    ],
)
def test_times(time: str, row: str, told: dict[str, object]) -> None:
    found = one(f'{HEAD}[time]\ncolumns = ["t"]\n{time}\n{GLUCOSE}', row)
    assert {key: found.get(key) for key in told} == told
    assert found["value"] == 1


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        ("2024-03-31 02:30:00", None),
        ("2024-10-27 02:30:00", None),
        ("2024-10-27 03:00:00", "02:00"),
    ],
)
def test_an_hour_that_is_not_there_once_stays_a_wall_clock(moment: str, utc: str | None) -> None:
    found = one(
        f'{HEAD}[time]\ncolumns = ["t"]\nclock = "Europe/Berlin"\n{GLUCOSE}', f"{moment},1,,"
    )
    assert found["start_wall"] == moment.replace(" ", "T")
    assert found["zone"] == "Europe/Berlin"
    assert found.get("start_utc", "T ")[11:16] == (utc or "")


def test_date_and_time_apart_and_a_date_with_a_clock_of_its_own() -> None:
    """A reader's file that a spreadsheet went through: three columns make one time."""
    toml = """
        name = "libre"
        columns = ["date", "time", "am/pm", "Historic_ Glucose", "Scan_Glucose"]
        [time]
        columns = ["date", "time", "am/pm"]
        formats = ["%m/%d/%Y 0:00 %I:%M %p"]
        clock = "Europe/Berlin"
        [[sample]]
        value = "Historic_ Glucose"
        metric = "interstitial_glucose"
        unit = "mg/dL"
        [[sample]]
        value = "Scan_Glucose"
        metric = "interstitial_glucose_scan"
        unit = "mg/dL"
    """
    table = (
        "date,time,am/pm,Historic_ Glucose,Scan_Glucose\n"
        "10/22/2016 0:00,12:04,AM,98,\n10/22/2016 0:00,1:10,PM,,131\n10/22/2016 0:00,2:10,PM,,\n"
    )
    rows = read(toml, table)
    assert [(row["metric"], row["start_utc"][11:16]) for row in rows[:2]] == [
        ("interstitial_glucose", "22:04"),
        ("interstitial_glucose_scan", "11:10"),
    ]
    assert rows[2] == {"fact": "timezone", "value": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("end", "row", "until"),
    [
        ('duration = "x"', "2024-03-07 08:00:00,1,45,", "2024-03-07T08:45:00"),
        ('duration = "x"\nunit = "h"', "2024-03-07 22:00:00,1,7.5,", "2024-03-08T05:30:00"),
        ('duration = "x"\nunit = "h:mm"', "2024-03-07 22:00:00,1,7:05,", "2024-03-08T05:05:00"),
        ('columns = ["x"]', "2024-03-07 22:00:00,1,2024-03-08 06:00:00,", "2024-03-08T06:00:00"),
        (
            'columns = ["x"]\nformats = ["%H:%M"]',
            "2024-03-07 22:00:00,1,06:00,",
            "2024-03-08T06:00:00",
        ),
        (
            'columns = ["x"]\nformats = ["%H:%M"]',
            "2024-03-07 13:00:00,1,13:20,",
            "2024-03-07T13:20:00",
        ),
        ('columns = ["x"]', "2024-03-07 22:00:00,1,2024-03-07 21:00:00,", "end_before_start"),
        ('columns = ["x"]', "2024-03-07 22:00:00,1,later,", "unreadable_time"),
    ],
)
def test_ends(end: str, row: str, until: str) -> None:
    sleep = '[[episode]]\nkind = "sleep"\n'
    found = one(f'{HEAD}[time]\ncolumns = ["t"]\n[end]\n{end}\n{sleep}', row)
    assert until in (found.get("end_wall"), found.get("code"))


def test_a_kind_in_a_column_units_in_a_column_and_rows_to_skip() -> None:
    toml = f"""{HEAD}
        absent = ["-"]
        [time]
        columns = ["t"]
        [[skip]]
        column = "x"
        is = ["Test"]
        [[sample]]
        value = "v"
        metric_column = "x"
        metrics = {{ "BG" = "capillary_glucose", "HR" = "heart_rate" }}
        unit_column = "y"
        units = {{ "mgdl" = "mg/dL", "bpm" = "/min" }}
        zero_is_nothing = true
    """
    rows = ["BG,mgdl,101", "hr,BPM,61", "owl,bpm,2", "BG,g/L,1.1", "test,mgdl,5", "BG,mgdl,0"]
    table = "t,x,y,v\n" + "".join(f"2024-03-07 08:00:00,{row}\n" for row in [*rows, "BG,mgdl,-"])
    found = read(toml, table)
    assert [(row["metric"], row["unit"]) for row in found[:2]] == [
        ("capillary_glucose", "mg/dL"),
        ("heart_rate", "/min"),
    ]
    assert [(row["code"], row["field"]) for row in found[2:4]] == [
        ("unknown_code", "x"),
        ("unknown_unit", "y"),
    ]
    assert found[4:] == [
        {"skip": "nothing_measured", "count": 2},
        {"skip": "skipped_by_mapping", "count": 1},
    ]


def test_stages_of_a_sleep_by_their_session() -> None:
    toml = f"""{HEAD}
        [time]
        columns = ["t"]
        [end]
        duration = "v"
        unit = "s"
        [[episode]]
        kind = "sleep_stage"
        label_column = "x"
        labels = {{ N1 = "light", N3 = "deep", R = "rem", W = "awake" }}
        session = "y"
    """
    rows = ["W", "N1", "n3", "R", "?"]
    lines = [f"2024-03-07 23:0{n}:00,30,{stage},n1" for n, stage in enumerate(rows)]
    found = read(toml, "\n".join(["t,v,x,y", *lines]) + "\n")
    assert [row["label"] for row in found if "shape" in row] == ["awake", "light", "deep", "rem"]
    assert {row["session"] for row in found if "shape" in row} == {"n1"}
    assert found[-1] == {"skip": "nothing_measured", "count": 1}


def test_daily_values_have_a_date_and_no_instant() -> None:
    toml = f"""{HEAD}
        [time]
        columns = ["t"]
        formats = ["%d/%m/%Y"]
        [[daily]]
        value = "v"
        metric = "step_count"
        unit = "{{count}}"
    """
    found = one(toml, "31/12/2023,8000,,")
    assert (found["shape"], found["date"], found["value"]) == ("daily", "2023-12-31", 8000)


def test_a_sheet_below_a_title_with_a_row_of_units() -> None:
    toml = f"""{HEAD}
        format = "sheet"
        sheet = "Data"
        header = 2
        units_row = true
        decimal = ","
        [time]
        columns = ["t"]
        {GLUCOSE}"""
    text = (
        "## About\nwho\tme\n## Data\nA title\nt\tv\tx\ty\nh:mm\tmg/dL\n"
        "2024-03-07 08:00:00\t101\n2024-03-07 08:05:00\t'99,5\n"
    )
    found = read(toml, xlsx(sheets_in(text)))
    assert [(row["record"], row["value"]) for row in found if "shape" in row] == [
        (4, 101),
        (5, 99.5),
    ]


def test_json_lines() -> None:
    toml = f'{HEAD}format = "json_lines"\nsubject = "x"\n[time]\ncolumns = ["t"]\n{GLUCOSE}'
    lines = [
        {"t": "2024-03-07T08:00:00Z", "v": 101, "x": 7, "y": None},
        {"t": "2024-03-07T08:05:00Z", "v": None, "x": 7, "y": 1},
        {"t": "2024-03-07T08:10:00Z", "v": 99.5, "x": "b", "z": {"a": 1}},
    ]
    found = read(toml, "\n".join(map(json.dumps, lines)))
    assert [(row["value"], row["subject"]) for row in found if "shape" in row] == [
        (101, "7"),
        (99.5, "b"),
    ]
    assert {"drift": "column z"} in found


def test_a_file_is_known_by_its_header_alone() -> None:
    toml = f'{HEAD}[time]\ncolumns = ["t"]\n{GLUCOSE}'
    connector = connector_of(toml)
    assert connector.identify(source_of(b"y,x,v,t,more\n1,2,3,4,5\n")) == "table"
    assert connector.identify(source_of(b"t,v,x\n1,2,3\n")) is None
    assert connector_of("exact = true\n" + toml).identify(source_of(b"y,x,v,t,z\n1\n")) is None
    assert all(connector.identify(source_of(data)) is None for data in JUNK.values())
    assert [case for case in cases() if connector.identify(case.source())] == []
    with pytest.raises(FormatDrift):
        list(connector.extract(source_of(b"t,v,x\n1,2,3\n"), "table"))


def test_the_version_is_that_of_the_text() -> None:
    toml = f'{HEAD}[time]\ncolumns = ["t"]\n{GLUCOSE}'
    made = {connector_of(text).version for text in (toml, toml + "# a comment\n", toml)}
    assert len(made) == 2


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("name = ", "not valid TOML"),
        ('name = "Not Small"\n', "name"),
        (f'{HEAD}[time]\ncolumns = ["t"]\n', "nothing is read"),
        (f'{HEAD}[time]\ncolumns = ["q"]\n{GLUCOSE}', "'q'"),
        (f'{HEAD}[time]\ncolumns = ["t"]\nclock = "Berlin"\n{GLUCOSE}', "Europe/Berlin"),
        (f'{HEAD}[time]\ncolumns = ["t"]\nzone = "UTC"\n{GLUCOSE}', "zone"),
        (f'{HEAD}[time]\ncolumns = ["t"]\n[[episode]]\nkind = "sleep"\n', "[end]"),
        (f'{HEAD}[time]\ncolumns = ["t"]\n[[episode]]\nkind = "dance"\n', "kind"),
        (f'{HEAD}[time]\ncolumns = ["t"]\n[[sample]]\nvalue = "v"\nunit = "g"\n', "metric"),
        (
            f'{HEAD}[time]\ncolumns = ["t"]\n{GLUCOSE}low = ["LO"]\n',
            "low_limit",
        ),
    ],
)
def test_what_is_no_mapping_is_told_with_its_key(toml: str, says: str) -> None:
    with pytest.raises(MappingError, match=re.escape(says)):
        mapping_of(toml)


def test_words_of_a_mapping_do_nothing_in_sql() -> None:
    """A quote, a brace and a comment in every text of a mapping."""
    odd = "a'b\"c{d}--"
    toml = f"""
        name = "odd"
        columns = [{json.dumps(odd)}, "v"]
        absent = [{json.dumps(odd)}]
        device = {json.dumps(odd)}
        [time]
        columns = [{json.dumps(odd)}]
        [[skip]]
        column = "v"
        is = [{json.dumps(odd)}]
        {GLUCOSE}low = [{json.dumps(odd)}]
        low_limit = 40
    """
    header = '"' + odd.replace('"', '""') + '",v'
    found = read(toml, f"{header}\n2024-03-07 08:00:00,101\n")
    assert (found[0]["value"], found[0]["device"]) == (101, odd)


# proposals


def proposal(table: str, answers: Answers | None = None) -> tuple[str, set[str]]:
    look = looked_at(source_of(table.encode()))
    assert look is not None
    made = proposed(look, "m", answers or Answers())
    return made.text, set(made.questions)


def test_what_is_sure_is_filled_in_and_the_rest_asked_for() -> None:
    rows = "101|3/17/2024 11:55:00 PM|118\n102|3/18/2024 12:00:00 AM|91\n"
    table = "PtID|DeviceDtTm|CGM\n" + rows * 2
    text, questions = proposal(table)
    assert questions == {"unit", "clock"}
    assert text.count(ASKED) == 2
    text, questions = proposal(table, Answers("mg/dL", "local"))
    assert questions == set()
    made: Connector = connector_of(text)
    assert made.identify(source_of(table.encode())) == "table"
    rows = read(text, table)
    assert {row.get("subject") for row in rows if "shape" in row} == {"101", "102"}


@pytest.mark.parametrize("number", range(3))
def test_an_example_is_proposed_and_what_is_proposed_reads_it(number: int) -> None:
    table, toml, _ = EXAMPLES[number]
    text, questions = proposal(table, Answers("mg/dL", "local", date_of="evening"))
    meant = mapping_of(toml)
    if number == 2:  # 7 and 8 March: no day above 12
        assert questions == {"formats"}
        text = text.replace(f'["{ASKED}"]', json.dumps(meant.time.formats))
        questions = set()
    assert questions == set()
    made = mapping_of(text)
    assert made.header == meant.header
    assert made.delimiter == meant.delimiter
    assert made.time.columns == meant.time.columns
    assert {m.metric for m in meant.sample} <= {m.metric for m in made.sample} | {
        "number_of_awakenings"
    }
    assert made.subject == meant.subject
    assert [row for row in read(text, table) if "shape" in row]


def test_an_order_of_day_and_month_that_no_date_tells_is_asked_for() -> None:
    table = "when,glucose (mg/dL)\n03/04/2024 08:00,101\n05/04/2024 08:00,102\n"
    text, questions = proposal(table, Answers(clock="local"))
    assert questions == {"formats"}
    with_answer = text.replace('["?"]', '["%d/%m/%Y %H:%M"]')
    assert read(with_answer, table)[0]["start_wall"] == "2024-04-03T08:00:00"


def test_nights_of_a_diary_are_asked_for_their_date() -> None:
    table = "Date,Bedtime,Wake time\n2024-03-07,23:00,07:00\n2024-03-08,00:30,08:00\n"
    assert proposal(table, Answers(clock="local"))[1] == {"date_of"}
    text, _ = proposal(table, Answers(clock="local", date_of="evening"))
    assert [row["start_wall"] for row in read(text, table) if "shape" in row] == [
        "2024-03-07T23:00:00",
        "2024-03-09T00:30:00",
    ]


@pytest.mark.parametrize("junk", JUNK)
def test_looking_at_anything_is_total(junk: str) -> None:
    look = looked_at(source_of(JUNK[junk]))
    assert look is None or 'name = "m"' in proposed(look, "m", Answers()).text
