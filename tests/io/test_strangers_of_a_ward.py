"""Workbooks of a ward and its laboratory, written by somebody who had not seen the readers: what each cell says."""

from __future__ import annotations

import pytest
import xlsxwriter

from oncourse.io.detect import read_any

PEOPLE = ("患者编号", "性别", "诊断日期", "末次随访日期", "生存状态")


def _read(folder, sheets):
    with xlsxwriter.Workbook(str(folder / "x.xlsx")) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, ["" if c is None else c for c in row])
    return read_any(folder / "x.xlsx")


def _rows(reading, table, *columns):
    return reading.tables[table].select(columns).rows()


def _told(reading, words):
    return [p.message for p in reading.problems if words in p.message]


@pytest.mark.parametrize(
    "above",
    [
        [("样本编号：L2305-B    样本类型：血浆    采样日期：2023-05-09",)],
        [("样本编号：L2305-B", None, "样本类型：血浆", "采样日期：2023-05-09")],
        [("XX基因检测报告",), ("样本编号：L2305-B",), ("样本类型：血浆 采样日期：2023-05-09",), ("一、体细胞变异",)],
    ],
)
def test_pairs_above_a_table_name_the_sample_and_what_it_is(tmp_path, above):
    """They were read by no one where a cell held several: the sample had the file's name, and was tissue."""
    rows = [
        *above,
        ("基因", "变异", "丰度", "解读"),
        ("EGFR", "p.L858R", "12.3%", "敏感"),
        ("BRAF", "未检出", None, None),
    ]
    reading = _read(tmp_path, {"检测结果": rows})
    assert _rows(reading, "samples", "sample_id", "material") == [("L2305-B", "血浆")]
    assert _rows(reading, "calls", "sample_id", "variant_id") == [("L2305-B", "EGFR:p.L858R")]


def test_a_form_says_facts_of_its_sample(tmp_path):
    form = [("受检者姓名", "某"), ("样本编号", "D001"), ("样本类型", "外周血血浆"), ("采样日期", "2024-03-02")]
    form += [("临床诊断", "结直肠癌"), ("肿瘤突变负荷(TMB)", "6.3 mut/Mb"), ("微卫星状态", "MSS")]
    rows = [("基因", "氨基酸改变", "丰度"), ("KRAS", "p.G12D", "1.25%")]
    reading = _read(tmp_path, {"样本信息": form, "检出变异列表": rows})
    facts = _rows(reading, "samples", "sample_id", "material", "msi_status", "tmb_per_mb")
    assert facts == [("D001", "plasma", "MSS", "6.3")]
    assert "x.xlsx: 样本信息: columns not read: 受检者姓名, 临床诊断" in reading.notes


@pytest.mark.parametrize("sheet, head", [("ctDNA", "采样日期"), ("MRD", "采样日期"), ("检测", "采血日期")])
def test_a_sheet_of_blood_is_of_plasma(tmp_path, sheet, head):
    """Its samples were tissue."""
    rows = [("患者编号", "样本编号", head, "基因", "氨基酸改变", "丰度")]
    rows += [("A1", "A1-B1", "2021-01-05", "KRAS", "p.G12D", "0.8%")]
    rows += [("A1", "A1-B2", "2021-02-05", "KRAS", "p.G12D", "0.2%")]
    reading = _read(tmp_path, {sheet: rows})
    assert _rows(reading, "samples", "sample_id", "material") == [("A1-B1", "plasma"), ("A1-B2", "plasma")]


