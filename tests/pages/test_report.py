"""dawnlake report: the numbers of the page are those of the views, and nothing else is on it."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flows.cli import main
from flows.deriving.pipeline import ingest
from pages.asked.person import person
from pages.asked.reader import Reader
from pages.figures.units import MGDL, MGDL_PER_MMOLL, MMOLL, hours, plain
from pages.page import About, index_page, person_page, shown
from tests.lake import Person, asked, demo_lake, demo_people, lake_of, opened, same_again
from tests.pages.reading import Element, numbers, read, rows, table
from tests.running import Run
from transforms.units import GLUCOSE
from warehouse.harmless import TEXTS, given_columns
from warehouse.store.lake import Lake
from warehouse.view_files import relations

pytestmark = pytest.mark.whole

DAYS = ("2025-10-20", "2025-11-02")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The page of someone of the demo, with options."""
    folder = tmp_path_factory.mktemp("page")

    def make(who: str, *options: str) -> str:
        path = folder / "a.html"
        words = ["report", "--participant", who, "--lake", str(demo_lake().root), "-o", str(path)]
        with pytest.raises(SystemExit) as left:
            main([*words, *options])
        assert left.value.code == 0
        return path.read_text("utf-8")

    return make


def test_the_unit_is_that_of_the_lake() -> None:
    assert MGDL_PER_MMOLL == GLUCOSE


@pytest.mark.parametrize("who", ["ada", "ben"])
@pytest.mark.parametrize("unit", [MGDL, MMOLL], ids=lambda unit: unit.name[:4])
def test_the_numbers_are_those_of_the_views(made: Callable[..., str], who: str, unit) -> None:
    page = read(made(who, "--unit", unit.name))
    told = numbers(page)
    (summary,) = asked(demo_lake(), "from glucose_summary where participant_id = ?", who)
    for (view, column), text in told.items():
        if view != "glucose_summary":
            continue
        if column == "mean_mgdl":
            assert text == unit.text(summary[column])
        elif column.endswith("_per_day"):
            assert float(text) == pytest.approx(7 * summary[column], abs=0.05)
        else:
            assert float(text) == pytest.approx(summary[column], abs=0.05)
    (rhythm,) = asked(demo_lake(), "from sleep_rhythm where participant_id = ?", who)
    assert told["sleep_rhythm", "night_count"] == str(rhythm["night_count"])
    assert told["sleep_rhythm", "interdaily_stability"] == f"{rhythm['interdaily_stability']:.2f}"
    nights = asked(
        demo_lake(), "from night_to_day where participant_id = ? order by sleep_date", who
    )
    assert told["night_to_day", "sleep_date"] == str(len(nights))
    assert told["night_to_day", "is_complete"] == str(sum(n["is_complete"] for n in nights))
    assert told["night_to_day", "sleep_debt_7d_min"] == hours(nights[-1]["sleep_debt_7d_min"])


def test_the_tables_behind_the_figures_are_the_views(made: Callable[..., str]) -> None:
    page = read(made("ada"))
    nights = asked(
        demo_lake(), "from night_to_day where participant_id = 'ada' order by sleep_date"
    )
    raster = table(page, "raster")
    assert [row["night to"] for row in raster] == [str(n["sleep_date"]) for n in nights]
    assert [row["asleep for, h"] for row in raster] == [hours(n["total_sleep_min"]) for n in nights]
    assert [row["asleep"] for row in raster] == [f"{n['onset_local']:%H:%M}" for n in nights]
    daily = asked(demo_lake(), "from glucose_daily where participant_id = 'ada' order by date")
    days = table(page, "days")
    assert [row["day"][4:] for row in days] == [str(d["date"]) for d in daily][-14:]
    assert [row["in range, %"] for row in days] == [plain(d["tir_pct"], 1) for d in daily][-14:]
    agp = {
        row["minute_of_day"]: row
        for row in asked(demo_lake(), "from agp_profile where participant_id = 'ada'")
    }
    for row in table(page, "profile"):
        there = agp[60 * int(row["time"][:2])]
        assert row["median"] == f"{there['p50_mgdl']:.0f}"
        assert row["95 %"] == f"{there['p95_mgdl']:.0f}"
    (summary,) = asked(demo_lake(), "from glucose_summary where participant_id = 'ada'")
    shares = [float(row["share"].removesuffix(" %")) for row in table(page, "ranges")]
    assert shares[2] == pytest.approx(summary["tir_pct"], abs=0.05)
    assert sum(shares[:2]) == pytest.approx(summary["tbr70_pct"], abs=0.1)
    assert sum(shares[:5]) == pytest.approx(100, abs=0.3)
    assert shares[5] == pytest.approx(summary["titr_pct"], abs=0.05)
    complete = [n for n in nights if n["is_complete"]]
    newest = table(page, f"night-{complete[-1]['sleep_date']}")
    told = {row["what"]: row["value"] for row in newest}
    assert told["glucose overnight"] == f"{complete[-1]['overnight_mean_mgdl']:.0f} mg/dL"
    scatter = table(page, "scatter-fasting-mgdl")
    assert [row["night to"] for row in scatter] == [str(n["sleep_date"]) for n in complete]


