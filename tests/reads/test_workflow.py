"""The workflow: environments of its rules, other annotators, MultiQC, and where programs come from."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import resources

import polars as pl
import pytest
import yaml

from oncourse.errors import InputError, ToolError
from oncourse.reads.callers import CALLERS
from oncourse.reads.names import NAMES, PROGRAMS, names_by, names_of, need_program, with_program
from oncourse.reads.run import _bound, run_reads
from oncourse.reads.sheet import load_plan, read_plan
from oncourse.reads.steps import STEPS

_FOLDER = resources.files("oncourse.reads").joinpath("workflow")


def _rules() -> dict[str, str]:
    text = _FOLDER.joinpath("Snakefile").read_text()
    found = re.split(r"^ *rule *(\w*) *:\n", text, flags=re.M)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def test_every_rule_names_a_container_and_an_environment_that_is_there_and_pinned():
    rules = _rules()
    rules.pop("all")
    assert len(rules) >= 11
    assert all("conda:" in body for body in rules.values())
    assert re.search(r'^container: PLAN\["container"\]', _FOLDER.joinpath("Snakefile").read_text(), re.M)
    for name in ("reads", "report", *CALLERS, *PROGRAMS):
        env = yaml.safe_load(_FOLDER.joinpath(f"envs/{name}.yaml").read_text())
        assert env["dependencies"] and all(re.search(r"::[\w-]+=\d", d) for d in env["dependencies"])


def test_every_step_of_the_workflow_is_one_that_can_be_run():
    called = {m for body in _rules().values() for m in re.findall(r"\{STEP\} ([\w:{}.]+) plan", body)}
    assert {c for c in called if "{" not in c} == {s for s in STEPS if ":" not in s}
    assert {f"candidates:{name}" for name in CALLERS} == {s for s in STEPS if ":" in s}


def _sheet(tmp_path, words):
    (tmp_path / "ref.fa").write_text(">1\nACGT\n")
    (tmp_path / "a.fq").write_text("@r\nACGT\n+\nFFFF\n")
    (tmp_path / "reads.tsv").write_text("patient\tsample\trole\tfastq_1\nP\tS\tplasma\ta.fq\n")
    (tmp_path / "reads.yaml").write_text(f"fasta: ref.fa\n{words}\n")
    return read_plan(tmp_path)


@pytest.mark.parametrize(
    "words, told",
    [
        ("annotation: annovar", "'annovar' is no annotator. Known: snpeff, vep"),
        ("annotation: vep", "needs annotation_data"),
        ("multiqc: maybe", "neither true nor false"),
        ("multiQC: true", "Did you mean multiqc"),
    ],
)
def test_words_of_reads_yaml_that_are_not_understood_are_told(tmp_path, words, told):
    with pytest.raises(InputError, match=re.escape(told)):
        _sheet(tmp_path, words)


def test_words_of_reads_yaml_reach_the_steps(tmp_path):
    plan = _sheet(tmp_path, "annotation: snpeff\nannotation_data: GRCh38.99\nmultiqc: true\ncontainer: docker://x/y:1")
    assert load_plan(plan.write()) == plan and (plan.multiqc, plan.container) == (True, "docker://x/y:1")


def test_a_missing_annotator_executor_or_source_of_programs_is_told_with_its_cure(tmp_path, monkeypatch):
    from oncourse.reads import tools

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match=r"conda install bioconda::ensembl-vep.*the effect engine names all"):
        need_program("vep")
    real = tools.version
    monkeypatch.setattr(tools, "version", lambda name: None if name.endswith("kubernetes") else real(name) or "1")
    _sheet(tmp_path, "")
    with pytest.raises(ToolError, match="pip install snakemake-executor-plugin-kubernetes"):
        run_reads(tmp_path, executor="kubernetes", dry_run=True)
    monkeypatch.setattr(tools, "version", lambda name: None if name == "apptainer" else "1")
    with pytest.raises(ToolError, match=r"apptainer from https://apptainer\.org"):
        run_reads(tmp_path, software="apptainer")


@pytest.fixture
def gene(tmp_path):
    """A gene of four codons on contig 1: ATG GGT GTA TAA at 11-22."""
    reference, gff = tmp_path / "ref.fa", tmp_path / "genes.gff3"
    reference.write_text(">1\n" + "C" * 10 + "ATGGGTGTATAA" + "C" * 20 + "\n")
    rows = (
        "gene\t11\t22\t.\t+\t.\tID=gene:G1;Name=G1;biotype=protein_coding",
        "mRNA\t11\t22\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding",
        "exon\t11\t22\t.\t+\t.\tParent=transcript:T1",
        "CDS\t11\t22\t.\t+\t0\tParent=transcript:T1",
    )
    gff.write_text("##gff-version 3\n" + "".join(f"1\tx\t{row}\n" for row in rows))
    return reference, gff


def test_variants_are_named_by_the_engine_from_reference_and_gene_models(gene):
    named = names_of(pl.Series(["1:15:G:A", "1:40:C:T"]), *gene, None)
    assert named.row(0) == ("1:15:G:A", "G1", "missense", "c.5G>A", "p.G2D", "T1")
    assert named["consequence"][1] == "downstream"


def test_another_annotator_goes_before_the_engine_where_it_says_something(gene, tmp_path, monkeypatch):
    """A stand-in for VEP notes its arguments and says CSQ of the first variant only; the ID brings the answer back."""
    reference, gff = gene
    script = tmp_path / "vep"
    script.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n'
        'while [ "$1" != "-i" ]; do shift; done; sites="$2"; shift 2; out="$2"\n'
        "{ echo '##INFO=<ID=CSQ,Number=.,Type=String,Description=\"x. Format: "
        "Allele|Consequence|SYMBOL|Feature|HGVSc|HGVSp\">'\n"
        'sed \'s/\\(1:15:G:A.*\\)\\.$/\\1CSQ=A|stop_gained|G9|T9|T9:c.5G>A|P9:p.Gly2Ter/\' "$sites"; } > "$out"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ids = pl.Series("variant_id", ["1:15:G:A", "1:18:T:-", "1:17:G:C"])
    theirs = names_by(PROGRAMS["vep"], ids, reference, "/cache", tmp_path / "work")
    named = with_program(names_of(ids, reference, gff, None), theirs)
    assert "--offline --cache --dir_cache /cache" in (tmp_path / "arguments").read_text()
    assert named.select("variant_id", *NAMES).row(0) == ("1:15:G:A", "G9", "nonsense", "c.5G>A", "p.G2*")
    assert named["gene"].to_list()[1:] == ["G1", "G1"] and named["transcript"].to_list() == [None, "T1", "T1"]
    sites = (tmp_path / "work/sites.vcf").read_text().splitlines()[-3:]
    assert sorted(line.split("\t")[1:5] for line in sites) == [
        ["15", "1:15:G:A", "G", "A"],
        ["17", "1:17:G:C", "G", "C"],
        ["17", "1:18:T:-", "GT", "G"],
    ]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("snpEff"), reason="snpEff is not installed (apt-get install snpeff)")
def test_real_snpeff_names_as_the_engine_does(shared_data, tmp_path):
    """snpEff 5.1 with a database built from the same GFF3: KRAS G12D and 200 random coding changes of 26 genes."""
    import gzip
    import random

    folder = shared_data("reads-ref-slices-hg38")
    data = tmp_path / "data" / "slices"
    data.mkdir(parents=True)
    reference = tmp_path / "ref.fa"
    reference.write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
    shutil.copyfile(reference, data / "sequences.fa")
    shutil.copyfile(folder / "genes.contig.gff3", data / "genes.gff")
    (tmp_path / "snpEff.config").write_text(f"data.dir = {tmp_path}/data/\nslices.genome : slices\n")
    config = ["-c", str(tmp_path / "snpEff.config")]
    build = ["snpEff", "build", *config, "-gff3", "-noCheckCds", "-noCheckProtein", "slices"]
    subprocess.run(build, check=True, capture_output=True)
    from oncourse.genome.fasta import Fasta

    fasta, rng, ids = Fasta(reference), random.Random(4), []
    for line in (folder / "cds.contig.bed").read_text().splitlines():
        contig, start, end = line.split("\t")[:3]
        pos = rng.randint(int(start) + 1, int(end))
        ref = fasta.fetch(contig, pos, pos)
        ids.append(f"{contig.removeprefix('chr')}:{pos}:{ref}:{rng.choice([b for b in 'ACGT' if b != ref])}")
    series = pl.Series("variant_id", ids).unique(maintain_order=True)
    own = names_of(series, reference, folder / "genes.contig.gff3", None)
    theirs = names_by(PROGRAMS["snpeff"], series, reference, "slices", tmp_path / "work")
    both = own.join(theirs, on="variant_id", suffix="_snpeff").filter(pl.col("hgvs_p").is_not_null())
    assert both.height >= 250
    assert (both["hgvs_c"] == both["hgvs_c_snpeff"]).mean() >= 0.97
    assert (both["hgvs_p"] == both["hgvs_p_snpeff"]).mean() >= 0.97


@pytest.mark.slow
def test_multiqc_reads_what_the_programs_wrote(tmp_path):
    """fastp's reports, samtools stats and our quality table become sections of one page."""
    pytest.importorskip("snakemake")
    for tool in ("bwa", "samtools", "fastp", "multiqc"):
        if not shutil.which(tool):
            pytest.skip(f"not installed: {tool}")
    from oncourse.reads.simulate_patient import simulate_reads

    simulate_reads(tmp_path, "crc", 1, 1, genes=("KRAS",), n_runs=2, n_changes={"germline": 6, "trunk": 4})
    with (tmp_path / "reads.yaml").open("a") as file:
        file.write("multiqc: true\n")
    command = [sys.executable, "-c", "from oncourse.cli.main import main; main()", "reads", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "reads/multiqc/multiqc_report.html").read_text()
    assert all(word in page for word in ("fastp", "samtools-stats", "oncourse_quality"))


