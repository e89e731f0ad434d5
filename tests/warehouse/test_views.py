"""Views are built from what their files say, on any lake, and every check of theirs can fail."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import warehouse.view_files
from flows.settings import Settings
from tests.lake import (
    BERLIN,
    Row,
    asked,
    assert_checked,
    demo_lake,
    demo_people,
    opened,
    rows,
    settled,
)
from warehouse.schema import TABLES
from warehouse.store.buckets import MadeFrom
from warehouse.store.lake import Lake
from warehouse.table_files import create_tables, lake_sources
from warehouse.view_files import Kept, checks, relations, views
from warehouse.views import ViewError, build, create

pytestmark = pytest.mark.whole

# The public columns of the product, group by group. Nothing here is renamed without a word.
NIGHT_TO_DAY = """
participant_id sleep_date
sleep_connector sleep_basis onset_at wake_at onset_local wake_local timezone_changed
time_in_bed_min time_in_bed_basis sleep_period_min total_sleep_min sleep_latency_min
wake_after_onset_min
sleep_efficiency_pct awakening_count light_min deep_min rem_min rem_latency_min midpoint_local_h
nap_min secondary_sleep_min total_sleep_24h_min
sleep_heart_rate_bpm sleep_heart_rate_min_bpm sleep_hrv_rmssd_ms sleep_hrv_sdnn_ms
sleep_respiratory_rate_brpm sleep_spo2_pct skin_temperature_deviation_cel
sleep_debt_3d_min sleep_debt_7d_min total_sleep_mean_4d_min sleep_regularity_index_7d
midpoint_sd_7d_min social_jetlag_28d_min is_short_6h is_short_4h30
is_restriction_run_4d
overnight_mean_mgdl overnight_sd_mgdl overnight_cv_pct overnight_min_mgdl overnight_nadir_mgdl
overnight_tbr70_pct overnight_tir_pct overnight_titr_pct overnight_coverage_pct
overnight_reading_count has_compression_low
onset_mgdl fasting_mgdl fasting_30min_mgdl fasting_60min_mgdl hours_since_last_meal breakfast_basis
dawn_delta_mgdl has_dawn_phenomenon breakfast_peak_delta_mgdl breakfast_iauc_2h_mgdl_min
day_hours day_nap_min day_mean_mgdl day_median_mgdl day_sd_mgdl day_cv_pct day_tir_pct day_titr_pct
day_tbr70_pct day_tbr54_pct day_tar180_pct day_tar250_pct day_mag_mgdl_h day_lbgi day_hbgi day_gri
day_coverage_pct day_reading_count is_day_capped
wake16h_mean_mgdl wake16h_excess_mgdl wake16h_asleep_min wake16h_sd_mgdl wake16h_cv_pct
wake16h_tir_pct wake16h_titr_pct
wake16h_coverage_pct
eating_window_h last_meal_to_bed_min kcal_before_15h_pct postmeal_steps_60min step_count
exercise_min fasted_morning_exercise_min resistance_exercise_min morning_daylight_min
bedroom_temperature_cel caffeine_after_14h_mg alcohol_drink_count
is_night_valid is_day_valid is_complete quality_notes
""".split()  # noqa: SIM905
GLUCOSE = """
participant_id start_at start_local glucose_mgdl bound method connector device time_basis flag
file record
""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("empty")).create()
    build(lake, Settings().rules.model_dump(), Settings().priority.whole())
    return lake


def columns_of(lake: Lake, name: str) -> list[str]:
    return [row["column_name"] for row in asked(lake, f"describe {name}")]


@pytest.mark.parametrize("name", [*views(), *TABLES])
def test_an_empty_lake_has_every_relation_and_no_row(name: str, empty: Lake) -> None:
    assert asked(empty, f"from {name}") == []


def test_checks_find_nothing(empty: Lake) -> None:
    assert_checked(empty)
    assert_checked(demo_lake())
    assert len(checks()) >= 15


def test_the_demo_fills_every_view() -> None:
    # one sensor each, no fingersticks, and nobody asked for effects; no room, drinks, no food told
    # by two apps, and no date with time in bed alone
    bare = {"cgm_slot", "glucose_fingerstick", "sleep_effect", "sleep_effect_group"}
    bare |= {"bedroom", "day_drink", "food_copy", "in_bed_only"}
    with settled(demo_lake()) as connection:
        counts = {n: connection.execute(f"select count(*) from {n}").fetchall() for n in views()}
    assert {name for name, ((count,),) in counts.items() if not count} <= bare