def test_a_period_is_of_its_dates_alone(made: Callable[..., str]) -> None:
    page = read(made("ada", "--from", DAYS[0], "--to", DAYS[1]))
    sql = "from glucose_summary_between(?, ?) where participant_id = 'ada'"
    (summary,) = asked(demo_lake(), sql, *DAYS)
    assert numbers(page)["glucose_summary", "tir_pct"] == f"{summary['tir_pct']:.1f}"
    assert numbers(page)["glucose_summary", "mean_mgdl"] == f"{summary['mean_mgdl']:.0f}"
    assert {row["night to"] for row in table(page, "raster")} == {
        str(dt.date(2025, 10, 20) + dt.timedelta(days=n)) for n in range(14)
    }
    profile = asked(demo_lake(), "from agp_profile_between(?, ?) order by minute_of_day", *DAYS)
    hourly = [r for r in profile if r["participant_id"] == "ada" and r["minute_of_day"] % 60 == 0]
    told = table(page, "profile")
    assert [row["days"] for row in told] == [str(r["day_count"]) for r in hourly]
    assert [row["median"] for row in told] == [f"{r['p50_mgdl']:.0f}" for r in hourly]
    assert max(row["days"] for row in told) == "14"
    assert min(row["first day"] for row in table(page, "streams")) >= DAYS[0]
    assert "--from 2025-10-20 --to 2025-11-02" in page.text


def test_the_profile_of_all_data_is_that_of_the_longest_period() -> None:
    between = "from agp_profile_between(null, null) order by all"
    assert asked(demo_lake(), "from agp_profile order by all") == asked(demo_lake(), between)


def test_nothing_is_loaded_and_nothing_runs(made: Callable[..., str]) -> None:
    text = made("ada")
    page = read(text)
    assert len(text.encode()) < 400_000
    assert page.all("script") == page.all("link") == page.all("img") == page.all("iframe") == []
    every = page.all()
    assert {e.attributes["href"][0] for e in every if "href" in e.attributes} == {"#"}
    assert not [e for e in every for name in e.attributes if name.startswith("on") or name == "src"]
    assert "url(" not in text and "@import" not in text
    assert set(re.findall(r"https?://[^\"]+", text)) == {"http://www.w3.org/2000/svg"}


def test_the_page_is_one_for_everybody(made: Callable[..., str]) -> None:
    """Language, landmarks, headings in order, names of images, ids that are unique."""
    page = read(made("ben"))
    assert page.one("html").attributes["lang"] == "en"
    assert [len(page.all(name)) for name in ("header", "nav", "main", "h1", "title")][:4] == [1] * 4
    ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for svg in page.all("svg"):
        title, description = svg.attributes["aria-labelledby"].split()
        assert svg.one(id=title).text and svg.one(id=description).text
    targets = {e.attributes["href"][1:] for e in page.all("a")}
    assert targets <= set(ids)
    levels = [int(e.name[1]) for e in page.all() if re.fullmatch("h[1-6]", e.name)]
    assert levels[0] == 1 and all(b <= a + 1 for a, b in pairwise(levels))
    for each in page.one("main").all("figure"):
        assert each.all("details"), each.attributes["id"]


def test_drawings_are_xml(made: Callable[..., str]) -> None:
    drawn = re.findall(r"<svg.*?</svg>", made("ada"), re.DOTALL)
    assert len(drawn) > 20
    for text in drawn:
        svg = ElementTree.fromstring(text)
        _, _, width, height = (float(n) for n in svg.attrib["viewBox"].split())
        for each in svg.iter():
            for name in ("x", "cx"):
                assert -1 <= float(each.attrib.get(name, 0)) <= width + 1
            for name in ("y", "cy"):
                assert -1 <= float(each.attrib.get(name, 0)) <= height + 1
            assert float(each.attrib.get("width", 0)) >= 0
            assert "nan" not in each.attrib.get("d", "").lower()


def test_the_same_lake_gives_the_same_page(made: Callable[..., str]) -> None:
    assert made("ada") == made("ada")


# without names


