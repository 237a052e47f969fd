"""Siblings of cases that are known: another field, another program, another spelling of the same trap.

Each is written small and by hand; every id and number is made up.
"""

from __future__ import annotations

import doctest
from pathlib import Path

import polars as pl
import pytest
from tests.io.strangers import KRAS_ROW, MAF, write_table, write_vcf

from oncourse.errors import InputError
from oncourse.facts import report_genes
from oncourse.io.clinical import sample_ids
from oncourse.io.files import read_files
from oncourse.io.reports import mapping, panel_numbers
from oncourse.io.reports.mapping import is_panel, read_panel
from oncourse.io.structural import segments
from oncourse.io.structural.fusion_callers import read_fusion_calls
from oncourse.io.tabular import units
from oncourse.io.variants import calls as calls_of_files
from oncourse.io.variants import maf_rows, population, vcf_rows
from oncourse.io.variants.calls import read_calls
from oncourse.io.variants.maf import read_maf
from oncourse.io.variants.maf_columns import spelled
from oncourse.io.variants.vcf import read_vcf
from oncourse.io.whose import columns, ids, names_of_all, roles, sample_names
from oncourse.io.whose.manifest import Question
from oncourse.io.whose.start import Start


@pytest.mark.parametrize(
    "module",
    [
        calls_of_files,
        ids,
        mapping,
        maf_rows,
        names_of_all,
        panel_numbers,
        population,
        report_genes,
        roles,
        sample_names,
        segments,
        units,
        vcf_rows,
    ],
)
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_a_genotype_that_cannot_be_read_is_no_absence(tmp_path):
    """An allele that the record lacks (a split that kept 0/2), R's NA, a cell of another column: the change was absent."""
    cells = {"a": "0/1:70,30", "b": "0/2:70,30", "c": "12", "d": "GT:AD", "e": "30%", "f": "0/0:70,0", "g": "1/2:70,30"}
    row = f"12 25398284 . C T 50 PASS . GT:AD {' '.join(cells.values())}"
    found = read_vcf(write_vcf(tmp_path / "x.vcf", list(cells), [row]))
    said = {s: (c, f) for s, c, f in found.calls.select("sample_id", "is_called", "filter").iter_rows()}
    none = (False, vcf_rows.NO_GENOTYPE)
    there = (True, "PASS")
    assert said == {"a": there, "b": none, "c": none, "d": none, "e": none, "f": (False, "PASS"), "g": there}
    assert any("no genotype that can be read" in p.message for p in found.problems)


@pytest.mark.parametrize("cell", ["0/0", "0", "NA", "NA:NA", "0/0:."])
def test_what_passes_in_the_only_sample_is_not_absent_without_a_read(tmp_path, cell):
    found = read_vcf(write_vcf(tmp_path / "P1.vcf", ["P1"], [f"12 25398284 . C T 50 PASS . GT:AD {cell}"]))
    assert found.calls["filter"].to_list() == [vcf_rows.NO_GENOTYPE]


def test_a_genotype_alone_is_one(tmp_path):
    """An array writes GT and nothing else: 0/0 is its answer."""
    found = read_vcf(write_vcf(tmp_path / "P1.vcf", ["P1"], ["12 25398284 . C T 50 PASS . GT 0/0"]))
    assert found.calls.select("is_called", "filter").rows() == [(False, "PASS")]


@pytest.mark.parametrize(
    ("tumour", "normal"),
    [
        ("tumor_sample", "normal_sample"),
        ("DNA_TUMOR", "DNA_NORMAL"),
        ("CANCER", "NORMAL"),
        ("primary_tumor", "germline"),
    ],
)
def test_names_that_every_file_uses_name_nobody(tumour, normal):
    """Such columns of P1.vcf and P2.vcf were one sample of two people."""
    starts = [Start(Path(f"{patient}.vcf"), (normal, tumour), (), "") for patient in ("P1", "P2")]
    found = [(c.sample_id, c.patient_id) for c in columns.assign(starts) if c.role == "tumour"]
    assert [sample for sample, _ in found] == ["P1", "P2"]
    assert {patient for _, patient in found} <= {None, "P1", "P2"}


