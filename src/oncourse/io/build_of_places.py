"""The genome build of a source that does not say it: from the genes it names and the places it gives them, else from the
reference bases it writes and those of the coding sequences known here."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from oncourse.genome.gene_models import BUILDS
from oncourse.genome.gene_names import gene_names
from oncourse.genome.genes import gene_places
from oncourse.genome.places import locate
from oncourse.genome.variant import parts
from oncourse.io.reading import Reading
from oncourse.study.schema import Problem

#: So many of the named places lie in their gene in one build, and at most half as many in the other.
_MOST = 0.8


def fits(variants: pl.DataFrame) -> tuple[dict[str, int], int]:
    """Return build -> number of variants whose place lies in the gene they name, and of how many that can be asked.

    Null genes, genes not known here and variants without a place are not asked.
    """
    named = variants.select("variant_id", gene=gene_names(variants["gene"])["gene"]).with_columns(parts())
    named = named.filter(pl.col("pos").is_not_null() & pl.col("gene").is_not_null())
    found, asked = {}, 0
    for build in BUILDS:
        at = named.join(gene_places(build).rename({"chrom": "_chrom"}), on="gene", how="inner")
        inside = (pl.col("chrom") == pl.col("_chrom")) & pl.col("pos").is_between("first", "last")
        found[build] = at.select(inside.sum()).item()
        asked = max(asked, at.height)
    return found, asked


def bases_fit(variants: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Return build -> variants whose reference base is that of the coding sequence there, and those where it is another."""
    out = {}
    for build in BUILDS:
        same = locate(variants["variant_id"].unique().drop_nulls(), build)["is_ref_match"].drop_nulls()
        out[build] = int(same.sum()), int((~same).sum())
    return out


def with_build(reading: Reading) -> None:
    """Set the build of a foreign source that says none, where its places leave one; say so, or that they leave none."""
    variants = reading.tables.get("variants")
    if not reading.foreign or reading.config.genome_build or variants is None or variants.is_empty():
        return
    if reading.other_build:
        return  # the source says one, and it is none of those known here
    found, n_asked = fits(variants) if "gene" in variants.columns else (dict.fromkeys(BUILDS, 0), 0)
    best = max(found, key=lambda b: found[b])
    n_best, n_other = found[best], min(found.values())
    if n_asked and n_best >= _MOST * n_asked and n_best >= 2 * n_other and n_best > n_other:
        reading.config = replace(reading.config, genome_build=best)
        reading.notes.append(
            f"the source does not say its genome build: {best} by {n_best:,} of {n_asked:,} places in the genes it names"
        )
        return
    bases = bases_fit(variants)
    best, other = sorted(BUILDS, key=lambda b: bases[b][0], reverse=True)
    n_same, n_wrong = bases[best]
    if n_same and n_wrong <= (1 - _MOST) * n_same and n_same >= 2 * bases[other][0]:
        reading.config = replace(reading.config, genome_build=best)
        message = (
            f"the source does not say its genome build: {best} by the reference bases of {n_same:,} variants in known "
            f"coding sequences ({other}: {bases[other][0]:,})."
        )
        cure = "If that is right, nothing is to be done; else give it (--build, or genome_build in study.yaml)."
        reading.problems.append(Problem("study.yaml", None, "genome_build", best, message, cure, "warning"))
    elif n_asked:
        said = ", ".join(f"{n:,} lie there in {b}" for b, n in sorted(found.items()))
        message = (
            f"the source does not say its genome build, and {n_asked:,} places in named genes do not tell ({said})."
        )
        cure = "Give it (--build, or genome_build in study.yaml): without it no effect is read from a place."
        reading.problems.append(Problem("study.yaml", None, "genome_build", None, message, cure, "warning"))