def test_one_number_of_two_materials_is_two_samples(tmp_path):
    rows = [("样本编号", "标本类型", "基因", "氨基酸改变", "丰度"), ("2301", "FFPE组织", "KRAS", "p.G12C", "25%")]
    rows += [("2301", "外周血", "KRAS", "p.G12C", "0.9%"), ("2302", "石蜡切片", "BRAF", "p.V600E", "18%")]
    rows += [("2302", "cfDNA", "KRAS", "未检出", None)]
    reading = _read(tmp_path, {"检测结果": rows})
    assert _rows(reading, "samples", "sample_id", "patient_id", "material") == [
        ("2301_tissue", "2301", "tissue"),
        ("2301_外周血", "2301", "plasma"),
        ("2302_tissue", "2302", "石蜡切片"),  # as written: words of the vocabulary
        ("2302_plasma", "2302", "cfDNA"),
    ]
    assert _told(reading, "2 samples have rows of several materials (2301, 2302)")


def test_no_read_of_a_depth_is_looked_at_and_not_found(tmp_path):
    """0 of 500 reads was a call, and RAS positive."""
    samples = [("样本编号", "患者编号", "样本类型"), ("T", "G1", "组织"), ("M", "G1", "组织")]
    rows = [("样本编号", "基因", "氨基酸改变", "突变reads", "深度"), ("T", "KRAS", "p.G12D", 120, 400)]
    rows += [("M", "KRAS", "p.G12D", 0, 500)]
    reading = _read(tmp_path, {"样本": samples, "突变": rows})
    counts = _rows(reading, "calls", "sample_id", "alt_count", "depth", "is_called")
    assert counts == [("T", 120, 400, "true"), ("M", 0, 500, "false")]
    markers = _rows(reading, "markers", "patient_id", "marker", "value", "sample_id")
    assert markers == [("G1", "KRAS", "p.G12D not detected", "M")]


def test_a_result_in_the_column_of_genes_is_of_all_that_were_tested(tmp_path):
    """阴性 was a gene that was looked at."""
    rows = [("检测范围：KRAS、NRAS、BRAF全外显子，MSI",), ("患者编号", "样本编号", "样本类型", "基因", "变异", "丰度")]
    rows += [("R1", "R1T", "组织", "KRAS", "p.G12D", "22%"), ("R2", "R2T", "组织", "未检出突变", None, None)]
    rows += [("R3", "R3T", "组织", "阴性", "/", "/")]
    reading = _read(tmp_path, {"结果": rows})
    assert _rows(reading, "assays", "targets") == [("BRAF;KRAS;NRAS",)]
    assert reading.tables["samples"]["assay_id"].n_unique() == 1
    unstated = _read(tmp_path, {"结果": rows[1:]})
    assert set(unstated.tables["assays"]["targets"]) == {"KRAS", ";"}
    assert _told(unstated, "2 samples name no gene in any row (first: R2T)")


def test_who_is_dead_in_one_sheet_and_alive_in_the_other(tmp_path):
    """The follow-up's word was taken, without a word: whoever was dead was alive. Later news counts, else nothing does."""
    people = [
        PEOPLE,
        ("J1", "男", "2020-01-01", "2022-01-01", "存活"),
        ("J2", "女", "2020-01-01", "2022-01-01", "死亡"),
    ]
    people += [("J3", "女", "2020-01-01", "2023-05-01", "死亡"), ("J4", "女", "2020-01-01", "2022-01-01", "存活")]
    follow = [
        ("患者编号", "性别", "随访日期", "生存状态", "死亡日期"),
        ("J1", "女", "2023-06-01", "死亡", "2023-06-01"),
    ]
    follow += [("J2", "女", "2022-06-01", "存活", None), ("J3", "女", "2022-06-01", "存活", None)]
    follow += [("J4", "女", "2022-06-01", "存活", None)]
    reading = _read(tmp_path, {"基本信息": people, "随访": follow})
    rows = _rows(reading, "follow_up", "patient_id", "is_dead", "last_contact_date", "death_date")
    assert {r[0]: r[1:] for r in rows} == {
        "J1": ("死亡", "2023-06-01", "2023-06-01"),
        "J2": (None, "2022-06-01", None),
        "J3": ("true", "2023-05-01", "2023-05-01"),
        "J4": ("存活", "2022-06-01", None),
    }
    assert _told(reading, "1 patients (J2): is_dead stands among the patients and in follow-up, dead in one and alive")
    assert _told(reading, "1 patients (J1): sex stands among the patients and in follow-up, not the same there")
    assert not [n for n in reading.notes if n.startswith(" stand")]