def test_nothing_of_a_person_is_on_a_page_without_names(run: Run, tmp_path: Path) -> None:
    def make(root: Path) -> None:
        ada = demo_people()["ada"]
        ingest(Lake(root), ada.paths, "zebulonia", ada.timezone)

    lake = same_again("disguised", make)
    out = tmp_path / "given.html"
    words = ("report", "--lake", lake.root, "--deidentify", "-o", out, "--to", "2025-11-10")
    assert run(*words)[0] == 0
    text = out.read_text("utf-8")
    secrets = ["zebulonia", "America", "New_York", "iOS G7", "2025-1", "2025-11-10", "--to "]
    secrets += [row["file"] for row in asked(lake, "select distinct file from source_file")]
    assert [each for each in secrets if each in text] == []
    page = read(text)
    (summary,) = asked(lake, "from glucose_summary_between(null, '2025-11-10')")
    assert numbers(page)["glucose_summary", "tir_pct"] == f"{summary['tir_pct']:.1f}"
    (heading,) = (h.text for h in page.all("h1"))
    assert re.fullmatch(r"Sleep and glucose of p[0-9a-f]{8}", heading)
    first = dt.date.fromisoformat(table(page, "raster")[0]["night to"])
    (true,) = asked(lake, "select min(sleep_date) as first from night_to_day")
    assert (true["first"] - first).days % 7 == 0 and first < true["first"]
    again = tmp_path / "export"
    assert run("export", "night_to_day", "-o", again, "--deidentify", "--lake", lake.root)[0] == 0
    assert heading.removeprefix("Sleep and glucose of ") in (again / "night_to_day.csv").read_text()


def test_a_page_leaves_out_what_an_export_leaves_out(run: Run, tmp_path: Path) -> None:
    """Column by column, of every view that people may ask for."""
    from warehouse.disguise import Disguise

    disguise = Disguise({"ada": "p00000000"}, {"ada": 10})
    with opened(demo_lake()) as connection:
        reader = Reader(connection, "ada", disguise=disguise)
        for name, view in relations().items():
            if view.layer != "marts" or "participant_id" not in view.columns or view.parameters:
                continue
            described = [
                (r[0], r[1], "") for r in connection.execute(f"describe {name}").fetchall()
            ]
            kept = {column for column, _, _ in given_columns(described)}
            for row in reader.rows(f"from {name} where participant_id = $who limit 40"):
                assert {column for column, value in row.items() if value is not None} <= kept
                assert row["participant_id"] == "p00000000"
    assert "device" not in TEXTS and "zone" not in TEXTS


# what could do harm

HOSTILE = ("<script>alert(1)</script>", "‮evil⁦", "x" * 4000, "\x07bell", '"><img src=x onerror=a>')


@pytest.fixture
def hostile(tmp_path: Path) -> Lake:
    """Someone whose devices have names that want to do harm, and a Hebrew one that does not."""
    someone = Person()
    for day, device in enumerate((*HOSTILE, "שעון")):
        someone.cgm(f"2025-06-{1 + day:02d} 00:00", [100, 120, 140] * 96, device=device)
    someone.sleep("2025-06-01 23:00", [("light", 200), ("deep", 200)], device=HOSTILE[0])
    return lake_of(tmp_path, {"p1": someone})


def page_of(lake: Lake, who: str = "p1") -> str:
    with opened(lake) as connection:
        return person_page(person(Reader(connection, who)), MGDL, About("0", "dawnlake report"))


def test_hostile_names_are_shown_and_do_nothing(hostile: Lake) -> None:
    text = page_of(hostile)
    page = read(text)
    assert page.all("script") == page.all("img") == []
    devices = {row["device"] for row in table(page, "streams")}
    assert "<script>alert(1)</script>" in devices and "שעון" in devices
    assert "⟨U+202E⟩evil⟨U+2066⟩" in devices and "⟨U+0007⟩bell" in devices
    assert max(map(len, devices)) == 120
    assert not re.search("[\x00-\x08\u202a-\u202e\u2066-\u2069]", text)


def test_a_hostile_id_is_a_text(tmp_path: Path) -> None:
    name = '"><script>alert(1)</script>'
    with opened(lake_of(tmp_path, {"p1": Person().cgm("2025-06-01 00:00", [100] * 288)})) as asked_:
        one = person(Reader(asked_, "p1"))
    told = person_page(
        type(one)(**{**vars(one), "participant_id": name}), MGDL, About("0", f"x {name}")
    )
    assert read(told).all("script") == []
    assert shown("a\u202eb") == "a⟨U+202E⟩b"
    from pages.asked.listing import Entry

    page = read(index_page([Entry(name, None, None, [])], MGDL, About("0", name)))
    (link,) = (a for a in page.all("a"))
    assert page.all("script") == [] and "<" not in link.attributes["href"]