def test_a_lesion_in_files_of_several_people_is_each_one_s():
    """T1 in P1.vcf and in P2.vcf, R1 in the folders of two patients; a column S1 in both is asked about."""

    def who(*files):
        found = columns.assign([Start(Path(f), (Path(f).stem if "/" in f else "T1",), (), "") for f in files])
        return [(c.sample_id, c.patient_id) for c in found]

    assert who("P1.vcf", "P2.vcf") == who("P1_T1.vcf", "P2_T1.vcf") == [("P1_T1", "P1"), ("P2_T1", "P2")]
    assert who("PT01/R1.vcf", "PT01/R2.vcf", "PT02/R1.vcf") == [
        ("PT01_R1", "PT01"),
        ("PT01_R2", "PT01"),
        ("PT02_R1", "PT02"),
    ]
    assert {sample for sample, _ in who("run1.vcf", "run2.vcf")} == {"T1"}
    with pytest.raises(Question, match=r"S1 stands in P1\.vcf, P2\.vcf"):
        columns.assign([Start(Path(f), ("S1",), (), "") for f in ("P1.vcf", "P2.vcf")])
    with pytest.raises(Question, match=r"T1 stands in 张三/T1\.vcf, 李四/T1\.vcf"):
        columns.assign([Start(Path(f), ("T1",), (), "") for f in ("张三/T1.vcf", "李四/T1.vcf")])


def test_a_lesion_in_tables_of_several_people_is_each_one_s(tmp_path):
    for patient in ("P1", "P2"):
        _maf(tmp_path / f"{patient}.maf", "T1", "T2")
    samples = read_files([tmp_path]).tables["samples"]
    assert samples.select("patient_id", "sample_id").sort("sample_id").rows() == [
        (patient, f"{patient}_{lesion}") for patient in ("P1", "P2") for lesion in ("T1", "T2")
    ]


def test_counts_segments_and_fits_in_folders_of_patients(tmp_path):
    """T1 in tables of counts of two patients, primary.seg and purity.txt in the folders of two."""
    d = tmp_path / "counts"
    for patient in ("P1", "P2"):
        header = "chrom|pos|ref|alt|T1.alt|T1.depth|T2.alt|T2.depth"
        write_table(d / f"{patient}.tsv", f"{header}\n12|25398284|C|T|30|100|40|100")
        own = tmp_path / "d" / patient
        write_vcf(own / "primary.vcf", ["primary"], ["12 25398284 . C T 50 PASS . GT:AD 0/1:70,30"])
        write_table(
            own / "primary.seg", "ID|chrom|loc.start|loc.end|num.mark|seg.mean\nprimary|17|36000000|40000000|50|2.5"
        )
        write_table(own / "primary.fit.txt", f"purity|ploidy\n0.{patient[1]}|2.1")
    found = read_calls(sorted(d.iterdir()), kind="counts").samples
    assert sorted(found["sample_id"]) == ["P1_T1", "P1_T2", "P2_T1", "P2_T2"]
    tables = read_files([tmp_path / "d"]).tables
    assert sorted(tables["segments"]["sample_id"]) == ["P1_primary", "P2_primary"]


def test_what_the_filter_set_aside_is_no_call_by_the_file_before_it(tmp_path):
    """P1.raw.vcf beside P1.filtered.vcf: a rejected candidate was a call, as its own file filters nothing."""
    other = "17 7578406 . C T 50 {} . GT:AD 0/1:97,3"
    for name, word in (("P1.raw.vcf", "."), ("P1.filtered.vcf", "weak_evidence")):
        rows = [f"12 25398284 . C T 50 {word if word == '.' else 'PASS'} . GT:AD 0/1:70,30", other.format(word)]
        write_vcf(tmp_path / name, ["P1"], rows)
    calls = read_files([tmp_path]).tables["calls"]
    assert calls.filter("is_called")["variant_id"].to_list() == ["12:25398284:C:T"]


def test_a_table_of_pairs_says_tumor_and_normal():
    table = pl.DataFrame({"PATIENT_ID": ["P1", "P2"], "TUMOR": ["X2", "X4"], "NORMAL": ["X1", None]})
    found, _ = sample_ids.of_columns(table)
    assert found.rows() == [("P1", "X2", "tumor"), ("P2", "X4", "tumor"), ("P1", "X1", "normal")]
    stages = table.with_columns(TUMOR=pl.Series(["T3", "T3"]), NORMAL=pl.Series(["yes", "no"]))
    assert sample_ids.of_columns(stages)[0] is None


def test_segments_under_the_lesions_names_are_of_the_file_s_patient(tmp_path):
    """P1.seg says primary, as P1.vcf does: its rows were left out."""
    d = tmp_path / "d"
    for patient in ("P1", "P2"):
        write_vcf(d / f"{patient}.vcf", ["primary", "met"], ["12 25398284 . C T 50 PASS . GT:AD 0/1:70,30 0/1:60,40"])
        write_table(
            d / f"{patient}.seg", "ID|chrom|loc.start|loc.end|num.mark|seg.mean\nprimary|17|36000000|40000000|50|2.5"
        )
    assert sorted(read_files([d]).tables["segments"]["sample_id"]) == ["P1_primary", "P2_primary"]


