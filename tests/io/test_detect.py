"""What kind of study a path is, and what an import refuses."""

from __future__ import annotations

import sys

import pytest

from oncourse.cli.main import main
from oncourse.errors import InputError
from oncourse.io.detect import detect, read_any, source_of

MAF = (
    "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tVariant_Classification\n"
    "KRAS\t12\t25398284\tC\tT\tS1\tMissense_Mutation\nKRAS\t12\t25398284\tC\tT\tS2\tMissense_Mutation\n"
)
VCF = (
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
    "12\t25398284\t.\tC\tT\t.\tPASS\t.\tGT:AD\t0/1:9,9\n"
)
KINDS = {
    "native": {"patients.tsv": "patient_id\n"},
    "cbioportal": {"data_mutations.txt": MAF},
    "maf": {"cohort.maf": MAF},
    "vcf": {"a.vcf": VCF},
    "sdtm": {"dm.csv": "STUDYID,USUBJID\nX,P1\n", "lb.csv": "STUDYID,USUBJID\nX,P1\n"},
}


def put(folder, files):
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_folders_are_told_apart(tmp_path, kind):
    assert detect(put(tmp_path / "s", KINDS[kind])) == kind


def test_a_study_folder_loads_no_reader_of_other_formats(tmp_path, monkeypatch):
    """Each command on a study folder paid for them."""
    others = {f"oncourse.io.{name}" for name in ("cbioportal.study", "tree", "variants.maf")}
    for name in others:
        monkeypatch.delitem(sys.modules, name, raising=False)
    folder = put(tmp_path / "s", KINDS["native"])
    assert source_of(folder) == folder and detect(folder) == "native"
    assert others.isdisjoint(sys.modules)


@pytest.mark.parametrize("kind", ["cbioportal", "maf", "vcf"])
def test_a_study_yaml_does_not_make_a_foreign_folder_native(tmp_path, kind):
    folder = put(tmp_path / "s", KINDS[kind] | {"study.yaml": "title: Ours\n"})
    assert detect(folder) == kind
    reading = read_any(folder)
    assert reading.config.title == "Ours"
    assert "12:25398284:C:T" in reading.tables["calls"]["variant_id"].to_list()


def test_a_clinical_table_beside_a_maf_is_not_ours(tmp_path):
    """samples.txt may be anybody's; samples.tsv is ours."""
    assert detect(put(tmp_path / "a", KINDS["maf"] | {"samples.txt": "x\n"})) == "maf"
    assert detect(put(tmp_path / "b", KINDS["maf"] | {"samples.tsv": "x\n"})) == "native"


def test_a_maf_by_its_header(tmp_path):
    path = tmp_path / "mutations_of_ours.txt"
    path.write_text(MAF)
    assert detect(path) == "maf"


def test_maf_in_place_of_calls(tmp_path):
    """patients and samples of ours, the calls from a MAF; VCFs from the folder vcf/."""
    ours = {
        "patients.tsv": "patient_id\nP1\n",
        "samples.tsv": "sample_id\tpatient_id\tmaterial\nS1\tP1\ttissue\nS2\tP1\tplasma\n",
    }
    from_maf = read_any(put(tmp_path / "a", ours | {"x.maf": MAF}))
    folder = put(tmp_path / "b", ours)
    put(folder / "vcf", {"x.vcf": VCF})
    from_vcf = read_any(folder)
    for reading in (from_maf, from_vcf):
        assert set(reading.tables["calls"]["variant_id"]) == {"12:25398284:C:T"}
        assert reading.tables["samples"]["material"].to_list() == ["tissue", "plasma"]


def test_nothing_known(tmp_path):
    with pytest.raises(InputError, match=r"patients\.tsv, samples\.tsv and calls\.tsv"):
        detect(put(tmp_path / "s", {"notes.docx": "x"}))
    with pytest.raises(InputError, match="does not exist"):
        detect(tmp_path / "nowhere")


def test_import_of_a_broken_source_writes_nothing(tmp_path, monkeypatch, capsys):
    """A count that is no number: exit 2, named with its line, no folder."""
    source = put(
        tmp_path / "s",
        {"c.maf": MAF.replace("Variant_Classification", "t_alt_count").replace("Missense_Mutation", "x", 1)},
    )
    monkeypatch.setattr(sys, "argv", ["oncourse", "import", "maf", str(source / "c.maf"), str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    text = capsys.readouterr().err
    assert "c.alt_count, row 2" in text and "'x' is not a read count" in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s"]


def test_files_that_hold_nothing_are_refused(tmp_path):
    """A MAF of a header alone, a MAF given as segments."""
    from oncourse.io.structural.segments import read_segments
    from oncourse.io.variants.maf import read_maf

    (tmp_path / "a.maf").write_text(MAF.splitlines()[0] + "\n")
    (tmp_path / "b.maf").write_text(MAF.replace("Start_Position", "start").replace("Reference_Allele", "end"))
    with pytest.raises(InputError, match="no row"):
        read_maf(tmp_path / "a.maf")
    with pytest.raises(InputError, match="copies or log2"):
        read_segments(tmp_path / "b.maf")