# what is missing


def test_little_data_is_said_and_breaks_nothing(tmp_path: Path) -> None:
    few = Person().cgm("2025-06-01 08:00", [100, 110])
    slept = Person().sleep("2025-06-01 23:00", [("light", 200), ("deep", 200)])
    nothing = Person().sample("heart_rate", "2025-06-01 08:00", 60, "/min")
    lake = lake_of(tmp_path, {"p1": few, "p2": slept, "p3": nothing})
    one, two, three = (read(page_of(lake, who)) for who in ("p1", "p2", "p3"))
    assert "There are too few days for a curve of the day." in one.text
    assert "There are no nights in this period." in one.text
    assert "There are no readings of a sensor in this period." in two.text
    assert "No night of this period is complete." in two.text
    assert [row["asleep for, h"] for row in table(two, "raster")] == ["6:40"]
    assert "Not enough nights: 14 more (0 of 14)." in two.text
    assert numbers(three)["night_to_day", "sleep_date"] == "0"


def test_what_effect_found_is_told(made: Callable[..., str], run: Run, tmp_path: Path) -> None:
    lake = Lake(shutil.copytree(demo_lake().root, tmp_path / "lake"))
    assert run("effect", "--lake", lake.root)[0] == 0
    path = tmp_path / "ada.html"
    assert run("report", "--lake", lake.root, "--participant", "ada", "-o", path)[0] == 0
    page = read(path.read_text("utf-8"))
    found = asked(
        lake,
        "from sleep_effect where participant_id = 'ada' and relation = 'same_night'"
        " and slope is not null",
    )
    forest = table(page, "forest")
    assert len(forest) == len(found) > 20
    assert sorted(row["verdict"] for row in forest) == sorted(row["verdict"] for row in found)
    (one,) = (
        r for r in found if (r["exposure"], r["outcome"]) == ("total_sleep_min", "fasting_mgdl")
    )
    caption = page.one("figure", id="figure-scatter-fasting-mgdl").one("figcaption").text
    assert caption.startswith(one["verdict"].capitalize())
    assert f"{one['night_count']} nights" in caption
    assert "run dawnlake effect" in read(made("ada")).text


def test_no_word_claims_a_cause_or_advises(made: Callable[..., str]) -> None:
    text = read(made("ben")).text.lower()
    for word in ("causes", "because of", "leads to", "improves", "you should", "we recommend"):
        assert word not in text
    assert "no medical advice" in text and "does not say that the night is why" in text


# the command


def test_everybody_has_a_page_and_stands_in_the_list(run: Run, tmp_path: Path) -> None:
    root = demo_lake().root
    code, _, err = run("report", "--lake", root, "-o", tmp_path / "all")
    assert code == 0 and str(tmp_path / "all" / "index.html") in err
    assert {p.name for p in (tmp_path / "all").iterdir()} == {"index.html", "ada.html", "ben.html"}
    page = read((tmp_path / "all" / "index.html").read_text("utf-8"))
    listed = rows(page)
    assert [row["participant"] for row in listed] == ["ada", "ben"]
    for row, link in zip(listed, page.all("a"), strict=True):
        assert (tmp_path / "all" / link.attributes["href"]).exists()
        (summary,) = asked(
            demo_lake(), "from glucose_summary where participant_id = ?", row["participant"]
        )
        assert row["in range, %"] == f"{summary['tir_pct']:.1f}"
        assert row["nights"] == "31"
    assert len(page.all("svg")) == 2
    back = read((tmp_path / "all" / "ada.html").read_text("utf-8")).one("header").all("a")[0]
    assert back.attributes["href"] == "index.html"


def test_what_cannot_be_asked_is_said(run: Run, tmp_path: Path) -> None:
    root = demo_lake().root
    for words, told in (
        (("-o", tmp_path / "a.html"), "several participants have a page each"),
        (("--participant", "ada", "-o", tmp_path / "a.pdf"), "a file that ends in .html"),
        (("--participant", "nobody"), "no participant nobody"),
        (("--from", "yesterday"), "take dates such as 2025-10-26"),
        (("--from", "2025-11-02", "--to", "2025-11-01"), "--to is before --from"),
    ):
        code, _, err = run("report", "--lake", root, *words)
        assert code == 2 and told in err
    assert run("report", "--lake", tmp_path / "none")[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_private(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new" / "ada.html"
    assert run("report", "--lake", demo_lake().root, "--participant", "ada", "-o", path)[0] == 0
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert isinstance(read(path.read_text("utf-8")), Element)