def test_operations_with_their_names_and_words_of_no_treatment(tmp_path):
    heads = (*PEOPLE, "第一次手术日期", "第一次手术名称", "第二次手术日期", "第二次手术名称", "肝转移切除日期")
    first = (
        "E1",
        "男",
        "2019-01-05",
        "2023-01-01",
        "存活",
        "2019-01-20",
        "右半结肠切除术",
        "2020-06-01",
        "肝转移灶切除术",
    )
    other = (
        "E2",
        "女",
        "2019-02-05",
        "2023-01-01",
        "存活",
        "2019-02-20",
        "前切除（Dixon）",
        "2019-03-28",
        "吻合口瘘修补术",
    )
    treated = [
        ("患者编号", "治疗阶段", "方案", "开始日期", "结束日期"),
        ("E1", "一线", "FOLFIRI", "2020-01-05", "治疗中"),
    ]
    treated += [("E1", "术后辅助", "患者拒绝化疗", None, None), ("E2", "未化疗", None, None, None)]
    reading = _read(tmp_path, {"病例": [heads, first, (*other, "2019-12-20")], "治疗": treated})
    assert sorted(_rows(reading, "procedures", "patient_id", "date", "kind")) == [
        ("E1", "2019-01-20", "primary_resection"),
        ("E1", "2020-06-01", "metastasectomy"),
        ("E2", "2019-02-20", "primary_resection"),
        ("E2", "2019-12-20", "metastasectomy"),
    ]
    assert _told(reading, "1 operations are none of the tumour that is known (吻合口瘘修补术)")
    assert _rows(reading, "treatments", "patient_id", "drugs") == [("E1", "FOLFIRI")]


def test_markers_with_their_method_in_brackets(tmp_path):
    people = [
        (*PEOPLE, "HER2(IHC)", "AR-V7（CTC）"),
        ("Q1", "男", "2020-01-01", "2023-01-01", "存活", "3+", "AR-V7阳性"),
    ]
    people += [("Q2", "女", "2020-01-01", "2023-01-01", "存活", "2+", None)]
    reading = _read(tmp_path, {"患者": people})
    assert sorted(_rows(reading, "markers", "patient_id", "marker", "value")) == [
        ("Q1", "AR-V7", "AR-V7阳性"),
        ("Q1", "HER2 IHC", "3+"),
        ("Q2", "HER2 IHC", "2+"),
    ]


@pytest.mark.parametrize("place", [(), ("chr12", 25245350, "C", "T")])
def test_a_doubted_result_is_no_call(tmp_path, place):
    """疑似, 低于检测限, 假阳性 and the like beside a change were calls, with therapy lines."""
    heads = ("患者编号", "样本编号", "基因", "氨基酸改变", "检测结果", "丰度")
    doubted = [("疑似阳性", "0.8%"), ("可疑阳性", None), ("低于检测限", "0.02%"), ("待验证", "1%"), ("不确定", None)]
    doubted += [("弱阳性", "1.1%"), ("假阳性", "0.3%"), ("未检出", "0.2%"), ("检出", "±"), ("-", None)]
    plain = [("检出", "15%"), ("临床意义不确定", "8%"), ("无法判读", None), ("假阳性", None), ("未检出", None)]
    cells = [*doubted, *plain]
    rows = [(f"P{i}", f"P{i}T", "KRAS", "p.G12D", *c, *place) for i, c in enumerate(cells)]
    head = (*heads, *("染色体", "起始位置", "参考碱基", "变异碱基")[: len(place)])
    reading = _read(tmp_path, {"突变": [head, *rows]})
    calls = {s[1:-1]: c for s, c in _rows(reading, "calls", "sample_id", "is_called")}
    assert {s for s, c in calls.items() if c == "true"} == {"10", "11"}
    # seen or looked for, and called by nobody
    assert {s for s, c in calls.items() if c == "false"} == {*map(str, range(9)), "13"}
    tested = dict(reading.tables["assays"].select("assay_id", "targets").iter_rows())
    looked = {s[1:-1]: tested[a] for s, a in _rows(reading, "samples", "sample_id", "assay_id")}
    assert {looked[str(i)] for i in (9, 12, 14)} == {";"}  # not tested, or that change alone


