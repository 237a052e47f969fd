"""Refit of spectra to reference signatures: one row per spectrum and signature that it needs, with its interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.genes.spectra import SignatureParams
from oncourse.genome.signatures import AETIOLOGY, ARTEFACTS, Signatures
from oncourse.stats.exposures import bootstrap_exposures, fit_exposures
from oncourse.stats.rng import generator

EXPOSURE_SCHEMA = {
    "part": pl.String,
    "patient_id": pl.String,
    "sample_id": pl.String,
    "kind": pl.String,
    "signature": pl.String,
    "aetiology": pl.String,
    "n": pl.Float64,
    "share": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "needed": pl.Float64,
}
FIT_SCHEMA = {
    "part": pl.String,
    "patient_id": pl.String,
    "sample_id": pl.String,
    "kind": pl.String,
    "n": pl.Int64,
    "n_unknown": pl.Int64,
    "status": pl.String,
    "n_signatures": pl.Int64,
    "cosine": pl.Float64,
}


@dataclass(frozen=True)
class Refit:
    """``exposures`` (`EXPOSURE_SCHEMA`), ``fits`` (`FIT_SCHEMA`: every spectrum, also those of too few mutations)."""

    exposures: pl.DataFrame
    fits: pl.DataFrame


def usable(signatures: Signatures, params: SignatureParams) -> Signatures:
    """Return the signatures of `params.only`, or all."""
    if not params.only:
        return signatures
    keep = [i for i, name in enumerate(signatures.names) if name in params.only]
    names = tuple(signatures.names[i] for i in keep)
    return Signatures(names, signatures.classes, signatures.matrix[keep], signatures.source)


def refit(spectra: pl.DataFrame, kind: str, signatures: Signatures | None, params: SignatureParams, seed: int) -> Refit:
    """Fit every spectrum of one kind that has `params.min_mutations` classified mutations; the cohort's sum too.

    Without `signatures` the spectra are listed as not fitted.
    """
    exposures: list[tuple[object, ...]] = []
    fits: list[tuple[object, ...]] = []
    for part, patient, sample, counts, unknown in _spectra(spectra, kind, signatures):
        n = int(counts.sum())
        head = (part, patient, sample, kind)
        if signatures is None or n < params.min_mutations:
            word = "too few mutations" if n < params.min_mutations else "no table of signatures"
            fits.append((*head, n, unknown, word, None, None))
            continue
        usual = tuple(i for i, name in enumerate(signatures.names) if name in params.background)
        found = fit_exposures(counts, signatures.matrix, params.min_gain, usual)
        rng = generator(seed, f"signatures:{kind}:{part}:{patient}:{sample}")
        drawn = bootstrap_exposures(counts, signatures.matrix, params.replicates, rng, params.min_gain, usual) / n
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        inside = np.flatnonzero(found.counts > 0)
        for i in sorted(inside, key=lambda k: -found.counts[k]):
            name = signatures.names[i]
            share = float(found.counts[i] / n)
            exposures.append(
                (
                    *head,
                    name,
                    _known_for(name),
                    float(found.counts[i]),
                    share,
                    min(float(low[i]), share),
                    max(float(high[i]), share),
                    float((drawn[:, i] > 0).mean()),
                )
            )
        fits.append((*head, n, unknown, "fitted", len(inside), found.cosine))
    return Refit(
        pl.DataFrame(exposures, schema=EXPOSURE_SCHEMA, orient="row"),
        pl.DataFrame(fits, schema=FIT_SCHEMA, orient="row"),
    )


def _known_for(name: str) -> str | None:
    return "possible sequencing artefact" if name in ARTEFACTS else AETIOLOGY.get(name)


def _spectra(
    spectra: pl.DataFrame, kind: str, signatures: Signatures | None
) -> Iterator[tuple[str, str | None, str | None, NDArray[np.float64], int]]:
    """Yield part, patient, sample, counts in the table's order of classes, and mutations without a class."""
    mine = spectra.filter(pl.col("kind") == kind)
    names = signatures.classes if signatures else tuple(sorted(mine["class"].drop_nulls().unique()))
    index = {name: i for i, name in enumerate(names)}
    whole = mine.filter(pl.col("part") == "sample").with_columns(
        part=pl.lit("cohort"), patient_id=pl.lit(None, pl.String), sample_id=pl.lit(None, pl.String)
    )
    rows = pl.concat([whole, mine]).group_by("part", "patient_id", "sample_id", "class").agg(pl.col("n").sum())
    order = pl.col("part").replace_strict({"cohort": 0, "sample": 1, "shared": 2, "private": 3}, return_dtype=pl.Int8)
    rows = rows.with_columns(order=order).sort("order", "patient_id", "sample_id", "class", nulls_last=True)
    for (part, patient, sample), group in rows.group_by(["part", "patient_id", "sample_id"], maintain_order=True):
        counts, unknown = np.zeros(len(names)), 0
        for name, n in group.select("class", "n").iter_rows():
            if name in index:
                counts[index[name]] += n
            else:
                unknown += n
        yield str(part), patient, sample, counts, unknown  # type: ignore[misc]
