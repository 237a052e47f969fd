"""`--fasta` and `--gff`: the variants of a source are named by place, through every door that reads one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.api import check, read
from oncourse.cli.main import cli
from oncourse.errors import OncourseError
from oncourse.genome.annotate import Reference
from oncourse.io import load_study
from oncourse.io.reading import Reading
from oncourse.io.reference import with_reference
from oncourse.study.config import StudyConfig

#: 5' UTR CCC, ATG GCA AAA AAC | intron | TTT TGC TAA, 3' UTR GGT TAG C; see tests/genome/test_annotate.py.
_GENOME = "TACGTTACGACCCATGGCAAAAAACGTAAGCTAGCTAACTTCAGTTTTGCTAAGGTTAGCACGTACGT"
_PRED = "NM_9\tchr1\t+\t10\t60\t13\t53\t2\t10,44,\t25,60,\t0\tGENE9\n"
_VCF = """##fileformat=VCFv4.2
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="reads">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1_T
chr1\t18\t.\tC\tA\t.\tPASS\t.\tGT:AD\t0/1:70,30
chr1\t24\t.\tAC\tC\t.\tPASS\t.\tGT:AD\t0/1:70,30
chr1\t26\t.\tG\tA\t.\tPASS\t.\tGT:AD\t0/1:70,30
"""
_NAMED = {
    "1:18:C:A": ("GENE9", "c.5C>A", "p.A2E", "missense", "NM_9"),
    "1:19:A:-": ("GENE9", "c.11delA", "p.N4Tfs", "frameshift", "NM_9"),
    "1:26:G:A": ("GENE9", "c.12+1G>A", None, "splice_site", "NM_9"),
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "x.fa").write_text(f">chr1\n{_GENOME}\n")
    (tmp_path / "genes.txt").write_text(_PRED)
    (tmp_path / "calls.vcf").write_text(_VCF)
    return tmp_path


def _names(variants: pl.DataFrame) -> dict[str, tuple[str | None, ...]]:
    columns = ("gene", "hgvs_c", "hgvs_p", "consequence", "transcript")
    return {row[0]: row[1:] for row in variants.select("variant_id", *columns).sort("variant_id").iter_rows()}


def test_a_vcf_without_annotation_is_named_at_import(files: Path) -> None:
    """And the names are in the folder: no reference is needed afterwards. The deletion is moved left."""
    done = CliRunner().invoke(
        cli,
        [
            "import",
            "vcf",
            str(files / "calls.vcf"),
            str(files / "study"),
            "--fasta",
            str(files / "x.fa"),
            "--gff",
            str(files / "genes.txt"),
        ],
    )
    assert done.exit_code == 0, done.output
    assert _names(load_study(files / "study")["variants"]) == _NAMED


def test_run_and_check_read_the_files_that_study_yaml_names(files: Path) -> None:
    folder = files / "study"
    folder.mkdir()
    (folder / "patients.tsv").write_text("patient_id\nP1\n")
    (folder / "samples.tsv").write_text("sample_id\tpatient_id\tmaterial\nS1\tP1\ttissue\n")
    rows = "".join(f"S1\t{v}\t30\t100\ttrue\n" for v in ("1:18:C:A", "1:24:A:-", "1:26:G:A"))
    (folder / "calls.tsv").write_text(f"sample_id\tvariant_id\talt_count\tdepth\tis_called\n{rows}")
    (folder / "study.yaml").write_text("fasta: ../x.fa\ngff: ../genes.txt\n")
    assert _names(read(folder)["variants"]) == _NAMED
    assert not [p for p in check(folder) if p.severity == "error"]
    (folder / "study.yaml").write_text("fasta: ../y.fa\n")
    assert "there is no such file" in str(check(folder)[0])
    (folder / "study.yaml").write_text("gff: ../genes.txt\n")
    with pytest.raises(OncourseError, match="--gff needs --fasta"):
        read(folder)


def test_the_place_judges_what_the_file_says(files: Path) -> None:
    """Another number, a silent word for a missense base, a wrong gene: the place counts and each is told."""
    header = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
    header += "HGVSp_Short\tTumor_Sample_Barcode\tt_alt_count\tt_depth\n"
    rows = [
        "GENE9\t1\t18\tC\tA\tMissense_Mutation\tp.A52E\tS1\t30\t100\n",
        "GENE9\t1\t15\tT\tC\tSilent\tp.M1=\tS1\t30\t100\n",
        "OTHER\t1\t26\tG\tA\tSplice_Site\t\tS1\t30\t100\n",
        "GENE9\t1\t19\tA\tT\tMissense_Mutation\tp.K9N\tS1\t30\t100\n",
        "GENE9\t1\t19\tA\t-\tFrame_Shift_Del\tp.N4fs\tS1\t30\t100\n",
    ]
    (files / "calls.maf").write_text(header + "".join(rows))
    study = load_study(files / "calls.maf", fasta=files / "x.fa", gff=files / "genes.txt")
    names = _names(study["variants"])
    assert names["1:18:C:A"] == ("GENE9", "c.5C>A", "p.A2E", "missense", "NM_9")
    assert names["1:15:T:C"][2:4] == ("p.M1?", "start_lost")
    assert names["1:26:G:A"][0] == "GENE9"
    assert names["1:19:A:T"][2:4] == ("p.K9N", "missense")  # the more severe word stays, and is told
    told = " ".join(str(w) for w in study.warnings)
    assert "2 protein changes are not what place and bases give" in told
    assert "1 variants lie in another gene" in told
    assert "change their protein by their place, not by the file's word" in told
    assert "change their protein by the file's word, not by their place" in told


def test_an_indel_that_two_callers_put_elsewhere_is_one_variant(files: Path) -> None:
    """Six A, one of them gone: the first in S1, the last in S2; and one more A before or behind them."""
    header = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
    rows = ("1\t19\tA\t-\tS1", "1\t24\tA\t-\tS2", "1\t18\t-\tA\tS1", "1\t24\t-\tA\tS2")
    (files / "calls.maf").write_text(header + "".join(f"GENE9\t{r}\n" for r in rows))
    calls = load_study(files / "calls.maf", fasta=files / "x.fa", gff=files / "genes.txt")["calls"]
    shared = calls.group_by("variant_id").agg(pl.col("sample_id").n_unique()).sort("variant_id")
    assert shared.rows() == [("1:18:-:A", 2), ("1:19:A:-", 2)]


@pytest.mark.parametrize(("length", "build"), [(64_444_167, "GRCh38"), (63_025_520, "GRCh37"), (1_000, None)])
def test_the_build_is_that_of_the_lengths_of_the_fasta(length: int, build: str | None, files: Path) -> None:
    """Chromosome 20 of both builds (UCSC cytoBand); the index tells the length, the bases need not be there."""
    fasta = files / "g.fa"
    with fasta.open("wb") as out:
        out.write(b">chr20\n")
        out.seek(7 + length)
        out.write(b"\n")
    (files / "g.fa.fai").write_text(f"chr20\t{length}\t7\t{length}\t{length + 1}\n")
    assert Reference(fasta).build == build
    reading = Reading({}, StudyConfig())
    with_reference(reading, Reference(fasta))
    assert reading.config.genome_build == build and not reading.problems
    reading = Reading({}, StudyConfig(genome_build="GRCh37"))
    with_reference(reading, Reference(fasta))
    assert bool(reading.problems) == (build == "GRCh38")