def test_samples_are_what_their_names_say_beside_a_column_of_patients(tmp_path):
    """All were tissue, and DNMT3A of white cells a mutation of the tumour."""
    names = [
        "P1癌",
        "P1血",
        "P2_plasma",
        "P2_FFPE",
        "P3-术前血浆",
        "P4-WBC",
        "P4-cfDNA",
        "P5肝转移灶",
        "P5原发灶",
        "P6-02",
    ]
    rows = [
        ("样本编号", "患者编号", "基因", "氨基酸改变", "丰度"),
        *((n, n[:2], "KRAS", "p.G12D", "5%") for n in names),
    ]
    reading = _read(tmp_path, {"突变": rows})
    material = ["tissue", "plasma", "plasma", "tissue", "plasma", "white_cells", "plasma", "tissue", "tissue", "tissue"]
    assert _rows(reading, "samples", "sample_id", "material") == list(zip(names, material, strict=True))
    assert sorted(_rows(reading, "lesions", "patient_id", "role", "site")) == [
        ("P5", "metastasis", "liver"),
        ("P5", "primary", None),
    ]
    assert _told(reading, "7 samples are what their names say")


def test_patients_and_normals_by_the_names_of_samples(tmp_path):
    """Half of a person's samples were persons of their own, and the normals tumours."""
    names = ["张三-原发", "张三-肝转", "张三-血1", "张三-对照", "李四-T", "李四-N", "李四-LN"]
    found = {"张三-对照": (None, None, None, 800), "李四-N": (None, None, None, 500)}
    rows = [(n, *found.get(n, ("KRAS", "p.G12D", "22%", 1000))) for n in names]
    rows += [("张三-血1", "NRAS", "Q61K 未检出", None, None)]
    reading = _read(tmp_path, {"突变": [("样本名称", "基因", "氨基酸改变", "VAF(%)", "测序深度"), *rows]})
    material = ["tissue", "tissue", "plasma", "normal", "tissue", "normal", "tissue"]
    assert _rows(reading, "samples", "sample_id", "patient_id", "material") == [
        (n, n[:2], m) for n, m in zip(names, material, strict=True)
    ]
    assert set(reading.tables["markers"]["patient_id"]) == {"张三"}  # of the patient, not of the sample
    assert set(reading.tables["patients"]["patient_id"]) == {"张三", "李四"}


def test_files_and_sheets_named_after_what_was_tested(tmp_path):
    """Blood of a sheet 血液检测 was merged with the tissue of 组织检测; a date behind a file's name hid its plasma."""
    heads = ("住院号", "基因", "氨基酸改变", "丰度")
    tissue = [heads, ("31", "KRAS", "p.G12D", "30%"), ("32", "BRAF", "p.V600E", "25%")]
    blood = [heads, ("31", "KRAS", "p.G12D", "0.3%"), ("33", "TP53", "p.R175H", "0.5%")]
    reading = _read(tmp_path, {"组织检测": tissue, "血液检测": blood})
    assert _rows(reading, "samples", "sample_id", "patient_id", "material") == [
        ("31_组织", "31", "tissue"),
        ("32_组织", "32", "tissue"),
        ("31_血液", "31", "plasma"),
        ("33_血液", "33", "plasma"),
    ]
    folder = tmp_path / "reports"
    folder.mkdir()
    for name in ("李四_血浆_20230105", "李四_血浆_2023-06-05", "张三_组织"):
        (folder / f"{name}.csv").write_text("基因,氨基酸改变,丰度\nKRAS,p.G12D,5%\n", encoding="utf-8")
    samples = read_any(folder).tables["samples"].select("patient_id", "material", "day").rows()
    assert sorted(samples, key=str) == [("张三", "tissue", None), ("李四", "plasma", "0"), ("李四", "plasma", "151")]


