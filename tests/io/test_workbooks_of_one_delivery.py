"""Two workbooks of one delivery (clinical data; results of sequencing), side by side or in folders: they were "no study
folder", and each alone lacked what the other holds."""

from pathlib import Path

import pytest
from tests.io.strangers import write_book

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.detect import detect, read_any

PEOPLE = [
    ["编号", "性别", "确诊日期", "末次随访日期", "生存状态", "死因"],
    ["PC001", "男", "2019-05-01", "2023-12-01", "死亡", "前列腺癌"],
    ["PC002", "男", "2020-06-12", "2024-02-28", "存活", "未知"],
]
TREATMENTS = [["编号", "治疗方案", "开始日期", "结束日期"], ["PC001", "阿比特龙", "2022-03-20", "持续中"]]
SAMPLES = [
    ["样本编号", "患者编号", "样本类型", "采样日期", "肿瘤细胞含量(%)"],
    ["PC001T", "PC001", "FFPE组织", "2019-04-28", "45"],
    ["PC002P", "PC002", "血浆", "2022-05-01", "/"],
]
CALLS = [
    ["样本编号", "基因", "染色体", "起始位置", "参考碱基", "变异碱基", "氨基酸改变", "测序深度", "变异reads数"],
    ["PC001T", "TP53", "chr17", "7578406", "C", "T", "p.R175H", "220", "66"],
]
FUSIONS = [["样本编号", "融合基因"], ["PC001T", "TMPRSS2-ERG"], ["PC002P", "未检出"]]
CLINICAL = {"基本信息": PEOPLE, "治疗情况": TREATMENTS}
RESULTS = {"样本信息": SAMPLES, "体细胞突变": CALLS, "融合": FUSIONS}


def _book(path: Path, sheets: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_book(path, **sheets)


@pytest.mark.parametrize("folders", [("", ""), ("01临床资料/", "02测序数据/"), ("", "测序/第一批/")])
def test_both_books_are_one_study(tmp_path: Path, folders: tuple[str, str]) -> None:
    _book(tmp_path / f"{folders[0]}临床数据库_终版v3(1).xlsx", CLINICAL)
    _book(tmp_path / f"{folders[1]}WES_结果.xlsx", RESULTS)
    reading = read_any(tmp_path)
    tables, problems = checked(reading)
    assert not [p for p in (*reading.problems, *problems) if p.severity == "error"]
    assert tables["patients"]["patient_id"].to_list() == ["PC001", "PC002"]
    assert dict(tables["samples"].select("sample_id", "day").iter_rows()) == {"PC001T": -3, "PC002P": 688}
    assert tables["samples"]["purity"].to_list() == [0.45, None]
    assert tables["calls"]["sample_id"].to_list() == ["PC001T"]
    assert tables["fusions"].select("gene_5p", "gene_3p").rows() == [("TMPRSS2", "ERG")]
    assert tables["treatments"]["stop_day"].to_list() == [None]
    assert any("编号 of 临床数据库_终版v3(1).xlsx is 患者编号 of WES_结果.xlsx" in n for n in reading.notes)
    assert any("2 patients stand in both" in n for n in reading.notes)


def test_books_of_other_people_are_refused_with_what_helps(tmp_path: Path) -> None:
    others = [SAMPLES[0], *([f"X{i}T", f"X{i}", "血浆", "2022-05-01", "10"] for i in range(3))]
    _book(tmp_path / "临床.xlsx", CLINICAL)
    _book(tmp_path / "测序.xlsx", {"样本信息": others})
    with pytest.raises(
        InputError, match=r"the patients of 测序\.xlsx \(X0, X1, X2\) are not those of 临床\.xlsx"
    ) as error:
        detect(tmp_path)
    assert "Put their sheets into one workbook" in str(error.value)


def test_two_states_of_one_database_are_refused(tmp_path: Path) -> None:
    """Which counts nobody knows."""
    _book(tmp_path / "临床_v1.xlsx", CLINICAL)
    _book(tmp_path / "临床_v2.xlsx", CLINICAL)
    with pytest.raises(InputError, match="both hold a table of patients"):
        detect(tmp_path)


def test_a_cause_of_death_of_the_living_stays_a_contradiction(tmp_path: Path) -> None:
    rows = [PEOPLE[0], PEOPLE[1], [*PEOPLE[2][:-1], "前列腺癌"]]
    _book(tmp_path / "临床.xlsx", {"基本信息": rows, "治疗情况": TREATMENTS})
    _book(tmp_path / "测序.xlsx", RESULTS)
    reading = read_any(tmp_path)
    assert any("is_dead is false" in str(p) for p in checked(reading)[1])


def test_cells_of_fusions_that_are_no_pair_are_told(tmp_path: Path) -> None:
    rows = [["样本编号", "融合基因"], ["PC001T", "TMPRSS2-ERG"], ["PC001T", "EML4::ALK 融合"], ["PC001T", "疑似重排"]]
    _book(tmp_path / "r.xlsx", {"样本信息": SAMPLES, "体细胞突变": CALLS, "融合": [*rows, ["PC002P", "未检出"]]})
    reading = read_any(tmp_path / "r.xlsx")
    found = reading.tables["fusions"]
    assert found.select("gene_5p", "gene_3p").rows() == [("TMPRSS2", "ERG"), ("EML4", "ALK")]
    assert any("left out" in p.message for p in reading.problems)
