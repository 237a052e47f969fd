"""Text as people send it: encodings, separators, workbooks, Chinese words and headers.

Stories: an id written in GB18030 came out as Windows-1252 mojibake; commas and workbooks were refused; a table of some
thousand columns took minutes.
"""

from __future__ import annotations

import pytest
import xlsxwriter

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.clinical.words import event, material, msi, role, sex
from oncourse.io.detect import detect, read_any
from oncourse.io.hospital.workbook import read_workbook
from oncourse.io.tabular.encoding import sniff
from oncourse.io.tabular.sheets import read_sheets
from oncourse.io.tabular.text import read_table
from oncourse.study.words import meaning, vocabulary

TEXT = "患者编号\t性别\t年龄\n患者01\t女\t60\n患者02\t男\t71\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("lenient", [True, False])
def test_ids_survive_every_encoding(tmp_path, encoding, lenient):
    (tmp_path / "t.tsv").write_bytes(TEXT.encode(encoding))
    table = read_table(tmp_path / "t.tsv", lenient=lenient)
    assert table.frame["患者编号"].to_list() == ["患者01", "患者02"]
    assert not table.has_errors
    assert bool(table.problems) == encoding.startswith("gb")  # named: it was told from the bytes


def test_western_text_is_not_taken_for_chinese(tmp_path):
    (tmp_path / "t.tsv").write_bytes("id\tnote\nA\tMüller, Größe, façade\nB\tnaïve\n".encode("cp1252"))
    table = read_table(tmp_path / "t.tsv", lenient=True)
    assert table.frame["note"].to_list() == ["Müller, Größe, façade", "naïve"]
    assert read_table(tmp_path / "t.tsv").has_errors


@pytest.mark.parametrize("mark", ["\t", ",", ";"])
def test_separators(tmp_path, mark):
    rows = [["id", "value", "note"], ["A", "1", "x"], ["B", "", "y"]]
    (tmp_path / "t.csv").write_text("\n".join(mark.join(r) for r in rows) + "\n")
    table = read_table(tmp_path / "t.csv")
    assert table.frame.rows() == [("A", "1", "x"), ("B", None, "y")]
    assert table.lines.to_list() == [2, 3]


def test_commas_inside_quotes_and_line_numbers(tmp_path):
    (tmp_path / "t.csv").write_text('id,drugs\nA,"Fluorouracil, Oxaliplatin"\nB,"two\nlines"\nC,x\n')
    table = read_table(tmp_path / "t.csv")
    assert table.frame["drugs"].to_list() == ["Fluorouracil, Oxaliplatin", "two lines", "x"]
    assert table.lines.to_list() == [2, 4, 5]


def test_a_comma_in_a_table_of_one_column_with_tabs_stays(tmp_path):
    (tmp_path / "t.tsv").write_text("id\tnote\nA\tone, two\n")
    assert read_table(tmp_path / "t.tsv").frame["note"].to_list() == ["one, two"]


def test_the_wanted_columns_are_asked_for_once(tmp_path):
    """8,000 columns took a hundred times as long as 800: the set of names was made anew for every column."""
    names, asked = [f"c{i}" for i in range(8000)], []
    (tmp_path / "t.tsv").write_text("\t".join(names) + "\n" + "\t".join("1" for _ in names) + "\n")
    table = read_table(tmp_path / "t.tsv", columns=lambda header: asked.append(len(header)) or header)
    assert table.frame.columns == names and asked == [8000]


def book(path, sheets):
    workbook = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = workbook.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                sheet.write(r, c, cell)
    workbook.close()
    return path