def test_night_to_day_has_its_public_columns(empty: Lake) -> None:
    assert columns_of(empty, "night_to_day") == NIGHT_TO_DAY
    assert [c for c in columns_of(empty, "glucose") if c in GLUCOSE] == GLUCOSE


@pytest.mark.parametrize("name", [n for n, view in views().items() if view.layer == "marts"])
def test_a_mart_says_what_one_row_is(name: str, empty: Lake) -> None:
    view = views()[name]
    assert view.about.endswith((".", ";")) or view.notes
    assert set(view.grain.split(", ")) <= set(view.columns)


def test_every_view_and_column_has_its_comment_in_the_database(empty: Lake) -> None:
    with opened(empty) as connection:
        told = "select schema_name, view_name, comment from duckdb_views() where not internal"
        found = {(s, v): comment for s, v, comment in connection.execute(told).fetchall()}
        column = "select schema_name, table_name, column_name, comment from duckdb_columns()"
        columns = {(s, t, c): comment for s, t, c, comment in connection.execute(column).fetchall()}
    for name, view in views().items():
        for schema in ("live", *(["main"] if view.kept is not Kept.NO else [])):
            assert found[schema, name] == view.comment
            assert {c: columns[schema, name, c] for c in view.columns} == view.columns
        assert min(map(len, view.columns.values())) > 2
    assert [(t, c) for t in TABLES for c in TABLES[t].names if not columns["main", t, c]] == []


def test_every_macro_has_its_comment_in_the_database(empty: Lake) -> None:
    told = (
        "select function_name, comment from duckdb_functions() where function_type = 'table_macro'"
    )
    with opened(empty) as connection:
        found = dict(connection.execute(told).fetchall())
    macros = {name: view for name, view in relations().items() if view.parameters}
    assert "glucose_summary_between" in macros
    for name, view in macros.items():
        assert found[name] == view.comment
        assert min(map(len, view.columns.values())) > 2


def test_comments_outlive_new_tables(tmp_path: Path) -> None:
    """New files take over the views of the old warehouse; `create or replace` drops comments."""
    lake = Lake(tmp_path / "lake")
    shutil.copytree(demo_lake().root, lake.root)
    build(lake, Settings().rules.model_dump(), Settings().priority.whole())
    sql = "select count(*) as n from duckdb_columns() where not internal and comment is null"
    assert asked(lake, sql) == asked(demo_lake(), sql)


# What the build refuses.
WRONG = {
    "a column that is not returned": (
        "-- date | the day\n",
        "-- date | the day\n-- more | of it\n",
    ),
    "a column that is not told of": ("-- date | the day\n", ""),
    "another order": (
        "-- participant_id | who\n-- date | the day\n",
        "-- date | the day\n-- participant_id | who\n",
    ),
    "a column that is not there": ("select participant_id,", "select no_such_thing,"),
    "a table that is not there": ("from sample", "from no_such_table"),
}
VIEW = """-- Days.
--
-- participant_id | who
-- date | the day
select participant_id, start_local::date as date
from sample
"""


