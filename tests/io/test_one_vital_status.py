"""Who is dead is read by one rule, whatever the door: a workbook, a flat sheet, a study folder, a table beside the calls.

What may mean alive or dead (1 under 生存状态) is not read unless days of death tell; a death without a day is a death on a
day that is not known, never one at the last contact.
"""

from __future__ import annotations

import pytest
from tests.io.strangers import checked, write_book
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.io.clinical.own_vital import LAST_OR_DEATH
from oncourse.io.detect import read_any
from oncourse.io.files import read_files
from oncourse.patients.page_data import _life

ZERO, SEEN, LATER = "2021-03-05", "2022-01-10", "2022-02-10"  # days 311 and 342
MAF = (
    "Hugo_Symbol\tChromosome\tStart_Position\tEnd_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
)


def _workbook(path, header, rows):
    people = [["患者编号", "诊断日期"], *([r[0], ZERO] for r in rows)]
    return read_any(write_book(path / "x.xlsx", 患者=people, 随访=[["患者编号", *header], *rows]))


def _flat(path, header, rows):
    return read_any(
        write_book(path / "x.xlsx", 患者=[["患者编号", "诊断日期", *header], *([r[0], ZERO, *r[1:]] for r in rows)])
    )


def _folder(path, header, rows):
    for name, text in (("samples", "sample_id\tpatient_id\n"), ("calls", "sample_id\tvariant_id\n")):
        (path / f"{name}.tsv").write_text(text)
    (path / "patients.tsv").write_text("patient_id\tindex_date\n" + "".join(f"{r[0]}\t{ZERO}\n" for r in rows))
    (path / "follow_up.tsv").write_text("\n".join("\t".join(r) for r in [["patient_id", *header], *rows]) + "\n")
    return read_any(path)


def _beside(path, header, rows):
    calls = "".join(f"KRAS\t12\t25398284\t25398284\tC\tT\t{r[0]}\n" for r in rows)
    (path / "a.maf").write_text(MAF + calls)
    table = [["患者编号", "诊断日期", *header], *([r[0], ZERO, *r[1:]] for r in rows)]
    (path / "c.csv").write_text("\n".join(",".join(r) for r in table) + "\n")
    return read_files([path / "a.maf"], clinical=[path / "c.csv"])


DOORS = (_workbook, _flat, _folder, _beside)
HEADER = ("末次随访日期", "死亡日期", "生存状态")


def _lives(reading):
    tables, problems = checked(reading)
    columns = ("patient_id", "is_dead", "last_contact_day", "death_day")
    return tables["follow_up"].select(columns).rows(), [str(p) for p in (*reading.problems, *problems)]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("words", [("1", "0"), ("是", "否")])
def test_a_status_that_may_mean_either_is_asked_and_not_read(tmp_path, door, words):
    """A workbook read 1 as dead with a warning, a table beside the calls 生存状态 = 1 without one; 是 was an error here."""
    found, told = _lives(door(tmp_path, HEADER, [["P1", SEEN, "", words[0]], ["P2", LATER, "", words[1]]]))
    assert found == [("P1", None, 311, None), ("P2", None, 342, None)]
    assert any("may mean alive or dead; not read" in t and "(0=alive, 1=dead)" in t for t in told)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("dead", ["1", "0"])
def test_days_of_death_tell_what_a_code_means(tmp_path, door, dead):
    """0 with a day of death and 1 without is 0 for the dead: it was a contradiction."""
    alive = "10"[int(dead)]
    rows = [["P1", SEEN, SEEN, dead], ["P2", LATER, "", alive], ["P3", LATER, "", dead]]
    found, told = _lives(door(tmp_path, HEADER, rows))
    assert found == [("P1", True, 311, 311), ("P2", False, 342, None), ("P3", True, 342, None)]
    assert not any("may mean" in t for t in told)
    assert (
        sum("dead without a day of death (first: P3)" in t or "(P3): dead, on a day that is not" in t for t in told)
        == 1
    )


@pytest.mark.parametrize("door", DOORS[:2] + DOORS[3:])
def test_a_death_without_a_day_is_none_at_the_last_contact(tmp_path, door):
    """A workbook took the last contact as the day of death where nobody had one; beside the calls the death was lost."""
    reading = door(tmp_path, HEADER, [["P1", SEEN, "", "死亡"], ["P2", LATER, "", "存活"]])
    found, told = _lives(reading)
    assert found == [("P1", True, 311, None), ("P2", False, 342, None)]
    assert checked(reading)[0]["follow_up"]["death_earliest_day"].to_list() == [311, None]
    assert sum("day of death" in t for t in told) == 1


@pytest.mark.parametrize("door", DOORS[:2] + DOORS[3:])
def test_the_day_of_death_or_last_contact_is_both(tmp_path, door):
    """末次随访/死亡日期 was kept as a column nobody reads."""
    found, told = _lives(
        door(tmp_path, ("末次随访/死亡日期", "生存状态"), [["P1", SEEN, "死亡"], ["P2", LATER, "存活"]])
    )
    assert found == [("P1", True, 311, 311), ("P2", False, 342, None)] and not any("death" in t for t in told)


def test_headers_of_one_day_for_both():
    both = (
        "Date of death or last follow-up",
        "末次随访或死亡时间",
        "date_last_seen/death",
        "Last contact or death date",
    )
    assert all(LAST_OR_DEATH.search(h.replace("_", " ")) for h in both)
    assert not any(
        LAST_OR_DEATH.search(h) for h in ("死亡日期", "末次随访日期", "Cause of death", "Alive or dead", "死亡/存活")
    )


def test_the_page_says_what_is_known_of_a_life():
    """Vital status unknown was "alive at last contact" on the patient's page; a death without its day stood on it."""
    rows = [(None, None, None), (True, None, 100), (False, None, None), (True, 90, None)]
    cohort = Cohort(
        study(
            patients=[{"patient_id": p} for p in "ABCDE"],
            samples=[],
            calls=[],
            follow_up=[
                {
                    "patient_id": p,
                    "last_contact_day": d or 100,
                    "is_dead": dead,
                    "death_day": d,
                    "death_earliest_day": first,
                }
                for p, (dead, d, first) in zip("ABCD", rows, strict=True)
            ],
        )
    )
    assert [_life(cohort, p) for p in "ABCDE"] == [
        "vital status unknown; last contact on day 100",
        "dead, on a day that is not known; last contact on day 100",
        "alive at last contact, day 100",
        "dead, day 90",
        None,
    ]


def test_age_and_material_of_a_table_beside_the_calls_are_those_of_a_workbook(tmp_path):
    """61岁 was no number, and saliva and a buffy coat were tumour tissue."""
    calls = "".join(f"KRAS\t12\t25398284\t25398284\tC\tT\tS{i}\n" for i in range(3))
    (tmp_path / "a.maf").write_text(MAF + calls)
    rows = (("S0", "61岁", "FFPE"), ("S1", "62", "唾液"), ("S2", "63 y", "Buffy coat"))
    table = [["样本编号", "患者编号", "年龄", "样本类型"], *([s, f"P{i}", a, m] for i, (s, a, m) in enumerate(rows))]
    (tmp_path / "c.csv").write_text("\n".join(",".join(r) for r in table) + "\n")
    tables, _ = checked(read_files([tmp_path / "a.maf"], clinical=[tmp_path / "c.csv"]))
    assert tables["patients"]["age_years"].to_list() == [61, 62, 63]
    assert tables["samples"]["material"].to_list() == ["tissue", "normal", "white_cells"]
