"""Values in a column per time (基线PSA, 1月PSA): the row's own start of treatment was ignored, the times counted from the
diagnosis, and a fall of PSA by 80 % was none."""

from pathlib import Path

import pytest

PATIENTS = "patient_id,sex,index_date\nP01,male,2022-01-01\nP02,male,2022-01-01\n"
SAMPLES = "sample_id,patient_id,material\nP01T,P01,tissue\nP02T,P02,tissue\n"


def _labs(folder: Path, labs: str, patients: str = PATIENTS):
    from oncourse.io.detect import read_any

    book = {"patients": patients, "samples": SAMPLES, "labs": labs}
    for name, text in book.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "calls.maf").write_text(
        "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
        "AR\tX\t67723710\tA\tG\tP01T\n"
    )
    reading = read_any(folder)
    rows = reading.tables.get("labs")
    found = (
        [] if rows is None else [tuple(r) for r in rows.select("patient_id", "date", "analyte", "value").iter_rows()]
    )
    return sorted(found), [*reading.notes, *(str(p) for p in reading.problems)]


@pytest.mark.parametrize(
    "start", ["治疗开始日期", "用药开始", "start date", "Treatment start date", "阿比特龙开始日期", "一线治疗开始日期"]
)
@pytest.mark.parametrize(
    "columns",
    [
        "基线PSA,1月PSA,3月PSA",
        "PSA_baseline,PSA_1m,PSA_3m",
        "baseline PSA,month 1 PSA,PSA M3",
        "治疗前PSA,治疗后1月PSA,治疗后3个月PSA",
    ],
)
def test_times_count_from_the_start_of_treatment_in_the_row(tmp_path: Path, start: str, columns: str) -> None:
    labs, told = _labs(tmp_path, f"patient_id,{start},{columns}\nP01,2022-03-01,100,30,20\n")
    assert labs == [
        ("P01", "2022-03-01", "PSA", "100"),
        ("P01", "2022-03-31", "PSA", "30"),
        ("P01", "2022-05-31", "PSA", "20"),
    ]
    assert any("the start of treatment in their own row" in t for t in told)
    assert not any("from day 0 or the operation" in t for t in told)


def test_other_analytes_and_weeks_count_alike(tmp_path: Path) -> None:
    labs, _ = _labs(tmp_path, "patient_id,start date,睾酮_3m,week 4 ALP,LDH W12\nP01,2022-03-01,0.3,100,210\n")
    assert {(r[1], r[2]) for r in labs} == {
        ("2022-05-31", "testosterone"),
        ("2022-03-29", "ALP"),
        ("2022-05-24", "LDH"),
    }


def test_values_of_a_row_without_its_start_are_told_and_not_placed(tmp_path: Path) -> None:
    """The start dates the columns: a row without it has no day, and that of its diagnosis would be wrong."""
    labs, told = _labs(tmp_path, "patient_id,治疗开始日期,基线PSA,1月PSA\nP01,2022-03-01,100,30\nP02,,50,10\n")
    assert {r[0] for r in labs} == {"P01"}
    assert any("2 values have no date of the start of treatment" in t for t in told)


def test_values_at_diagnosis_stay_at_day_0(tmp_path: Path) -> None:
    labs, _ = _labs(tmp_path, "patient_id,治疗开始日期,初诊PSA,1月PSA\nP01,2022-03-01,100,30\n")
    assert [r[1] for r in labs] == ["2022-01-01", "2022-03-31"]


@pytest.mark.parametrize("head", ["", "ADT开始日期,阿比特龙开始日期,"])
def test_without_one_start_in_the_row_times_count_from_day_0_and_are_warned_of(tmp_path: Path, head: str) -> None:
    cells = "2021-05-01,2022-03-01," if head else ""
    labs, told = _labs(tmp_path, f"patient_id,{head}基线PSA,1月PSA\nP01,{cells}100,30\n")
    assert [r[1] for r in labs] == ["2022-01-01", "2022-01-31"]
    assert any("from day 0 or the operation" in t for t in told)


def test_times_after_a_treatment_that_nobody_dates_are_told_and_not_read(tmp_path: Path) -> None:
    labs, told = _labs(tmp_path, "patient_id,基线PSA,治疗后1月PSA,PSA治疗后2周期\nP01,100,30,20\n")
    assert [r[3] for r in labs] == ["100"]
    assert any("治疗后1月PSA, PSA治疗后2周期" in t and "cannot be placed" in t for t in told)
