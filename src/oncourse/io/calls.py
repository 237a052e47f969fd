"""Variants and calls from one or several MAF and VCF files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.io.ids import called_first
from oncourse.io.ledger import Ledger
from oncourse.io.maf import NO_SMALL_VARIANT, MafTables, read_maf
from oncourse.io.whose import Column, Manifest, assign, vcf_start
from oncourse.study.schema import Problem


def is_vcf(path: Path) -> bool:
    """Whether a file is a VCF by its name."""
    return path.name.lower().endswith((".vcf", ".vcf.gz", ".vcf.bgz"))


def read_calls(
    paths: Sequence[Path],
    build: str | None = None,
    *,
    fasta: Fasta | None = None,
    called: str = "auto",
    kind: str | None = None,
    known: Mapping[str, str | None] | None = None,
    manifest: Manifest | None = None,
    looked: Collection[Path] = (),
) -> MafTables:
    """Read the files and join their tables; a build other than `build` (or than the first file's) is an error.

    `kind` "counts" reads them as tables of read counts, else each is a VCF or a MAF by its name;
    `known` are the samples that a clinical table names, with their material; `manifest` says whose a column is; `looked`
    are the files whose rows are sites looked at, not calls.

    Raises
    ------
    InputError : a file cannot be read at all
    """
    from oncourse.io.counts import read_counts
    from oncourse.io.vcf import read_vcf

    known = known or {}
    starts = [vcf_start(path) for path in paths if is_vcf(path) and kind != "counts"]
    whose: dict[Path, list[Column]] = {start.path: [] for start in starts}
    for column in assign(starts, known=known, manifest=manifest):
        whose[column.path].append(column)
    parts = []
    for path in paths:
        if kind == "counts":
            how = "counts" if called == "auto" else called
            parts.append(read_counts(path, fasta=fasta, called=how, known=known))
        elif is_vcf(path):
            parts.append(read_vcf(path, fasta=fasta, called=called, whose=whose[path]))
        else:
            how = "no" if path in looked else called
            parts.append(read_maf(path, fasta=fasta, called=how, known=known, manifest=manifest))
    parts, paths, problems = _without_large(parts, paths)
    for path, part in zip(paths, parts, strict=True):
        build = build or part.build
        if part.build and part.build != build:
            message = f"{path.name} is of genome build {part.build}, the study of {build}."
            cure = "Lift the calls over, or correct genome_build in study.yaml."
            problems.append(Problem("calls", None, "variant_id", part.build, message, cure))
    if len(parts) == 1:
        parts[0].problems += problems
        return parts[0]
    # the same sample in two files (SNVs and indels apart, or two callers): called wins, then the deeper row
    calls = called_first(pl.concat([p.calls.with_columns(p.lines.alias("line")) for p in parts]))
    variants = pl.concat([p.variants for p in parts]).unique("variant_id", keep="first", maintain_order=True)
    samples = pl.concat([p.samples for p in parts], how="diagonal").unique("sample_id", keep="first", maintain_order=True)
    notes = list(dict.fromkeys(note for p in parts for note in p.notes))
    problems += [problem for p in parts for problem in p.problems]
    ledger = Ledger()
    for part in parts:
        ledger.extend(part.ledger)
    n_twice = sum(p.calls.height for p in parts) - calls.height
    ledger.left_out("several files", n_twice, "the same sample and variant in two files: joined", became="calls")
    copies = [p.copies for p in parts if p.copies is not None]
    return MafTables(
        calls.drop("line"),
        variants.sort("variant_id"),
        samples.sort("sample_id"),
        calls["line"],
        build,
        notes,
        problems,
        pl.concat(copies).unique(["sample_id", "chrom", "start"], keep="first", maintain_order=True)
        if copies
        else None,
        ledger=ledger,
    )


def _without_large(
    parts: list[MafTables], paths: Sequence[Path]
) -> tuple[list[MafTables], list[Path], list[Problem]]:
    """Leave out files that hold structural variants or copy numbers alone: they say nothing of small variants.

    Their samples must not count as looked at and wild type.

    Raises
    ------
    InputError : no other file is left
    """
    kept: list[tuple[MafTables, Path]] = []
    problems = []
    cure = (
        "Give fusions as a table (--fusions: Arriba, STAR-Fusion; or fusions.tsv with gene_5p and gene_3p) and copy numbers "
        "with --segments, beside the small variants."
    )
    for part, path in zip(parts, paths, strict=True):
        if not part.calls.is_empty() or not any(why == NO_SMALL_VARIANT and n for why, n, _ in part.left_out):
            kept.append((part, path))
            continue
        message = "the file holds structural variants or copy numbers and no small variant: it is not read."
        problems.append(Problem(path.name, None, None, None, message, cure, "warning"))
    if parts and not kept:
        raise InputError([replace(p, severity="error") for p in problems])
    for left in {p.table for p in problems}:
        kept[0][0].ledger.file(left, "structural variants or copy number", "not read", why="no small variant in it")
    return [part for part, _ in kept], [path for _, path in kept], problems