CHINESE = {
    "患者信息": [
        ["患者编号", "性别", "年龄", "确诊日期"],
        ["患者01", "女", 60, "2019-01-02"],
        ["患者02", "男", 71, "2019-02-01"],
    ],
    "随访": [
        ["患者编号", "末次随访日期", "生存状态", "死亡日期"],
        ["患者01", "2020-01-02", "存活", None],
        ["患者02", "2020-02-01", "死亡", "2020-02-01"],
    ],
    "样本": [["样本编号", "患者编号", "样本类型"], ["患者01-T", "患者01", "石蜡组织"], ["患者02-P", "患者02", "血浆"]],
    "突变": [
        ["sample_id", "variant_id", "alt_count", "depth", "is_called"],
        ["患者01-T", "12:25245350:C:T", 30, 100, "是"],
    ],
    "备注": [["随便写的东西"]],
}


def test_a_study_in_one_chinese_workbook(tmp_path):
    path = book(tmp_path / "研究.xlsx", CHINESE)
    assert detect(path) == "workbook"
    tables, problems = checked(read_any(path))
    assert not [str(p) for p in problems if p.severity == "error"]
    assert tables["patients"].select("patient_id", "sex", "age_years").rows() == [
        ("患者01", "female", 60.0),
        ("患者02", "male", 71.0),
    ]
    assert tables["follow_up"].select("last_contact_day", "is_dead", "death_day").rows() == [
        (365, False, None),
        (365, True, 365),
    ]
    assert tables["samples"]["material"].to_list() == ["tissue", "plasma"]
    assert tables["calls"]["is_called"].to_list() == [True]
    assert any("备注" in p.message for p in read_any(path).problems)


def test_one_table_of_a_workbook_is_known_by_its_columns(tmp_path):
    path = book(
        tmp_path / "clinical.xlsx", {"Sheet1": [["patient_id", "last_contact_day", "is_dead"], ["P1", 100, "yes"]]}
    )
    reading = read_workbook(path)
    tables, problems = checked(reading)
    assert not [str(p) for p in problems if p.severity == "error"]
    assert tables["follow_up"].select("patient_id", "last_contact_day", "is_dead").rows() == [("P1", 100, True)]
    assert tables["patients"]["patient_id"].to_list() == ["P1"]


def test_a_workbook_that_is_no_study_says_the_way_in(tmp_path):
    path = book(tmp_path / "x.xlsx", {"Sheet1": [["a", "b"], [1, 2]]})
    with pytest.raises(InputError, match="import table"):
        read_workbook(path)


def test_cells_of_a_workbook(tmp_path):
    """A title above the header, dates, whole numbers, an empty row: as a person reads them."""
    path = tmp_path / "t.xlsx"
    workbook = xlsxwriter.Workbook(str(path))
    sheet, day = workbook.add_worksheet("x"), workbook.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write(0, 0, "检验报告")
    for c, name in enumerate(["id", "day", "psa"]):
        sheet.write(1, c, name)
    sheet.write(3, 0, "A")
    sheet.write_datetime(3, 1, __import__("datetime").datetime(2019, 1, 2), day)
    sheet.write(3, 2, 12.5)
    workbook.close()
    found = read_sheets(path)[0]
    assert (found.header, found.rows, found.lines, found.title) == (
        ["id", "day", "psa"],
        [["A", "2019-01-02", "12.5"]],
        [4],
        ("检验报告",),
    )
    table = read_table(path)
    assert table.frame.rows() == [("A", "2019-01-02", "12.5")]
    assert table.lines.to_list() == [4]


def test_a_native_folder_of_csv_with_chinese_words(tmp_path):
    (tmp_path / "患者.csv").write_bytes('患者编号,性别,年龄\nP1,女,"60,5"\n'.encode("gb18030"))
    (tmp_path / "samples.csv").write_text("sample_id;patient_id;material;purity\nS1;P1;组织;0,35\n")
    (tmp_path / "calls.tsv").write_text("sample_id\tvariant_id\tis_called\nS1\t12:25245350:C:T\t是\n")
    (tmp_path / "study.yaml").write_text("title: x\n")
    tables, problems = checked(read_any(tmp_path))
    assert not [str(p) for p in problems if p.severity == "error"]
    assert tables["patients"].select("sex", "age_years").rows() == [("female", 60.5)]
    assert tables["samples"].select("material", "purity").rows() == [("tissue", 0.35)]