def test_a_folder_of_normals_holds_normals(tmp_path):
    """tumor/A1.vcf and normal/A2.vcf: A2 was a tumour of another patient."""
    starts = [Start(Path(f), (Path(f).stem,), (), "") for f in ("d/tumor/A1.vcf", "d/normal/A2.vcf", "d/tumor/B1.vcf")]
    assert [(c.sample_id, c.role) for c in columns.assign(starts)] == [
        ("A1", "tumour"),
        ("A2", "ignore"),
        ("B1", "tumour"),
    ]


def test_normals_whose_letter_is_glued_on(tmp_path):
    """1T.vcf and 1N.vcf were two tumours of two patients."""
    d = tmp_path / "d"
    for name, cell in (("1T", "0/1:70,30"), ("1N", "0/0:50,0"), ("2T", "0/1:70,30")):
        write_vcf(d / f"{name}.vcf", [name], [f"12 25398284 . C T 50 PASS . GT:AD {cell}"])
    samples = read_files([d]).tables["samples"].sort("sample_id")
    assert samples.select("sample_id", "material").rows() == [("1N", "normal"), ("1T", "tissue"), ("2T", "tissue")]
    assert samples["patient_id"].to_list()[:2] == ["1", "1"]


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        ("Patient_ID|Sample_ID|Gene|Protein_Change\nP1|T1|KRAS|p.G12D\nP1|T2|KRAS|p.G12D\nP2|T1|TP53|p.R175H", 3),
        ("Patient_ID|Region|Gene|Protein_Change\nP1|R1|KRAS|p.G12D\nP1|R2|KRAS|p.G12D\nP2|R1|TP53|p.R175H", 3),
        ("Patient_ID|Sample_ID|Gene|Protein_Change\nP1|Tumor|KRAS|p.G12D\nP2|Tumor|TP53|p.R175H", 2),
    ],
)
def test_a_report_s_lesions_are_each_patient_s_own(tmp_path, text, samples):
    tables = read_panel(write_table(tmp_path / "r.tsv", text)).tables
    assert tables["samples"]["sample_id"].n_unique() == samples == tables["calls"].height
    assert sorted(tables["samples"]["patient_id"].unique()) == ["P1", "P2"]


def test_a_table_s_lesions_are_each_patient_s_own(tmp_path):
    """T1 of P1 and of P2 was refused, Tumor of both too."""
    text = "\n".join([MAF + "\tPatient_ID", *(KRAS_ROW.replace("S1", "Tumor") + f"\t{p}" for p in ("P1", "P2"))])
    found = read_maf(write_table(tmp_path / "a.maf", text))
    assert sorted(found.calls["sample_id"]) == ["P1", "P2"]


def test_a_status_of_a_report_is_read_by_its_words(tmp_path):
    """Status was not read: a germline BRCA2 counted as the tumour's, and Mutated, Wild-type made no report."""
    origin = "Sample_ID|Gene|Protein_Change|Status\nS1|BRCA2|p.S1982fs|Germline\nS1|KRAS|p.G12D|Somatic"
    calls = read_panel(write_table(tmp_path / "a.tsv", origin)).tables["calls"]
    assert calls.sort("variant_id")["origin"].to_list() == ["germline", "somatic"]
    result = write_table(tmp_path / "b.csv", "Sample|Gene|Status\nS1|KRAS|Mutated\nS1|NRAS|Wild-type", by=",")
    assert is_panel(result)
    assert read_panel(result).tables["markers"].select("marker", "value").rows() == [("KRAS", "Mutated")]


def test_a_dot_parts_thousands_beside_a_decimal_comma(tmp_path):
    text = "Sample;Gene;HGVSp;VAF;Depth\nS1;KRAS;p.G12D;0,30;1.000\nS2;KRAS;p.G12D;0,05;12.500"
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert read_panel(path).tables["calls"].select("alt_count", "depth").rows() == [(300, 1000), (625, 12500)]


def _maf(path, *samples, columns="", cells=""):
    rows = [KRAS_ROW.replace("S1", s) + cells for s in samples]
    return write_table(path, "\n".join([MAF + columns, *rows]))


def test_lanes_and_barcodes_of_r_in_the_rows_of_a_table(tmp_path):
    """Lanes of a library are one sample, and R's dots hide neither the patient nor the normal."""
    names = ["P1_S1_L001", "P1_S1_L002", "TCGA.A6.2671.01A.01D", "TCGA.A6.2671.11A.01D"]
    samples = read_files([_maf(tmp_path / "a.maf", *names)]).tables["samples"]
    assert samples.select("sample_id", "patient_id", "material").sort("sample_id").rows() == [
        ("P1_S1", "P1_S1", "tissue"),
        ("TCGA.A6.2671.01A.01D", "TCGA-A6-2671", "tissue"),
        ("TCGA.A6.2671.11A.01D", "TCGA-A6-2671", "normal"),
    ]