@pytest.fixture
def sql_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of views of its own."""
    folder = tmp_path / "sql"
    (folder / "marts").mkdir(parents=True)
    monkeypatch.setattr(warehouse.view_files, "SQL", folder)
    relations.cache_clear()
    yield folder
    relations.cache_clear()


def created() -> None:
    with duckdb.connect() as connection:
        create(connection, {}, {})


def test_a_view_that_is_right_is_built(sql_folder: Path) -> None:
    (sql_folder / "marts/days.sql").write_text(VIEW)
    (sql_folder / "marts/a_first.sql").write_text(
        "-- Later.\n-- n | how many\nselect count(*) as n from days\n"
    )
    created()
    assert list(views()) == ["days", "a_first"]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_header_that_differs_fails_the_build(wrong: str, sql_folder: Path) -> None:
    right, changed = WRONG[wrong]
    assert right in VIEW
    (sql_folder / "marts/days.sql").write_text(VIEW.replace(right, changed))
    with pytest.raises(ViewError, match=r"days(\.sql)?"):
        created()


MACRO = """-- Days since one.
-- parameters: since, rows like sample
-- grain: participant_id
--
-- participant_id | who
-- date | the day
select participant_id, start_local::date as date
from query_table(rows)
where since is null or start_local >= since::date
"""


def test_a_macro_takes_parameters(sql_folder: Path) -> None:
    """Also a relation of the query that asks, by its name."""
    (sql_folder / "marts/days_since.sql").write_text(MACRO)
    view = "-- As before.\n-- columns: days_since\nselect * from days_since(null, 'sample')\n"
    (sql_folder / "marts/days.sql").write_text(view)
    with duckdb.connect() as connection:
        create(connection, {}, {})
        made = "select 'p' as participant_id, timestamp '2025-07-01 10:00' + n * interval 1 day"
        sql = (
            f"with made as ({made} as start_local from range(3) as r(n)) from days_since(?, 'made')"
        )
        assert len(connection.execute(sql, ["2025-07-02"]).fetchall()) == 2
    assert list(views()) == ["days"]
    assert relations()["days_since"].call == "days_since(since, rows)"
    assert views()["days"].columns == relations()["days_since"].columns


@pytest.mark.parametrize("wrong", ["-- date | the day\n", "-- participant_id | who\n"])
def test_a_macro_whose_header_differs_fails_the_build(wrong: str, sql_folder: Path) -> None:
    (sql_folder / "marts/days_since.sql").write_text(MACRO.replace(wrong, ""))
    with pytest.raises(ViewError, match=r"days_since\.sql"):
        created()


def test_a_failed_build_leaves_the_old_warehouse(sql_folder: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake").create()
    (sql_folder / "marts/days.sql").write_text(VIEW)
    build(lake, {}, {})
    relations.cache_clear()
    (sql_folder / "marts/days.sql").write_text(VIEW.replace("date |", "day |"))
    with pytest.raises(ViewError):
        build(lake, {}, {})
    assert asked(lake, "from days") == []
    assert [p.name for p in lake.root.glob(".partial*")] == []


def test_a_reader_of_the_old_warehouse_keeps_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(demo_lake().root, lake.root)
    with opened(lake) as connection:
        before = rows(connection, "select rule_merge_gap_min() as n")
        build(lake, {**Settings().rules.model_dump(), "merge_gap_min": 30}, {})
        assert rows(connection, "select rule_merge_gap_min() as n") == before
    assert asked(lake, "select rule_merge_gap_min() as n") == [{"n": 30}]


# Every check is shown the fault that it is for.
FAULTS = {
    "complete_nights_are_complete": ("night_to_day", "* replace (true as is_complete)"),
    "every_row_has_its_file": ("source_file", "* replace ('other' as file)"),
    "glucose_key_is_unique": (
        "glucose",
        "* replace (date_trunc('hour', start_at) as start_at)",
    ),
    "keys_are_unique": ("glucose_daily", "* replace (date_trunc('month', date)::date as date)"),
    "night_to_day_key_is_unique": (
        "night_to_day",
        "* replace (date_trunc('month', sleep_date)::date as sleep_date)",
    ),
    "nothing_unresolved_is_placed": ("heart_rate", "* replace ('unresolved' as time_basis)"),
    "percentages_are_percentages": ("glucose_daily", "* replace (tir_pct + 1 as tir_pct)"),
    "no_sleep_vanishes": (
        "sleep_nightly",
        "* replace (total_sleep_min as total_sleep_24h_min)",
    ),
    "readings_are_counted_once": (
        "night_to_day",
        "* replace (day_reading_count + 1 as day_reading_count)",
    ),
    "records_are_conserved": ("source_file", "* replace (record_count + 1 as record_count)"),
    "shares_are_nested": ("glucose_daily", "* replace (tar180_pct / 2 as tar180_pct)"),
    "sleep_date_is_the_day_of_waking": (
        "sleep_episode",
        "* replace (sleep_date - 1 as sleep_date)",
    ),
    "sleep_minutes_add_up": ("sleep_episode", "* replace (rem_min + 60 as rem_min)"),
    "sleep_times_are_in_order": ("sleep_episode", "* replace (onset_at as wake_at)"),
    "stages_do_not_overlap": ("sleep_stage", "* replace (end_at + interval 1 minute as end_at)"),
    "statistics_are_possible": ("glucose_daily", "* replace (-lbgi as lbgi)"),
    "times_agree": ("sample", "* replace (start_local + interval 1 second as start_local)"),
    "windows_do_not_overlap": ("night_window", "* replace (until_us + 1 as until_us)"),
}


@pytest.fixture(scope="module")
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """The demo's views in a database that may be spoilt."""
    with duckdb.connect() as connection:
        chosen = Settings()
        create(connection, chosen.rules.model_dump(), chosen.priority.whole())
        create_tables(connection, lake_sources(demo_lake(), MadeFrom.of(demo_lake()).count))
        connection.execute("set search_path = 'main,live'")
        yield connection


