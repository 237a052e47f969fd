"""What the programs themselves say of a sample (samtools stats, mosdepth), and MultiQC over all of it."""

from __future__ import annotations

import os
import shutil
from importlib import resources
from pathlib import Path

from oncourse.reads.sheet import Plan
from oncourse.reads.tools import need, pipe, version


def statistics_step(plan: Plan, name: str) -> None:
    """Write qc/NAME.stats.txt (samtools stats, on the targets where there are), and mosdepth's files where it is."""
    need("samtools")
    folder, bam, log = plan.place("qc"), plan.bam(name), plan.place("log", f"statistics.{name}")
    folder.mkdir(parents=True, exist_ok=True)
    if version("mosdepth"):  # "" is one that does not start
        by = ["--by", plan.targets] if plan.targets else []
        reference = ["-f", plan.fasta] if bam.suffix == ".cram" else []
        pipe([["mosdepth", "-n", "-x", *by, *reference, str(folder / name), str(bam)]], log)
    draft = folder / f".{name}.stats.draft"
    targets = ["-t", _one_based(plan, draft.with_suffix(".regions"))] if plan.targets else []
    pipe([["samtools", "stats", "-r", plan.fasta, *targets, str(bam)], ["tee", str(draft)]], log)
    draft.replace(folder / f"{name}.stats.txt")
    draft.with_suffix(".regions").unlink(missing_ok=True)


def _one_based(plan: Plan, path: Path) -> str:
    """Write the targets as samtools stats takes them (contig, first, last base; 1-based) and return the path."""
    from oncourse.genome.fasta import Fasta
    from oncourse.reads.profile import target_regions

    rows = target_regions(Path(plan.targets), Fasta(plan.fasta)).select("chrom", "start", "end").iter_rows()
    path.write_text("".join(f"{chrom}\t{start + 1}\t{end}\n" for chrom, start, end in rows))
    return str(path)


def multiqc_step(plan: Plan, _: str) -> None:
    """Write multiqc/multiqc_report.html over the outputs of fastp, samtools and mosdepth, and our quality table."""
    need("multiqc")
    work, out = plan.place(".multiqc"), plan.place("multiqc")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    _quality_table(plan, plan.place("qc", "oncourse_quality_mqc.tsv"))
    config = resources.files("oncourse.reads").joinpath("workflow/multiqc.yaml")
    given = [str(plan.place(part)) for part in ("log", "qc")]
    command = [
        "multiqc",
        "--force",
        "--no-ansi",
        "--no-version-check",
        "-n",
        "multiqc_report.html",
        "-c",
        str(config),
        "-o",
        str(work),
        *given,
    ]
    pipe([command], plan.place("log", "multiqc"))
    shutil.rmtree(out, ignore_errors=True)
    os.replace(work, out)


def _quality_table(plan: Plan, path: Path) -> None:
    """Write quality.tsv as a table of MultiQC (custom content)."""
    head = [
        "# id: oncourse_quality",
        "# section_name: oncourse",
        "# description: depth, identity and limits of each sample; an empty cell is not assessable",
        "# plot_type: table",
        "# pconfig:",
        "#     id: oncourse_quality_table",
        "#     title: Quality by oncourse",
    ]
    path.write_text("\n".join(head) + "\n" + plan.place("tables", "quality.tsv").read_text())
