"""Supplementary tables of papers: merged cells, lesions under another header, marks and lines of footnotes."""

from __future__ import annotations

import doctest

import pytest

from oncourse.io.clinical import own_materials
from oncourse.io.detect import read_any
from oncourse.io.tabular import remarks
from oncourse.io.variants import specimens

_WANTED = {
    "1": {("primary", "KRAS:p.G12D"), ("primary", "TP53:p.R175H"), ("metastasis", "KRAS:p.G12D")}
    | {("metastasis", "APC:p.R876*")},
    "2": {("primary", "APC:p.R1450*"), ("metastasis", "APC:p.R1450*"), ("metastasis", "NRAS:p.Q61K")},
}


def _found(folder, lines):
    (folder / "Table.txt").write_text("\n".join("\t".join(line) for line in lines) + "\n", "utf-8")
    tables = read_any(folder / "Table.txt").tables
    lesions = tables["lesions"].select("lesion_id", "role").to_dict(as_series=False)
    role = dict(zip(lesions["lesion_id"], lesions["role"], strict=True))
    samples = {s: (p, role[le]) for s, p, le in tables["samples"].select("sample_id", "patient_id", "lesion_id").rows()}
    out: dict = {}
    for sample, variant in tables["calls"].select("sample_id", "variant_id").rows():
        patient, of = samples[sample]
        out.setdefault(patient, set()).add((of, variant))
    return out


def test_examples():
    assert all(doctest.testmod(module).failed == 0 for module in (own_materials, remarks, specimens))


@pytest.mark.parametrize("header", ["Lesion", "Tumor", "Tumour site", "Source", "Type", "Sample type"])
@pytest.mark.parametrize("merged", ["patient", "lesion", "none"])
def test_a_merged_cell_is_that_of_the_row_above(tmp_path, header, merged):
    """NRAS Q61K of the metastasis was the primary's, or of a third sample without a lesion; the metastases were lost."""
    met = "Liver met" if header == "Tumor" else "Liver metastasis"
    rows = [("1", "Primary", "KRAS", "p.Gly12Asp*"), ("1", "Primary", "TP53", "p.R175H")]
    rows += [("1", met, "KRAS", "p.G12D"), ("1", met, "APC", "p.R876*"), ("2", "Primary", "APC", "p.R1450*")]
    rows += [("2", met, "APC", "p.R1450*"), ("2", met, "NRAS", "p.Q61K")]
    written, last = [], ("", "")
    for patient, lesion, *change in rows:
        above = merged != "none" and (patient, lesion) == last
        shown = "" if merged == "patient" and patient == last[0] else patient
        written.append((shown, "" if above else lesion, *change))
        last = (patient, lesion)
    footnote = [("* confirmed by droplet PCR; not seen in plasma", "", "", "")]
    assert _found(tmp_path, [("Patient", header, "Gene", "AA change"), *written, *footnote]) == _WANTED


def test_a_patient_whose_first_row_says_no_lesion_is_not_filled(tmp_path):
    rows = ["Patient\tLesion\tGene\tAA change", "1\tPrimary\tKRAS\tp.G12D", "1\t\tTP53\tp.R175H", "2\t\tAPC\tp.R876*"]
    (tmp_path / "t.txt").write_text("\n".join([*rows, "2\tPrimary\tKRAS\tp.G13D", ""]), "utf-8")
    samples = read_any(tmp_path / "t.txt").tables["samples"]["sample_id"].to_list()
    assert sorted(samples) == ["1", "1_Primary", "2", "2_Primary"]


def test_a_line_between_two_patients_names_nobody(tmp_path):
    """A remark under the first column, without a gene, gave its words to the rows below it as their patient."""
    rows = ["Patient\tGene\tAA change", "P1\tKRAS\tp.G12D", "second batch\t\t", "\tTP53\tp.R175H", "P2\tAPC\tp.R876*"]
    (tmp_path / "t.txt").write_text("\n".join([*rows, ""]), "utf-8")
    tables = read_any(tmp_path / "t.txt").tables
    calls = tables["calls"].join(tables["samples"], on="sample_id").select("patient_id", "variant_id").rows()
    assert calls == [("P1", "KRAS:p.G12D"), ("P1", "TP53:p.R175H"), ("P2", "APC:p.R876*")]


def test_samples_of_several_files_are_of_one_patient_each(tmp_path):
    """P01-T01 was a patient beside P01, as a file without the other samples of P01 held it."""
    head = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tHGVSp_Short"
    rows = [("KRAS", "P01-T01", "p.G12C"), ("KRAS", "P01-M01", "p.G12C"), ("NRAS", "P02-M01", "p.Q61L")]
    text = "\n".join([head, *(f"{g}\t{s}\tMissense_Mutation\t{p}" for g, s, p in rows), ""])
    (tmp_path / "mut_oncokb.txt").write_text(text, "utf-8")
    (tmp_path / "cna_oncokb.txt").write_text(
        "SAMPLE_ID\tHUGO_SYMBOL\tALTERATION\nP02-T01\tERBB2\tAmplification\nP01-T01\tMYC\tAmplification\n", "utf-8"
    )
    tables = read_any(tmp_path).tables
    of = dict(tables["samples"].select("sample_id", "patient_id").rows())
    assert of == {"P01-T01": "P01", "P01-M01": "P01", "P02-T01": "P02", "P02-M01": "P02"}
    assert sorted(tables["patients"]["patient_id"]) == ["P01", "P02"]


def test_a_word_of_nothing_found_under_an_unknown_header_is_no_call(tmp_path):
    """``ND`` in ``% cfDNA or Amplification``, or in ``Result level``, was a called KRAS G12D."""
    for header in ("% cfDNA or Amplification", "Detection level"):
        rows = [
            f"Patient ID\tSample ID\tGene\tAlteration\t{header}",
            "G1\tA1\tKRAS\tG12D\t12.4%",
            "G1\tA2\tKRAS\tG12D\tND",
        ]
        (tmp_path / "g.tsv").write_text("\n".join([*rows, "G1\tA2\tTP53\tR175H\t0.3%", ""]), "utf-8")
        calls = read_any(tmp_path / "g.tsv").tables["calls"].filter(is_called="true")
        found = {(s, v) for s, v in calls.select("sample_id", "variant_id").rows()}
        assert found == {("A1", "KRAS:p.G12D"), ("A2", "TP53:p.R175H")}, header


def test_a_list_with_places_beside_one_without_is_a_report_too(tmp_path):
    """Tissue with places and plasma without, in one folder, were no source at all."""
    (tmp_path / "plasma.csv").write_text(
        "Sample ID,Patient ID,Sample type,Gene,Protein change,VAF (%),Depth\nQ1_pl,Q1,Plasma,KRAS,p.G12D,2.0,5000\n"
    )
    (tmp_path / "tissue.csv").write_text(
        "Sample ID,Patient ID,Sample type,Gene,Chromosome,Position,Ref,Alt,Protein change,VAF (%),Depth\n"
        "Q1_pri,Q1,Primary,KRAS,chr12,25398284,C,T,p.G12D,25,400\n"
    )
    tables = read_any(tmp_path).tables
    assert tables["samples"].select("sample_id", "patient_id", "material").rows() == [
        ("Q1_pl", "Q1", "Plasma"),
        ("Q1_pri", "Q1", "tissue"),
    ]
    assert tables["calls"].select("variant_id", "alt_count", "depth").rows() == [
        ("KRAS:p.G12D", "100", "5000"),
        ("12:25398284:C:T", "100", "400"),
    ]