def test_columns_of_times_are_a_sample_each(tmp_path):
    """They were not read: one sample of tissue, in which KRAS was called without a share."""
    rows = [("患者编号", "基因", "氨基酸改变", "术前", "术后1月", "术后3个月", "术后6月")]
    rows += [("P1", "KRAS", "p.G12D", "1.2%", "未检出", "0.3%", "1.1%")]
    rows += [("P2", "TP53", "p.R175H", "0.5%", "0", "未检测", "<0.01%")]
    reading = _read(tmp_path, {"ctDNA动态": rows})
    assert _rows(reading, "calls", "sample_id", "vaf", "is_called") == [
        ("P1_术前", 0.012, "true"),
        ("P1_术后3个月", 0.003, "true"),
        ("P1_术后6月", 0.011, "true"),
        ("P2_术前", 0.005, "true"),
        ("P2_术后6月", None, "false"),
    ]
    samples = _rows(reading, "samples", "sample_id", "patient_id", "material")
    assert {s for s, _, _ in samples} >= {"P1_术后1月", "P2_术后1月", "P2_术后3个月"}
    assert {(p, m) for _, p, m in samples} == {("P1", "plasma"), ("P2", "plasma")}


def test_a_word_of_a_status_that_is_not_understood_is_one_patients(tmp_path):
    """One Y made the whole column unread, one other word refused the study."""
    said = ["存活", "死亡", "失访", "Y", "无病生存", "临终出院", "死亡", "存活"]
    rows = [(f"K{i}", "男", "2020-01-01", "2022-01-01", word) for i, word in enumerate(said)]
    reading = _read(tmp_path, {"患者": [PEOPLE, *rows]})
    assert reading.tables["follow_up"]["is_dead"].to_list() == [w if w not in ("Y", "临终出院") else None for w in said]
    assert _told(reading, "生存状态: 'Y' may mean alive or dead; not known of 1 patients")
    rows = [(*row, "2021-05-01" if row[4] == "Y" else None) for row in rows]
    dated = _read(tmp_path, {"患者": [(*PEOPLE, "死亡日期"), *rows]})
    assert dated.tables["follow_up"]["is_dead"][3] == "true"  # by the day of his death
    assert _told(reading, "临终出院 under is_dead say neither dead nor alive: not known of 1 patients")


def test_stains_in_words_and_results_of_genes_are_markers(tmp_path):
    """The words of a stain were one marker, the number of the block another; KRAS was a laboratory value."""
    stains = [
        ("患者编号", "病理号", "检测日期", "免疫组化结果"),
        ("D1", "B1", "2020-01-05", "MLH1(-)，PMS2（-），HER2(3+)"),
    ]
    stains += [("D2", "B2", "2020-02-05", "错配修复蛋白表达完整"), ("D3", "B3", "2020-02-05", "见报告")]
    genes = [
        ("患者编号", "检测项目", "检测方法", "结果", "日期"),
        ("D1", "KRAS", "ARMS", "突变型（G12D）", "2020-01-10"),
    ]
    genes += [("D2", "BRAF V600E", "ARMS", "野生型", "2020-02-10"), ("D2", "AR-V7", "CTC", "阳性", "2020-02-10")]
    people = [PEOPLE, *((f"D{i}", "男", "2020-01-01", "2022-01-01", "存活") for i in (1, 2, 3))]
    reading = _read(tmp_path, {"患者": people, "免疫组化": stains, "分子病理": genes})
    assert sorted(_rows(reading, "markers", "patient_id", "date", "marker", "value")) == [
        ("D1", "2020-01-05", "HER2", "3+"),
        ("D1", "2020-01-05", "MLH1", "(-)"),
        ("D1", "2020-01-05", "PMS2", "(-)"),
        ("D1", "2020-01-10", "KRAS", "突变型（G12D）"),
        ("D2", "2020-02-05", "MMR", "错配修复蛋白表达完整"),
        ("D2", "2020-02-10", "AR-V7", "阳性"),
        ("D2", "2020-02-10", "BRAF V600E", "野生型"),
    ]
    assert "labs" not in reading.tables
    assert _told(reading, "1 cells of 免疫组化结果 name no protein that is known (见报告)")