def test_an_image_is_shown_the_folders_of_all_files(tmp_path):
    """Snakemake binds reads/ of the study folder alone: reference and reads elsewhere were not there in the image."""
    for name in ("my genome", "runs/a", "study/fastq"):
        (tmp_path / name).mkdir(parents=True)
    plan = _sheet(tmp_path / "study", "")
    plan = replace(plan, fasta=str(tmp_path / "my genome/x.fa"))
    inside = replace(plan.samples[0], aligned=str(tmp_path / "study/fastq/x.bam"))
    away = replace(plan.samples[0], fastq=((str(tmp_path / "runs/a/1.fq"), str(tmp_path / "runs/a/2.fq")),))
    bound = shlex.split(_bound(replace(plan, samples=(inside, away))))
    assert bound[1::2] == [str(tmp_path / name) for name in ("my genome", "runs/a", "study")]


@pytest.fixture
def two_patients(tmp_path):
    """The study of two patients with a normal and a tumour each, FASTQ of one read."""
    pytest.importorskip("snakemake")
    _sheet(tmp_path, "")
    text = (tmp_path / "a.fq").read_text()
    rows = ["patient\tsample\trole\tfastq_1"]
    for patient in ("P1", "P2"):
        for role in ("normal", "primary"):
            (tmp_path / f"{patient}{role}.fq").write_text(text)
            rows.append(f"{patient}\t{patient}{role}\t{role}\t{patient}{role}.fq")
    (tmp_path / "reads.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


def _oncourse(*args, path=None):
    command = [sys.executable, "-c", "from oncourse.cli.main import main; main()", *map(str, args)]
    env = os.environ | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.mark.slow
def test_on_kubernetes_a_pod_is_a_patient(two_patients):
    """The dry run of its executor: all steps up to the counts are the group of the patient, the judgement another."""
    pytest.importorskip("snakemake_executor_plugin_kubernetes")
    said = _oncourse("reads", two_patients, "--executor", "kubernetes", "--dry-run")
    groups = re.split(r"Group job (\S+) ", said.stdout + said.stderr)
    rules = {
        name: sorted(re.findall(r"^ +rule (\w+):", body, re.M))
        for name, body in zip(groups[1::2], groups[2::2], strict=True)
    }
    assert set(rules) == {"reads-P1", "reads-P2", "judge-P1", "judge-P2"}
    assert all(rules[f"reads-{p}"] == sorted(["align", "profile", "genotype"] * 2 + ["discover"]) for p in ("P1", "P2"))


@pytest.mark.slow
def test_apptainer_is_given_the_command_of_each_step_and_the_folders(two_patients):
    """A stand-in notes what it is given; the step itself then has no reads on its targets and says so."""
    folder = two_patients / "bin"
    folder.mkdir()
    for name in ("apptainer", "singularity"):
        script = folder / name
        script.write_text(
            f'#!/bin/bash\necho "$@" >> {two_patients}/told\n'
            '[ "$1" = --version ] && echo "apptainer version 1.3.4"\n'
            'while [ $# -gt 0 ]; do [ "$1" = --name ] && touch "$2"; [ "$1" = -c ] && exec bash -c "$2"; shift; done\n'
        )
        script.chmod(0o755)
    done = _oncourse("reads", two_patients, "--patient", "P1", "--software", "apptainer", path=folder)
    told = (two_patients / "told").read_text()
    assert "docker://oncourse-reads" in told and f"--bind {two_patients} " in told
    assert "oncourse.reads.steps align plan.json P1normal" in told
    assert "P1" in done.stderr and "Traceback" not in done.stderr


def test_what_a_cluster_says_of_a_job_it_refused_is_shown(tmp_path):
    """SLURM refuses a job that asks for more memory than any node has: no step was run that could say why."""
    from oncourse.reads.run import failure

    plan = _sheet(tmp_path, "")
    plan.place("log").mkdir(parents=True)
    plan.place("log", "workflow.txt").write_text("sbatch: error: Requested node configuration is not available\n")
    assert "Requested node configuration is not available" in str(failure(plan))


def test_kubernetes_is_said_to_be_a_job_for_each_patient_and_an_unknown_patient_is_told(tmp_path):
    """Snakemake's executor shares no files with this machine: it ended in a fault after everything was checked."""
    (tmp_path / "ref.fa").write_text(">1\nACGT\n")
    (tmp_path / "a.fq").write_text("@r\nACGT\n+\nFFFF\n")
    (tmp_path / "reads.tsv").write_text("patient\tsample\trole\tfastq_1\nP\tS\tplasma\ta.fq\n")
    (tmp_path / "reads.yaml").write_text("fasta: ref.fa\n")
    with pytest.raises(ToolError, match="--patient P` as a job for each patient"):
        run_reads(tmp_path, executor="kubernetes")
    with pytest.raises(InputError, match=r"has no patient Q\. It has: P\."):
        run_reads(tmp_path, patient="Q")


def test_the_manifest_of_kubernetes_asks_for_each_patient_of_the_sheet(tmp_path):
    """Its shell line, run here: the index of the pod is the patient's number."""
    text = resources.files("oncourse.reads").joinpath("workflow/kubernetes.yaml").read_text()
    jobs = list(yaml.safe_load_all(text))
    line = jobs[0]["spec"]["template"]["spec"]["containers"][0]["args"][0].replace("oncourse reads", "echo")
    (tmp_path / "reads.tsv").write_text("patient\tsample\nP1\ta\nP1\tb\n\nP 2\tc\n")
    for n, wanted in enumerate((". --patient P1 --cores 4\n", ". --patient P 2 --cores 4\n")):
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "JOB_COMPLETION_INDEX": str(n)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == wanted
