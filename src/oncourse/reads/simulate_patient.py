"""A small study at read level with known truth: FASTQ of blood cells, primary, metastasis, plasma; a made-up genome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.reads.simulate_genome import (
    BUILD,
    GENES,
    Change,
    Locus,
    change_table,
    draw_changes,
    make_genome,
)
from oncourse.reads.simulate_reads import Library, simulate_pairs, write_fastq
from oncourse.stats.rng import generator

#: Known changes put into the first patient's trunk: gene -> place on GRCh38 (1-based, plus strand), reference, variant.
DRIVERS = {"KRAS": (25_245_350, "C", "T"), "TP53": (7_675_088, "C", "T")}


@dataclass(frozen=True)
class Part:
    """A sample of the simulated patient: tumour share of its DNA, and how it was read."""

    role: str
    purity: float
    library: Library
    day: int
    umi: str = ""
    preservation: str = ""


#: Depths are for a demonstration of minutes, not for a study.
PARTS = (
    Part("white_cells", 0.0, Library(110), 0),
    Part("primary", 0.5, Library(180, damage=1e-4), 0, preservation="FFPE"),
    Part("metastasis", 0.7, Library(180), 400),
    Part("plasma", 0.06, Library(400, insert=167, insert_sd=20, umi=6, copies=3.0), 400, umi="6M+T"),
)
#: Germline, tumour (all, primary only, metastasis only), blood cell changes of a patient.
N_CHANGES = {"germline": 40, "trunk": 16, "primary": 8, "metastasis": 8, "chip": 2}


def write_genome(genome: list[Locus], folder: Path) -> Path:
    """Write reference.fa, offsets.tsv (where contigs lie in GRCh38), targets.bed, runs.bed and what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    fasta = folder / "reference.fa"
    with fasta.open("w") as out:
        for g in genome:
            text = g.bases.tobytes().decode()
            out.write(f">{g.contig}\n")
            out.writelines(f"{text[i : i + 60]}\n" for i in range(0, len(text), 60))
    (folder / "offsets.tsv").write_text(
        "contig\tchrom\tstart\tlength\n"
        + "".join(f"{g.contig}\t{g.chrom}\t{g.start}\t{len(g.bases)}\n" for g in genome)
    )
    for name, which in (("targets.bed", "targets"), ("runs.bed", "runs")):
        lines = [f"{g.contig}\t{a}\t{b}\t{g.gene}\n" for g in genome for a, b in getattr(g, which)]
        (folder / name).write_text("".join(lines))
    (folder / "README.txt").write_text(
        f"SYNTHETIC reference: exon places ({BUILD}) and coding bases are real, everything between them is random.\n"
        "Made by `oncourse simulate --reads`; for demonstrations and tests only.\n"
    )
    return fasta


def draw_patient(genome: list[Locus], rng: np.random.Generator, n: dict[str, int], *, drivers: bool) -> list[Change]:
    """Return the changes of one patient."""
    out: list[Change] = []
    for i, g in enumerate(genome):
        if drivers and g.gene in DRIVERS:
            pos, ref, alt = DRIVERS[g.gene]
            at = pos - 1 - g.start
            assert g.bases[at : at + 1].tobytes().decode() == ref
            out.append(Change(i, at, ref, alt, "trunk"))
    for clone, number in n.items():
        held = sum(c.clone == clone for c in out)
        gene = "TET2" if clone == "chip" and any(g.gene == "TET2" for g in genome) else None
        out += draw_changes(genome, clone, max(0, number - held), rng, taken=out, gene=gene)
    return [
        replace(c, share=2.0)
        if c.clone == "germline" and k % 4 == 3
        else replace(c, share=0.16)
        if c.clone == "chip"
        else c
        for k, c in enumerate(out)
    ]