def test_words_in_two_languages_mean_one_thing():
    assert [sex(w) for w in ("男", "F", "女性", "?")] == ["male", "female", "female", None]
    assert [event(w) for w in ("死亡", "存活", "1:Event", "未复发", "不详")] == [True, False, True, False, None]
    assert [role(w) for w in ("原发灶", "Metastatic", "肝转移", "x")] == ["primary", "metastasis", "metastasis", None]
    assert [material(w) for w in ("血浆", "石蜡组织", "癌旁")] == ["plasma", "tissue", "normal"]
    assert [msi(w) for w in ("微卫星稳定", "MSI-high")] == ["MSS", "MSI-H"]
    assert [meaning("marker_value", w) for w in ("阳性", "阴性", "neg")] == ["positive", "negative", "negative"]
    # a sign needs its neighbours: `oncourse.facts.markers` reads it
    assert [meaning("marker_value", w) for w in ("-", "（－）", "+")] == [None, None, None]


def test_no_word_of_a_subject_means_two_things():
    """The first meaning would win in silence."""
    import csv
    from importlib.resources import files

    from oncourse.study.words import plain

    lines = files("oncourse.study").joinpath("data/words.tsv").read_text("utf-8").splitlines()
    seen = {}
    for row in csv.DictReader([x for x in lines if not x.startswith("#")], delimiter="\t", quoting=csv.QUOTE_NONE):
        for word in row["words"].split(";"):
            key = row["subject"], plain(word)
            assert seen.setdefault(key, row["ours"]) == row["ours"], key
    assert len(vocabulary()) > 15


@pytest.mark.parametrize("word", ["Größe", "Müller-Übelhör", "àé", "Dünndarm", "naïve", "µg/L", "“quoted”"])
def test_short_western_text_is_not_chinese(word):
    """Two accented letters side by side are a pair of bytes of GB18030 too: Größe was read as Gr鲞e."""
    assert sniff(f"id\tname\n1\t{word}\n".encode("cp1252"))[0] == "cp1252"


@pytest.mark.parametrize("word", ["男", "张三", "李䶮", "Ⅲ期", "ＰＳＡ（总）", "β-微球蛋白"])
def test_short_chinese_text_is(word):
    assert sniff(f"id\tname\n1\t{word}\n".encode("gb18030"))[0] == "gb18030"


def test_a_file_marked_as_utf_8_that_is_damaged_is_refused_with_its_line(tmp_path):
    """Found by the fuzzer: a fault where the header had commas."""
    (tmp_path / "report.tsv").write_bytes(b"\xef\xbb\xbfgene,change\nKRAS,\xe5\n")
    (problem,) = read_table(tmp_path / "report.tsv").problems
    assert problem.row == 2 and "damaged" in problem.message


def test_a_day_beyond_all_days_is_no_day(tmp_path):
    """Found by the fuzzer: 1e300 is a number, and no whole one."""
    from oncourse.io.clinical.timeline import read_timelines

    path = tmp_path / "data_timeline_treatment.txt"
    path.write_text("PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\nP1\t1e300\t\tTREATMENT\nP1\t5\t1e300\tTREATMENT\n")
    told = read_timelines([path]).problems
    assert any(p.column == "START_DATE" and p.message.startswith("1 rows") for p in told)


def test_a_genome_vcf_without_filters_tells_no_coverage():
    """Found by the fuzzer: whether a record failed is not known then."""
    import polars as pl

    from oncourse.io.assays.covered import covered

    row = {"#CHROM": "1", "POS": "5", "REF": "A", "ALT": ".", "FORMAT": "DP", "P1": "90"}
    assert covered(pl.DataFrame([row | {"FILTER": "PASS"}]), {"P1": "P1"}).height == 1
    assert covered(pl.DataFrame([row]), {"P1": "P1"}) is None
