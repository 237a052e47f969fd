"""A scan whose date is a month: what its visit says of the day (SDTM IG 3.4, 4.4.2-4.4.5)."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from oncourse.cli.main import cli
from oncourse.io.cdisc.sdtm import read_sdtm
from oncourse.study.validate import validate

#: First dose on 20 January 2020: day 0.
DM = "USUBJID,SEX,RFSTDTC,RFPENDTC\nS1,M,2020-01-20,2020-12-31\n"
HEAD = "USUBJID,RSTESTCD,RSSTRESC,RSEVAL,RSDTC,RSDY,VISIT,VISITNUM,VISITDY\n"


def scans(folder, *rows):
    """Return day read, first and last possible day of the scans (date, --DY, visit, number, planned day)."""
    (folder / "dm.csv").write_text(DM)
    (folder / "rs.csv").write_text(HEAD + "".join(f"S1,OVRLRESP,SD,INVESTIGATOR,{','.join(r)}\n" for r in rows))
    reading = read_sdtm(folder)
    tables, problems = validate(reading.tables, reading.config)
    assert not [p for p in problems if p.severity == "error"]
    days = tables["assessments"]["day"].to_list()
    if "partial_dates" not in tables:
        return days, [], reading
    return days, tables["partial_dates"].select("day", "earliest_day", "latest_day").rows(), reading


@pytest.mark.parametrize(
    ("row", "read", "kept"),
    [
        (("2020-01", "", "SCREENING", "1", ""), -19, (-19, -19, 0)),  # 1 January; never after the first dose
        (("2020-01", "", "WEEK 1", "2", ""), 1, (1, 1, 11)),  # after the first dose, until 31 January
        (("2020-01", "", "VISIT 1", "1", "1"), 0, (0, -19, 0)),  # planned for day 1: not after the dose
        (("2020-03", "", "WEEK 8", "3", "57"), 56, (56, 41, 71)),  # the planned day, 16 March
        (("2020-03", "", "WEEK 8", "3", "120"), 71, (71, 41, 71)),  # planned for May: as near as March allows
        (("2020-03", "", "UNSCHEDULED", "", ""), 41, (41, 41, 71)),
        (("2020-03", "50", "WEEK 8", "3", ""), 49, None),  # --DY 50 is 9 March: the day is known
        (("2019-11", "", "WEEK 8", "3", ""), -80, (-80, -80, -51)),  # the name is not believed against the month
    ],
)
def test_the_day_of_a_scan_of_a_month(tmp_path, row, read, kept):
    days, intervals, _ = scans(tmp_path, row)
    assert days == [read] and intervals == ([kept] if kept else [])


def test_scans_of_one_visit_number_are_one_assessment(tmp_path):
    """Without VISIT the liver four days after the lung was a visit of its own, and both were incomplete."""
    (tmp_path / "dm.csv").write_text(DM)
    rows = [("T1", 50, "01-15", "1"), ("T2", 40, "01-18", "1"), ("T1", 30, "03-16", "2"), ("T2", 20, "03-20", "2")]
    rows += [("T1", 30, "03-24", "2.01")]  # unscheduled
    head = "USUBJID,TRLNKID,TRTESTCD,TRORRES,TRORRESU,TRDTC,VISITNUM\n"
    (tmp_path / "tr.csv").write_text(head + "".join(f"S1,{a},LDIAM,{v},mm,2020-{d},{n}\n" for a, v, d, n in rows))
    reading = read_sdtm(tmp_path)
    days = validate(reading.tables, reading.config)[0]["target_lesions"].select("lesion_id", "day").rows()
    assert sorted(days) == [("T1", -5), ("T1", 56), ("T1", 64), ("T2", -5), ("T2", 56)]


def test_visits_of_one_month_keep_their_order_and_lie_between_their_neighbours(tmp_path):
    """Both were read as the first of the month: one assessment, before the visit that came before them."""
    days, intervals, _ = scans(
        tmp_path,
        ("2020-03-05", "", "WEEK 6", "2", ""),
        ("2020-03", "", "WEEK 7", "3", ""),
        ("2020-03", "", "WEEK 8", "4", ""),
        ("2020-03-20", "", "WEEK 9", "5", ""),
    )
    assert days == [45, 46, 47, 60]
    assert sorted(intervals) == [(46, 46, 58), (47, 47, 59)]


def test_a_year_is_a_day_only_between_two_visits(tmp_path):
    days, intervals, reading = scans(
        tmp_path,
        ("2020-03-05", "", "WEEK 6", "2", ""),
        ("2020", "", "WEEK 9", "3", ""),
        ("2020-05-01", "", "WEEK 12", "4", ""),
        ("2020", "", "WEEK 40", "9", ""),
    )
    assert days == [45, 46, 102] and intervals == [(46, 46, 101)]
    told = [str(p) for p in reading.problems]
    assert told[1] == (
        "RS.RSDTC, row 5 (S1): '2020' is not a full date: 2020-05-02 to 2020-12-31, not used. "
        "Give the day; a response is dated to it."
    )


def test_a_scan_of_a_month_shows_alive_from_its_first_day_only(tmp_path):
    """Its planned day, 16 March, is no contact: the patient was seen on some day of March."""
    (tmp_path / "dm.csv").write_text("USUBJID,SEX,RFSTDTC\nS1,M,2020-01-20\n")
    (tmp_path / "rs.csv").write_text(HEAD + "S1,OVRLRESP,SD,INVESTIGATOR,2020-03,,WEEK 8,3,57\n")
    follow = read_sdtm(tmp_path).tables["follow_up"]
    assert follow["last_contact_date"].to_list() == ["2020-03-01"]


def test_a_folder_with_a_scan_of_a_month_is_imported_by_the_command(tmp_path):
    """What lies beside a source (`oncourse.io.carried`) is asked for after reading: intervals by date are left alone."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "dm.csv").write_text(DM)
    (source / "rs.csv").write_text(HEAD + "S1,OVRLRESP,SD,INVESTIGATOR,2020-03,,WEEK 8,3,57\n")
    done = CliRunner().invoke(cli, ["import", "auto", str(source), str(tmp_path / "study")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "study" / "partial_dates.tsv").read_text().splitlines()[1].split("\t")[4:] == ["56", "41", "71"]
