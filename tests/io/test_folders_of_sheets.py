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
