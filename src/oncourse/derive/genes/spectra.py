"""Spectra of mutations: how many of each class in a sample, and in what its lesions share or have alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oncourse.genome.contexts import classes_of, runs_of
from oncourse.genome.fasta import Fasta
from oncourse.stats.exposures import MIN_GAIN
from oncourse.study.model import Study
from oncourse.study.settings import section, setting


@section("signatures")
@dataclass(frozen=True)
class SignatureParams:
    """Where contexts and signatures come from, and how many mutations a refit needs."""

    table: str | None = setting(
        None, "table of SBS signatures (COSMIC's form); default: that of an installed SigProfilerAssignment"
    )
    id_table: str | None = setting(None, "table of ID signatures, likewise")
    fasta: str | None = setting(None, "reference genome for the bases around a mutation (`run --fasta`)")
    only: tuple[str, ...] = setting((), "signatures that may be used (default: all of the table)")
    background: tuple[str, ...] = setting(
        ("SBS1", "SBS5"),
        "signatures nearly every tissue has: they are in from the start and let go only where they gain next to nothing",
        source="clock-like: Alexandrov 2015, doi 10.1038/ng.3441",
    )
    min_mutations: int = setting(
        50,
        "classified mutations below which nothing is fitted",
        low=10,
        source="SigProfilerAssignment's advice for exomes: flat signatures need more",
    )
    replicates: int = setting(100, "resampled spectra for intervals", low=20, high=2000)
    min_gain: float = setting(
        MIN_GAIN,
        "log-likelihood gain a signature must bring at 1,000 mutations; the logarithm of their number more or less",
        low=0.5,
        high=50,
        source="half of the logarithm: Schwarz 1978, doi 10.1214/aos/1176344136; the rest: benchmarks/peer_signatures.py",
    )


#: Parts of a patient's mutations: of one sample; in all samples of the patient; in one and absent in another.
PARTS = ("sample", "shared", "private")
SPECTRUM_SCHEMA = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "part": pl.String,
    "kind": pl.String,
    "class": pl.String,
    "n": pl.Int64,
}


def variant_classes(study: Study, fasta: str | None) -> pl.DataFrame:
    """Return variant_id, kind, class of the study's variants (`oncourse.genome.contexts.classes_of`)."""
    variants = study["variants"].select("variant_id", "context").unique("variant_id", maintain_order=True)
    if fasta is None:
        return classes_of(variants)
    with Fasta(Path(fasta)) as reference:
        return classes_of(variants, reference)


def variant_runs(study: Study, fasta: str | None) -> pl.DataFrame:
    """Return variant_id, is_in_run of the study's indels of one base (`oncourse.genome.contexts.runs_of`)."""
    variants = study["variants"].select("variant_id", "context").unique("variant_id", maintain_order=True)
    if fasta is None:
        return runs_of(variants)
    with Fasta(Path(fasta)) as reference:
        return runs_of(variants, reference)


def spectra_table(calls: pl.DataFrame, classes: pl.DataFrame, cells: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return `SPECTRUM_SCHEMA`: counts by sample, and by patient of what its samples share or one has alone.

    cells : states of every variant in every sample of its patient (`oncourse.derive.concordance.presence`)

    part ``sample``: called in the sample. ``shared`` (sample_id null): present in every sample of a patient with two
    and more. ``private``: present in the sample and absent in another; what could not be assessed is in neither. A null
    class counts the mutations whose bases are not known.
    """
    rows = [calls.select("patient_id", "sample_id", "variant_id").unique().with_columns(part=pl.lit("sample"))]
    if cells is not None and cells.height:
        rows += _shared_and_private(cells)
    joined = pl.concat(rows).join(classes, on="variant_id", how="inner")
    keys = ["patient_id", "sample_id", "part", "kind", "class"]
    table = joined.group_by(keys).agg(n=pl.len().cast(pl.Int64))
    return table.select(list(SPECTRUM_SCHEMA)).sort(keys, nulls_last=True)


def _shared_and_private(cells: pl.DataFrame) -> list[pl.DataFrame]:
    state = pl.col("state")
    tumour = cells.filter(pl.col("blood").is_null())
    fate = tumour.group_by("patient_id", "variant_id").agg(
        shared=(state == "present").all(), split=(state == "present").any() & (state == "absent").any()
    )
    shared = fate.filter("shared").select(
        "patient_id", pl.lit(None, pl.String).alias("sample_id"), "variant_id", pl.lit("shared").alias("part")
    )
    split = tumour.filter(state == "present").join(
        fate.filter("split").select("patient_id", "variant_id"), on=["patient_id", "variant_id"], how="semi"
    )
    return [shared, split.select("patient_id", "sample_id", "variant_id", pl.lit("private").alias("part"))]
