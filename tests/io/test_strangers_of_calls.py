"""Rows that name a change and do not call it, and words of origin: by somebody who had not seen the readers."""

from __future__ import annotations

import pytest

from oncourse.io.detect import read_any
from oncourse.io.tree_files import _MAY_BE
from oncourse.study.words import meaning

#: Gene, change, fraction, depth, result, FILTER, class -> called or not, origin.
ROWS = [
    ("KRAS", "p.G12D", "12%", "500", "Detected", "PASS", "Pathogenic", "true", "unknown"),
    ("NRAS", "p.Q61R", "0.02%", "8200", "Below LOD", "PASS", "Pathogenic", "false", "unknown"),
    ("NRAS", "p.G12D", "0.4%", "480", "Detected", "LowVAF;StrandBias", "", "false", "unknown"),
    ("KRAS", "p.A146T", "2%", "480", "Detected", "FAIL", "", "false", "unknown"),
    ("KRAS", "p.G13D", "3%", "480", "假阳性", "", "", "false", "unknown"),
    ("KRAS", "p.Q61H", "3%", "480", "False positive", "", "", "false", "unknown"),
    ("KRAS", "p.Q61L", "3%", "480", "低于检测下限", "", "", "false", "unknown"),
    ("NRAS", "p.G13R", "1%", "480", "疑似", "", "", "false", "unknown"),
    ("BRAF", "p.V600E", "<0.1%", "5000", "", "PASS", "", "false", "unknown"),
    ("BRAF", "p.G469A", "<1%", "5000", "Detected", "PASS", "", "true", "unknown"),
    ("BRAF", "p.K601E", "4%", "500", "Detected", "PASS", "Uncertain significance", "true", "unknown"),
    ("BRCA2", "p.S1982fs", "51%", "640", "Detected", "PASS", "Pathogenic, germline", "true", "germline"),
    ("BRCA1", "p.C61G", "48%", "640", "Detected", "PASS", "Likely pathogenic (germline)", "true", "germline"),
    ("ATM", "p.R337C", "9%", "640", "Detected", "PASS", "Tier I, somatic (not germline)", "true", "unknown"),
    ("PALB2", "p.R170*", "9%", "640", "Detected", "PASS", "germline not excluded", "true", "unknown"),
    ("DNMT3A", "p.R882H", "3%", "640", "Detected", "PASS", "Tier III, CHIP", "true", "chip"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    head = ["Sample_ID", "Gene", "HGVSp", "VAF", "Depth", "Result", "Filter", "Classification"]
    path = tmp_path_factory.mktemp("report") / "r.tsv"
    path.write_text("\n".join("\t".join(cells) for cells in [head, *(["S1", *r[:7]] for r in ROWS)]) + "\n")
    return read_any(path)


def test_a_report_says_which_changes_it_calls(report):
    """Below LOD, a failed FILTER, 疑似 and 假阳性 were calls; "<0.1%" was a change without a name."""
    found = dict(report.tables["calls"].select("variant_id", "is_called").rows())
    names = {v.split(":")[0] + " " + v.split(":")[1][:6]: c for v, c in found.items()}
    assert names == {f"{r[0]} {r[1][:6]}": r[7] for r in ROWS}
    assert any("8 rows name a change that the report does not call" in n for n in report.notes)


def test_a_word_of_origin_stands_beside_a_class(report):
    """ "Pathogenic, germline" in a column Classification was lost: BRCA2 was somatic, and shared by tissue and plasma."""
    genes = dict(report.tables["variants"].select("variant_id", "gene").rows())
    found = {genes[v]: o for v, o in report.tables["calls"].select("variant_id", "origin").rows()}
    assert found == {r[0]: r[8] for r in ROWS}


def test_a_list_with_places_reads_the_same_words(tmp_path):
    """One rule for every format: a column of results beside places."""
    rows = ["Sample\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tGene\tResult"]
    said = {"Detected": True, "Below LOD": False, "Not detected": False, "False positive": False, "疑似": False}
    rows += [f"S1\t12\t{25245300 + i}\tC\tT\tKRAS\t{word}" for i, word in enumerate(said)]
    (tmp_path / "l.tsv").write_text("\n".join(rows) + "\n")
    assert read_any(tmp_path / "l.tsv").tables["calls"]["is_called"].to_list() == list(said.values())


@pytest.mark.parametrize(("second", "counts"), [((), [(100, 200), (3, 300)]), (("0/0:90,0",), [(None, None)] * 2)])
def test_bases_are_no_format_in_a_table_of_annovar(tmp_path, second, counts):
    """REF "GT" of a deletion was the column FORMAT: counts and FILTER of every row were lost, KRAS weak_evidence a call."""
    head = [
        "Chr",
        "Start",
        "End",
        "Ref",
        "Alt",
        "Func.refGene",
        "Gene.refGene",
        *(f"Otherinfo{i}" for i in range(1, 14)),
    ]
    deletion = ["13", "32914438", "32914438", "T", "-", "exonic", "BRCA2", "0.5", "90", "200"]
    deletion += ["13", "32914437", ".", "GT", "G", "90", "PASS", "DP=200", "GT:AD", "0/1:100,100", *second]
    kras = ["12", "25398284", "25398284", "C", "T", "exonic", "KRAS", "0.5", "90", "300"]
    kras += ["12", "25398284", ".", "C", "T", "90", "weak_evidence", "DP=300", "GT:AD", "0/1:297,3", *second]
    head += ["Otherinfo14"] if second else []
    path = tmp_path / "P1.hg19_multianno.txt"
    path.write_text("".join("\t".join(row) + "\n" for row in (head, deletion, kras)))
    calls = read_any(path).tables["calls"].sort("variant_id", descending=True)
    assert calls.select("alt_count", "depth").rows() == counts
    assert calls["is_called"].to_list() == [True, False]


def test_a_result_of_msisensor_may_have_no_extension():
    """`msisensor-pro -o P1_met_msi` writes P1_met_msi: a tumour with 35 % unstable sites had no MSI, and no word said so."""
    names = ("p1_met_msi", "p1.msi", "p1_met_msi_dis", "p1_met_msi_all", "p1_msigdb")
    assert [bool(_MAY_BE.search(n)) for n in names] == [True, True, False, False, False]


def test_a_samplesheet_of_sarek_says_the_sex_by_chromosomes():
    """sarek writes XX and XY; every patient's sex was unknown."""
    assert [meaning("sex", w) for w in ("XX", "XY", "NA")] == ["female", "male", None]