def vafs_of(changes: list[Change], role: str, purity: float) -> np.ndarray:
    """Return the share of molecules with each change, for two copies everywhere; blood cells make the rest of
    plasma."""
    carried = {
        "primary": ("trunk", "primary"),
        "metastasis": ("trunk", "metastasis"),
        "plasma": ("trunk", "metastasis"),
    }.get(role, ())
    out = []
    for c in changes:
        if c.clone == "germline":
            out.append(c.share / 2)
        elif c.clone == "chip":
            out.append(c.share / 2 * {"white_cells": 1.0, "plasma": 1 - purity}.get(role, 0.0))
        else:
            out.append(purity * c.share / 2 if c.clone in carried else 0.0)
    return np.array(out)


def simulate_reads(
    folder: Path,
    design: str,
    n_patients: int,
    seed: int,
    *,
    genes: tuple[str, ...] | None = None,
    parts: tuple[Part, ...] = PARTS,
    n_changes: dict[str, int] | None = None,
    n_runs: int = 120,
) -> dict[str, pl.DataFrame]:
    """Write study.yaml, patients, follow-up and lesions, reads.tsv, reads.yaml, the reference and the FASTQ files.

    Returns
    -------
    the truth: ``changes`` (patient_id and the columns of `change_table`) and ``fractions`` (patient_id, sample_id,
    variant_id, vaf)
    """
    genome = make_genome(genes or GENES[design], generator(seed, "reads genome"), n_runs=n_runs)
    write_genome(genome, folder / "reference")
    (folder / "fastq").mkdir(exist_ok=True)
    title = f"Simulated reads, {'colorectal' if design == 'crc' else 'prostate'} (synthetic reference)"
    (folder / "study.yaml").write_text(f"title: {title}\ndesign: {design}\ngenome_build: {BUILD}\n")
    (folder / "reads.yaml").write_text(
        "fasta: reference/reference.fa\ntargets: reference/targets.bed\nmicrosatellites: reference/runs.bed\n"
    )
    sheet, truth, fractions = [], [], []
    for k in range(n_patients):
        patient = f"R{k + 1:02d}"
        rng = generator(seed, f"reads {patient}")
        changes = draw_patient(genome, rng, n_changes or N_CHANGES, drivers=k == 0)
        table = change_table(changes, genome).with_columns(pl.lit(patient).alias("patient_id"))
        truth.append(table)
        for part in parts:
            sample = f"{patient}-{part.role}"
            vafs = vafs_of(changes, part.role, part.purity)
            files = [f"fastq/{sample}_{end}.fastq.gz" for end in (1, 2)]
            pairs = simulate_pairs(genome, changes, vafs, part.library, rng)
            write_fastq(pairs, folder / files[0], folder / files[1], sample, umi=part.library.umi)
            lesion = f"{patient}-{part.role}-lesion" if part.role in ("primary", "metastasis") else ""
            sheet.append(
                (
                    patient,
                    sample,
                    part.role,
                    lesion,
                    part.day,
                    "1",
                    *files,
                    "panel",
                    part.umi,
                    part.preservation,
                )
            )
            fractions.append(
                table.select("patient_id", pl.lit(sample).alias("sample_id"), "variant_id", pl.Series("vaf", vafs))
            )
    names = (
        "patient",
        "sample",
        "role",
        "lesion",
        "day",
        "lane",
        "fastq_1",
        "fastq_2",
        "assay",
        "umi",
        "preservation",
    )
    pl.DataFrame(sheet, schema=names, orient="row").write_csv(folder / "reads.tsv", separator="\t")
    _write_people(folder, sheet)
    return {"changes": pl.concat(truth), "fractions": pl.concat(fractions)}


def _write_people(folder: Path, sheet: list[tuple]) -> None:  # type: ignore[type-arg]
    patients = list(dict.fromkeys(row[0] for row in sheet))
    (folder / "patients.tsv").write_text("patient_id\n" + "".join(f"{p}\n" for p in patients))
    lesions = [(row[3], row[0], row[2], row[4]) for row in sheet if row[3]]
    lines = [f"{lesion}\t{patient}\t{role}\t{day}\n" for lesion, patient, role, day in lesions]
    (folder / "lesions.tsv").write_text("lesion_id\tpatient_id\trole\tfound_day\n" + "".join(lines))
