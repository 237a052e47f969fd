"""A folder of CSV sheets of an mCRPC study, as a hospital exports them: the laboratory's report is one of them."""

from __future__ import annotations

from oncourse.io.detect import read_any

_SHEETS = {
    "患者信息": (
        "住院号,年龄,初诊日期,末次随访日期,生存状态\nM01,68,2018-03-01,2022-05-20,死亡\n"
        "M03,65,2019-06-01,2021-12-30,存活\n"
    ),
    "治疗": (
        "住院号,治疗方案,治疗阶段,开始日期,结束日期\nM01,戈舍瑞林,内分泌治疗,2018-03-10,\n"
        "M01,泽珂+泼尼松,mCRPC一线,2020-01-10,2020-12-20\n"
    ),
    "PSA": "住院号,检测日期,PSA(ng/ml)\nM01,2020-01-08,80\n",
    "基因检测": (
        "住院号,样本编号,样本类型,采样日期,基因,氨基酸改变,丰度,变异来源\n"
        "M01,M01T,原发灶,2018-03-05,BRCA2,p.S1982Rfs*22,48%,胚系\nM01,M01P,血浆,2021-07-20,AR,p.T878A,6%,体细胞\n"
        "M03,M03T,转移灶,2020-07-10,TP53,p.R175H,40%,体细胞\nM03,M03T,转移灶,2020-07-10,MSI-H,,,\n"
    ),
}


def test_the_report_of_the_laboratory_is_a_sheet_too(tmp_path):
    """基因检测.csv lay "beside the workbook": a study without a sample. 内分泌治疗 was an error, MSI-H a gene."""
    for name, text in _SHEETS.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    reading = read_any(tmp_path)
    tables = reading.tables
    samples = {s: (p, m) for s, p, m in tables["samples"].select("sample_id", "patient_id", "msi_status").rows()}
    assert samples == {"M01T": ("M01", None), "M01P": ("M01", None), "M03T": ("M03", "MSI-H")}
    assert tables["calls"].select("sample_id", "variant_id").rows() == [
        ("M01T", "BRCA2:p.S1982Rfs*22"),
        ("M01P", "AR:p.T878A"),
        ("M03T", "TP53:p.R175H"),
    ]
    assert tables["treatments"].select("drugs", "setting").rows() == [("戈舍瑞林", None), ("泽珂+泼尼松", "mCRPC")]
    assert not [p for p in reading.problems if p.severity == "error"]


def test_tables_of_text_beside_calls_are_the_clinical_part(tmp_path):
    """A MAF with patients.csv, samples.csv, treatments.csv and psa.csv in one folder was refused; its cure lost the
    treatments and the PSA."""
    head = (
        "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build"
    )
    rows = ["TP53\t17\t7577120\tC\tT\tP1_primary\tGRCh37", "AR\tX\t66943552\tA\tG\tP1_cf1\tGRCh37"]
    (tmp_path / "mutations.maf").write_text("\n".join([head, *rows, ""]), "utf-8")
    texts = {
        "patients": "patient_id,age,diagnosis date,date of last contact,vital status\nP1,66,2019-01-10,2021-06-01,dead\n",
        "samples": "sample_id,patient_id,sample type,collection date\nP1_primary,P1,Primary,2019-01-15\n"
        "P1_cf1,P1,Plasma,2020-11-01\n",
        "treatments": "patient_id,regimen,line,start date\nP1,Abiraterone,1,2020-01-05\n",
        "psa": "patient_id,date,PSA\nP1,2020-01-03,45\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    reading = read_any(tmp_path)
    tables = reading.tables
    assert tables["samples"].select("sample_id", "patient_id", "date").rows() == [
        ("P1_primary", "P1", "2019-01-15"),
        ("P1_cf1", "P1", "2020-11-01"),
    ]
    assert tables["treatments"].select("patient_id", "drugs", "line").rows() == [("P1", "Abiraterone", "1")]
    assert tables["labs"].select("patient_id", "analyte", "value").rows() == [("P1", "PSA", "45")]
    assert tables["follow_up"].select("patient_id", "is_dead").rows() == [("P1", "dead")]
    assert tables["calls"]["sample_id"].to_list() == ["P1_primary", "P1_cf1"]
    assert not [p for p in reading.problems if "not read" in p.message or p.severity == "error"]


def test_two_files_of_one_table_are_both_read_and_both_said_so(tmp_path):
    """Of psa.csv and CEA.csv the first was read and told as not read."""
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode"
    (tmp_path / "a.maf").write_text(f"{head}\nTP53\t17\t7577120\tC\tT\tP1\n", "utf-8")
    (tmp_path / "patients.csv").write_text("patient_id,diagnosis date\nP1,2019-01-10\n", "utf-8")
    (tmp_path / "psa.csv").write_text("patient_id,date,PSA\nP1,2020-01-03,45\n", "utf-8")
    (tmp_path / "CEA.csv").write_text("patient_id,date,CEA\nP1,2021-01-03,9\n", "utf-8")
    reading = read_any(tmp_path)
    assert sorted(reading.tables["labs"]["value"]) == ["45", "9"]
    states: dict = {}
    for name, _, state, *_ in reading.ledger.files:
        states.setdefault(name, set()).add(state)
    assert states["psa.csv"] == states["CEA.csv"] == {"used"}
    assert not [p for p in reading.problems if "not read" in p.message]


def test_a_day_or_a_study_in_the_name_of_a_table_says_nothing(tmp_path):
    """psa_2020.csv beside 患者.csv and 基因检测.csv made the folder "no study"; the cure it gave lost the patients."""
    texts = {
        "CRPC_患者信息_20240501": "住院号,年龄,诊断日期,末次随访日期,生存状态\nP1,66,2018-01-03,2021-01-02,存活\n",
        "psa_2020": "住院号,日期,PSA\nP1,2020-01-03,45\n",
        "基因检测 v2": "住院号,样本编号,样本类型,基因,氨基酸改变,丰度(突变/总)\n"
        "P1,P1T,原发灶,KRAS,p.G12D,48%(103/210)\nP1,P1P,血浆,TP53,p.R175H,1.2%（25/2100）\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    tables = read_any(tmp_path).tables
    assert tables["labs"].select("patient_id", "analyte", "value").rows() == [("P1", "PSA", "45")]
    assert tables["calls"].select("sample_id", "variant_id", "alt_count", "depth").rows() == [
        ("P1T", "KRAS:p.G12D", 103, 210),
        ("P1P", "TP53:p.R175H", 25, 2100),
    ]
