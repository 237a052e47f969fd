"""What lies beside a report: counts of molecules, tables of knowledge, a clinical table that another door reads."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.typed import typed

from oncourse.io.reports.knowledge_tables import is_knowledge


def put(folder, **tables):
    for name, rows in tables.items():
        text = "\n".join("\t".join(str(c) for c in row) for row in rows) + "\n"
        (folder / f"{name}.tsv").write_text(text, "utf-8")
    return folder


def imported(folder, *words):
    out = folder / "out"
    done = typed("import", *words, out)
    return done, pl.read_csv(out / "calls.tsv", separator="\t", infer_schema=False) if done.returncode == 0 else None


def test_molecules_and_fragments_of_plasma_are_its_reads(tmp_path):
    """Total and Mutant molecules were not read; "(n)", a number, made them the normal's reads."""
    headers = [
        ("Mutant molecules", "Total molecules"),
        ("Mutant molecules (n)", "Total molecules (n)"),
        ("Mutant fragments", "Unique fragments"),
        ("突变分子数", "总分子数"),
    ]
    for i, (alt, depth) in enumerate(headers):
        (tmp_path / "d").mkdir(exist_ok=True)
        put(
            tmp_path / "d",
            **{f"plasma{i}": [("Sample", "Gene", "AA change", alt, depth), (f"S{i}", "KRAS", "p.G12D", 6, 3000)]},
        )
    _, calls = imported(tmp_path, "auto", tmp_path / "d")
    assert calls.select("alt_count", "depth").rows() == [("6", "3000")] * len(headers)


KNOWN = [("Gene", "Alteration", "Drugs", "Level"), ("KRAS", "G12C", "sotorasib", "1"), ("BRAF", "V600E", "x", "1")]


def test_a_table_of_knowledge_is_no_patient(tmp_path):
    """It was a sample called OncoKB_actionable with KRAS G12C and BRAF V600E."""
    (tmp_path / "d").mkdir()
    report = [("Gene", "AA change", "VAF", "Depth"), ("KRAS", "p.G12D", "20%", 1000)]
    put(tmp_path / "d", P1_report=report, OncoKB_actionable=KNOWN)
    done, _ = imported(tmp_path, "auto", tmp_path / "d")
    assert done.returncode == 2 and "OncoKB_actionable.tsv: the table names nobody" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "columns", "left", "expected"),
    [
        ("hotspots.tsv", {"gene": ["KRAS"]}, ["Cancer type"], True),
        ("热点.tsv", {"gene": ["KRAS"]}, [], True),
        ("P1_biomarkers.tsv", {"gene": ["KRAS"]}, ["Tier"], False),
        ("P1.tsv", {"gene": ["KRAS", "TP53"]}, ["Drugs", "Level"], False),  # a report with its drugs
        ("rules.tsv", {"gene": ["KRAS", "BRAF"] * 6}, ["Drugs", "Evidence level"], True),
        ("rules.tsv", {"gene": ["KRAS", "BRAF"] * 6}, ["Drugs"], False),
        ("rules.tsv", {"gene": ["KRAS", "BRAF"] * 6, "vaf": ["1%"] * 12}, ["Drugs", "Level"], False),
        ("hotspots.tsv", {"gene": ["KRAS"], "sample_id": ["S1"]}, ["Drugs", "Level"], False),
    ],
)
def test_what_makes_a_table_one_of_knowledge(name, columns, left, expected):
    assert is_knowledge(pl.DataFrame(columns), Path(name), left) is expected


def test_a_clinical_table_that_a_report_cannot_use_is_refused(tmp_path):
    """It was left aside with a warning, and two samples of a patient were two patients."""
    report = [("Sample", "Gene", "AA change", "VAF"), ("S1", "KRAS", "p.G12D", "20%"), ("S2", "KRAS", "p.G12D", "20%")]
    put(tmp_path, r=report, c=[("SAMPLE_ID", "PATIENT_ID"), ("S1", "P1"), ("S2", "P1")])
    done = typed("import", "panel", tmp_path / "r.tsv", tmp_path / "out", "--clinical", tmp_path / "c.tsv")
    assert done.returncode == 2 and "columns patient_id, role" in done.stdout + done.stderr


def test_any_change_of_a_codon_is_no_stop(tmp_path):
    """KRAS G12X, any change of codon 12, was the nonsense mutation p.G12*; TP53 R213X is one."""
    rows = [("Sample", "Gene", "AA change"), ("S1", "KRAS", "G12X"), ("S1", "TP53", "R213X"), ("S2", "BRAF", "p.V600X")]
    put(tmp_path, r=rows)
    _, calls = imported(tmp_path, "panel", tmp_path / "r.tsv")
    assert calls["variant_id"].to_list() == ["TP53:p.R213*"]
    markers = pl.read_csv(tmp_path / "out" / "markers.tsv", separator="\t", infer_schema=False)
    assert markers.select("marker", "value").rows() == [("KRAS", "codon 12 mutation"), ("BRAF", "codon 600 mutation")]


def test_white_cells_beside_a_share_are_the_normal(tmp_path):
    """WBC VAF and WBC depth beside VAF and Depth were columns not read, and the clone of the blood was the tumour's."""
    names = ("WBC VAF", "WBC depth"), ("PBMC VAF", "PBMC depth"), ("Buffy coat VAF (%)", "White blood cell depth")
    names += ("匹配白细胞VAF", "白细胞测序深度"), ("对照样本突变丰度", "对照样本深度")
    (tmp_path / "d").mkdir()
    for i, of_normal in enumerate(names):
        rows = [("Sample", "Gene", "AA change", "VAF", "Depth", *of_normal)]
        put(tmp_path / "d", **{f"r{i}": [*rows, (f"P{i}", "DNMT3A", "p.R882H", "3%", 1000, "5%", 400)]})
    _, calls = imported(tmp_path, "auto", tmp_path / "d")
    assert calls.select("alt_count", "origin").rows() == [("30", "chip")] * len(names)


def test_a_folder_of_germline_calls_alone_says_what_was_not_read(tmp_path):
    """It said that no VCF file was found, also not below it."""
    (tmp_path / "d" / "germline").mkdir(parents=True)
    (tmp_path / "d" / "germline" / "P1.haplotypecaller.vcf").write_text("##fileformat=VCFv4.2\n")
    done, _ = imported(tmp_path, "vcf", tmp_path / "d")
    assert done.returncode == 2 and "P1.haplotypecaller.vcf (germline calls" in done.stdout + done.stderr