@pytest.mark.parametrize("name", checks())
def test_a_check_sees_the_fault_it_is_for(name: str, in_memory: duckdb.DuckDBPyConnection) -> None:
    relation, fault = FAULTS[name]
    in_memory.execute("begin")
    try:
        view = relations().get(relation)
        place = f"{'live' if view and view.kept is Kept.NO else 'main'}.{relation}"
        in_memory.execute(f"alter view {place} rename to as_it_was")
        in_memory.execute(f"create view {place} as select {fault} from as_it_was")
        assert in_memory.execute(checks()[name]).fetchall() != []
    finally:
        in_memory.execute("rollback")


# The session, the machine and the place of a lake change nothing.
ASK = """
import hashlib, sys
from pathlib import Path
import duckdb
from flows.deriving.pipeline import ingest
from warehouse.store.lake import Lake
import tests.lake as made

lake = Lake(Path(sys.argv[1]))
ingest(lake, [Path(p) for p in sys.argv[2:]], "ben", "Europe/Berlin")
with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
    connection.execute("set timezone = 'Asia/Kolkata'")
    every = "select {columns} from night_to_day order by all"
    print(hashlib.sha256(repr(connection.execute(every).fetchall()).encode()).hexdigest())
for name, data in made.tree(lake.tables).items():
    print(name, hashlib.sha256(data).hexdigest())
"""
# instants as numbers: a client shows them in its own zone
COLUMNS = "* exclude (onset_at, wake_at), epoch_us(onset_at), epoch_us(wake_at)"


def elsewhere(zone: str, lake: Path, paths: list[Path]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(columns=COLUMNS), str(lake), *map(str, paths)],
        env={**os.environ, "TZ": zone, "LC_ALL": "C"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.long
def test_another_zone_of_the_machine_gives_the_same_bytes_and_rows(tmp_path: Path) -> None:
    paths = [p for p in demo_people()["ben"].paths if p.suffix == ".csv"]
    (apple,) = (p for p in demo_people()["ben"].paths if p.suffix == ".zip")
    far, near = (
        elsewhere(zone, tmp_path / zone.replace("/", "-"), [*paths, apple])
        for zone in ("Pacific/Apia", "UTC")
    )
    assert far == near
    assert len(near.splitlines()) > 6


def test_another_zone_of_the_session_gives_the_same_rows() -> None:
    with opened(demo_lake()) as connection:
        told: list[list[Row]] = []
        for zone in (BERLIN, "Pacific/Apia", "America/New_York"):
            connection.execute(f"set timezone = '{zone}'")
            told.append(rows(connection, f"select {COLUMNS} from night_to_day order by all"))
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 62


# the template


def test_views_are_made_once_and_then_taken_over(
    sql_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for another lake; nobody is named in it, and what is spoilt is made again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (sql_folder / "marts/days.sql").write_text(VIEW)
    first, second = (Lake(tmp_path / name).create() for name in ("first", "second"))
    build(first, {"one": 1}, {}, free_days={"somebody": [5]})
    (kept,) = (tmp_path / "cache/dawnlake").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert b"somebody" not in kept.read_bytes()
    assert asked(first, "select free_weekdays('somebody') as days") == [{"days": [5]}]

    made = kept.stat().st_mtime_ns
    build(second, {"one": 1}, {})
    assert kept.stat().st_mtime_ns == made
    assert asked(second, "select free_weekdays('somebody') as days") == [{"days": [6, 7]}]
    assert asked(second, "select rule_one() as one") == [{"one": 1}]

    for spoilt in (b"", b"no database", kept.read_bytes()[:9000]):
        kept.write_bytes(spoilt)
        build(second, {"one": 1}, {}, anew=True)
        assert asked(second, "from days") == []
    assert kept.stat().st_size > 9000

    for number in range(9):
        build(second, {"one": number}, {})
    assert len(list(kept.parent.iterdir())) == 4


def test_a_home_that_cannot_be_written_costs_time_alone(
    sql_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (sql_folder / "marts/days.sql").write_text(VIEW)
    lake = Lake(tmp_path / "lake").create()
    build(lake, {}, {})
    assert asked(lake, "from days") == []