def test_a_column_of_each_protein_beside_a_sheet_of_results(tmp_path):
    """The study was refused: "value is missing"."""
    wide = [("患者编号", "标本", "MLH1", "PMS2", "日期"), ("D1", "活检", "+", "-", "2020-01-05")]
    genes = [("患者编号", "检测项目", "结果", "日期"), ("D1", "KRAS", "G12D", "2020-01-10")]
    reading = _read(
        tmp_path,
        {"患者": [PEOPLE, ("D1", "男", "2020-01-01", "2022-01-01", "存活")], "免疫组化": wide, "分子病理": genes},
    )
    assert sorted(_rows(reading, "markers", "marker", "value")) == [("KRAS", "G12D"), ("MLH1", "+"), ("PMS2", "-")]


def test_the_name_of_a_sheet_is_weaker_than_the_reads_of_the_normal(tmp_path):
    """TP53 of 48 % in the normal was somatic in a sheet called so."""
    rows = [("患者编号", "样本编号", "基因", "氨基酸改变", "肿瘤VAF", "正常VAF", "正常深度")]
    rows += [("P1", "P1T", "TP53", "p.R175H", "45%", "48%", 300), ("P1", "P1T", "KRAS", "p.G12D", "22%", "0%", 300)]
    reading = _read(tmp_path, {"体细胞突变": rows})
    assert dict(_rows(reading, "calls", "variant_id", "origin")) == {
        "TP53:p.R175H": "germline",
        "KRAS:p.G12D": "somatic",
    }
    alone = _read(tmp_path, {"体细胞突变": [row[:6] for row in rows]})
    told = next(p for p in alone.problems if "fractions of the normal have no depth" in p.message)
    assert told.cure and "对照深度" in told.cure
    assert dict(_rows(alone, "calls", "variant_id", "origin"))["TP53:p.R175H"] == "germline"


def test_a_clone_of_the_blood_in_a_list_called_somatic(tmp_path):
    """The share in the normal, with a depth or without: DNMT3A was a mutation of the tumour, untold."""
    rows = [("患者编号", "样本编号", "基因", "氨基酸改变", "丰度", "深度", "对照丰度", "对照深度")]
    rows += [("P1", "P1T", "DNMT3A", "p.R882H", "3.0%", 1000, "5.0%", 400)]
    rows += [("P1", "P1T", "KRAS", "p.G12D", "22%", 1000, "0%", 400)]
    for shown in (rows, [row[:7] for row in rows]):
        reading = _read(tmp_path, {"体细胞突变": shown})
        assert dict(_rows(reading, "calls", "variant_id", "origin")) == {
            "DNMT3A:p.R882H": "chip",
            "KRAS:p.G12D": "somatic",
        }
        assert any("as much as in the tumour" in p.message for p in reading.problems)


def test_depths_beside_the_shares_of_cells_and_plasma(tmp_path):
    """WBC depth and cfDNA depth were not read: the clone of the blood could not be told."""
    rows = [("Sample", "Gene", "AA change", "cfDNA VAF", "cfDNA depth", "WBC VAF", "WBC depth")]
    rows += [("P1", "DNMT3A", "p.R882H", "3.0%", 1000, "5.0%", 400)]
    reading = _read(tmp_path, {"results": rows})
    assert sorted(_rows(reading, "calls", "sample_id", "alt_count", "depth")) == [
        ("P1_WBC", 20, 400),
        ("P1_cfDNA", 30, 1000),
    ]
