"""Adapters of other callers, tried with a stand-in on the PATH: they add candidates, and are missed with a cure."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from oncourse.cli.main import cli
from oncourse.errors import InputError, ToolError
from oncourse.reads.callers import CALLERS, Job, candidates, need_callers
from oncourse.reads.sheet import load_plan, read_plan

_VCF = "##fileformat=VCFv4.2\\n##contig=<ID=1,length=100>\\n#CHROM\\tPOS\\tID\\tREF\\tALT\\tQUAL\\tFILTER\\tINFO\\n"


def _job(tmp_path, *, normal=True):
    (tmp_path / "t.bed").write_text("1\t0\t50\n")
    bam = tmp_path / "N.bam" if normal else None
    tumours = {name: tmp_path / f"{name}.bam" for name in ("T1", "T2")}
    return Job(tumours, "N" if normal else "", bam, tmp_path / "ref.fa", tmp_path / "t.bed", tmp_path)


def test_a_caller_adds_what_it_found_whatever_its_filters_say(tmp_path, monkeypatch):
    """The stand-in notes its arguments and writes a passed SNV, a filtered deletion and a symbolic allele to -O."""
    script = tmp_path / "gatk"
    script.write_text(
        '#!/bin/sh\necho "$@" > arguments\nwhile [ "$1" != "-O" ]; do shift; done\n'
        f"printf '{_VCF}1\\t5\\t.\\tA\\tG\\t.\\tPASS\\t.\\n1\\t9\\t.\\tAC\\tA,<DEL>\\t.\\tweak\\t.\\n' > plain.vcf\n"
        'cp plain.vcf "$2"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    need_callers(("mutect2",))
    found = candidates(CALLERS["mutect2"], _job(tmp_path))
    assert found.rows() == [("1", 5, "A", "G"), ("1", 9, "AC", "A")]
    told = (tmp_path / "arguments").read_text()
    assert f"-I {tmp_path}/T1.bam -I {tmp_path}/T2.bam -I {tmp_path}/N.bam -normal N -O" in told


def test_a_caller_of_pairs_says_nothing_without_a_normal(tmp_path):
    assert candidates(CALLERS["strelka2"], _job(tmp_path, normal=False)).is_empty()
    assert [p.name for p in CALLERS["strelka2"].writes(_job(tmp_path))] == [
        "somatic.snvs.vcf.gz",
        "somatic.indels.vcf.gz",
        "somatic.snvs.vcf.gz",
        "somatic.indels.vcf.gz",
    ]


def test_a_missing_caller_is_told_with_container_and_package(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        ToolError, match=r"vardict \(vardict-java, not installed\): conda install bioconda::vardict-java.*quay\.io"
    ):
        need_callers(("vardict",))


def test_a_caller_that_is_too_old_or_damaged_is_told_by_doctor_and_before_anything_runs(tmp_path, monkeypatch):
    """GATK 3 has no Mutect2 of several tumours; a program that does not start says no version and is tried."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    _script(tmp_path / "gatk", "echo The Genome Analysis Toolkit v3.8-1-0\n")
    with pytest.raises(ToolError, match=r"mutect2 \(gatk, 3\.8.* is older than 4\.1\.0\)"):
        need_callers(("mutect2",))
    said = CliRunner().invoke(cli, ["doctor"]).output
    assert "no   further candidates of mutect2 (callers: in reads.yaml): 3.8" in said
    _script(tmp_path / "gatk", "echo 4.6.1.0\n")
    assert (
        "yes  further candidates of mutect2 (callers: in reads.yaml), 4.6.1.0"
        in CliRunner().invoke(cli, ["doctor"]).output
    )


def test_callers_are_asked_for_in_reads_yaml_by_known_names(tmp_path):
    (tmp_path / "ref.fa").write_text(">1\nACGT\n")
    (tmp_path / "a.fq").write_text("@r\nACGT\n+\nFFFF\n")
    (tmp_path / "reads.tsv").write_text("patient\tsample\trole\tfastq_1\nP\tS\tplasma\ta.fq\n")
    (tmp_path / "reads.yaml").write_text("fasta: ref.fa\ncallers: mutect2, vardict\n")
    plan = read_plan(tmp_path)
    assert plan.callers == load_plan(plan.write()).callers == ("mutect2", "vardict")
    (tmp_path / "reads.yaml").write_text("fasta: ref.fa\ncallers: [mutect]\n")
    with pytest.raises(InputError, match=r"'mutect' is no caller\. Known: mutect2, strelka2, vardict"):
        read_plan(tmp_path)


def _script(path, text):
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


@pytest.mark.skipif(not shutil.which("bgzip") or not shutil.which("tabix"), reason="bgzip or tabix is not installed")
def test_strelka_is_configured_and_run_for_each_tumour_and_both_of_its_files_are_read(tmp_path, monkeypatch):
    """The stand-in writes runWorkflow.py into --runDir, which writes an SNV file and an indel file."""
    inner = 'd=$(dirname "$0")/results/variants; mkdir -p "$d"; cp "$TMPL" "$d/somatic.snvs.vcf.gz"; '
    inner += 'cp "$TMPL" "$d/somatic.indels.vcf.gz"\n'
    _script(tmp_path / "inner", inner)
    says = '[ "$1" = --version ] && echo 2.9.10 && exit\n'
    told = f'{says}echo "$@" >> {tmp_path}/arguments\nwhile [ "$1" != "--runDir" ]; do shift; done\nmkdir -p "$2"\n'
    _script(tmp_path / "configureStrelkaSomaticWorkflow.py", f'{told}cp {tmp_path}/inner "$2/runWorkflow.py"\n')
    (tmp_path / "found.vcf").write_text(_VCF.replace("\\n", "\n").replace("\\t", "\t") + "1\t7\t.\tA\tG\t.\tPASS\t.\n")
    monkeypatch.setenv("TMPL", str(tmp_path / "found.vcf"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    need_callers(("strelka2",))
    found = candidates(CALLERS["strelka2"], _job(tmp_path))
    assert found.rows() == [("1", 7, "A", "G")] * 4
    lines = (tmp_path / "arguments").read_text().splitlines()
    wanted = [f"--normalBam {tmp_path}/N.bam --tumorBam {tmp_path}/{name}.bam" for name in ("T1", "T2")]
    assert all(w in line for w, line in zip(wanted, lines, strict=True))
    assert all("--exome" in line and "--callRegions" in line for line in lines)


def test_vardict_is_run_through_its_two_scripts_for_each_tumour(tmp_path, monkeypatch):
    """Stand-ins of the three programs, each fed by the one before; the last writes the VCF."""
    _script(tmp_path / "vardict-java", f'echo "$@" >> {tmp_path}/arguments\necho raw\n')
    _script(tmp_path / "testsomatic.R", "sed s/raw/tested/\n")
    (tmp_path / "found.vcf").write_text(_VCF.replace("\\n", "\n").replace("\\t", "\t") + "1\t8\t.\tAC\tA\t.\tp8\t.\n")
    _script(tmp_path / "var2vcf_paired.pl", f"grep -q tested && cat {tmp_path}/found.vcf\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    need_callers(("vardict",))
    assert candidates(CALLERS["vardict"], _job(tmp_path)).rows() == [("1", 8, "AC", "A")] * 2
    first, second = (tmp_path / "arguments").read_text().splitlines()
    assert f"-N T1 -b {tmp_path}/T1.bam|{tmp_path}/N.bam" in first and "-N T2" in second