def test_gdc_sets_a_row_aside_beside_its_caller(tmp_path):
    """GDC_FILTER holds what GDC filters in every caller's table: a row of the panel of normals was a call."""
    text = "\n".join(
        [
            MAF + "\tFILTER\tGDC_FILTER",
            KRAS_ROW + "\tPASS\tgdc_pon",
            KRAS_ROW.replace("25398284", "25398285") + "\tPASS\tNonExonic",
        ]
    )
    assert read_maf(write_table(tmp_path / "a.maf", text)).calls["is_called"].to_list() == [False, True]


@pytest.mark.parametrize(
    "column",
    [
        "1000g2015aug_all",
        "esp6500siv2_all",
        "ExAC_AF_EAS",
        "1000Gp3_AF",
        "gnomad41_exome_AF",
        "ChinaMAP_AF",
        "人群频率",
    ],
)
def test_how_common_a_variant_is_stands_under_many_names(column):
    """Without it TP53 P72R, half of all people's, was a mutation of every tumour."""
    assert spelled(["Hugo_Symbol", column], of_one=True) == {column: "gnomad_af"}


def test_a_report_says_how_common_a_variant_is(tmp_path):
    text = "样本编号|基因|氨基酸改变|突变丰度|千人基因组频率(%)\nS1|KRAS|p.G12D|30%|-\nS1|TP53|p.P72R|50%|54"
    calls = read_panel(write_table(tmp_path / "r.tsv", text)).tables["calls"]
    assert calls.sort("variant_id")["origin"].to_list() == ["unknown", "germline"]


def test_tables_of_copies_in_a_folder_are_known_by_their_columns(tmp_path):
    """HATCHet and TitanCNA, whatever the file is called; copies beside variants are no segments; an R object is told."""
    d = tmp_path / "d"
    for patient in ("P1", "P2"):
        write_vcf(d / f"{patient}.vcf", [patient], ["12 25398284 . C T 50 PASS . GT:AD 0/1:70,30"])
    hatchet = (
        "#CHR|START|END|SAMPLE|cn_normal|u_normal|cn_clone1|u_clone1\nchr17|36000001|40000000|P1|1\t1|0.4|9\t1|0.6"
    )
    write_table(d / "best.seg.ucn", hatchet.replace("9\t1", "9¦1").replace("1\t1", "1¦1"))
    (d / "best.seg.ucn").write_text((d / "best.seg.ucn").read_text().replace("¦", "|"))
    titan = "Sample|Chromosome|Start_Position.bp.|End_Position.bp.|Copy_Number|MinorCN\nP2|17|36000001|40000000|9|1"
    write_table(d / "P2_cluster1.segs.txt", titan)
    (d / "P1_fit.rds").write_bytes(b"\x1f\x8bxx")
    reading = read_files([d])
    assert reading.tables["segments"].select("sample_id", "total_cn").sort("sample_id").rows() == [
        ("P1", 10),
        ("P2", 9),
    ]
    assert any("an R data file" in p.message + (p.cure or "") for p in reading.ledger.problems())


def test_a_table_of_genes_is_no_table_of_segments(tmp_path):
    with pytest.raises(InputError, match=r"gene_copy_number\.tsv"):
        segments.read_segments(write_table(tmp_path / "cn.tsv", "Hugo_Symbol|S1\nERBB2|2"))


def test_fusions_of_cicero_and_dragen(tmp_path):
    """CICERO's geneA and geneB; DRAGEN names both genes in one cell and says what failed."""
    cicero = "sample|geneA|chrA|posA|geneB|chrB|posB|rating\nP1|TMPRSS2|21|1|ERG|21|2|HQ"
    dragen = (
        "#FusionGene|Score|LeftBreakpoint|RightBreakpoint|Filter\nTMPRSS2--ERG|.9|a|b|PASS\nEML4--ALK|.1|a|b|LOW_SCORE"
    )
    pairs = ("gene_5p", "gene_3p")
    for name, text in (("P1.final_fusions.txt", cicero), ("P1.fusion_candidates.final", dragen)):
        found, problems = read_fusion_calls(write_table(tmp_path / name, text))
        assert found.select(pairs).rows() == [("TMPRSS2", "ERG")]
    assert [p.message for p in problems if p.severity == "warning"] == [
        "1 events fail their caller's filter: left out."
    ]


def test_a_share_headed_in_percent():
    assert [units.in_percent(c) for c in ("VAF (in %)", "VAF [%]", "VAF（percent）")] == ["VAF"] * 3
    assert pl.Series(["30"]).to_frame("v").select(units.with_percent(pl.col("v"))).item() == "30%"
