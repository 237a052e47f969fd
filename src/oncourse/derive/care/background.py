"""What errors alone would show at the tracked sites of plasma: learned from the study's other sites, else as stated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.concordance.presence_inputs import error_rates
from oncourse.facts.called import is_called_expr
from oncourse.facts.material import is_normal
from oncourse.study.model import Study

Floats = NDArray[np.float64]
ERROR_RATE, ERROR_RATE_UMI = 1e-3, 1e-4
#: Kinds of change whose errors differ: six substitutions, and everything else.
_KINDS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G", "other")
_TURN = {"A": "T", "C": "G", "G": "C", "T": "A"}


@dataclass(frozen=True)
class Expected:
    """One entry per tracked variant and plasma sample, in the order of the rows asked for.

    alt, depth : counts; told : stated error rate; learned : expected background reads as learned (NaN where it could
    not be);
    uncertainty : relative variance of the learned rate; shape : of the spread between sites; is_learned : per entry.
    """

    alt: Floats
    depth: Floats
    told: Floats
    learned: Floats
    uncertainty: Floats
    shape: Floats
    is_learned: NDArray[np.bool_]


def expected_errors(
    study: Study,
    samples: pl.DataFrame,
    calls: pl.DataFrame,
    apart: pl.DataFrame,
    rows: pl.DataFrame,
    error_rate: float,
    noise_shape: float | None,
) -> Expected:
    """Return what errors would show at `rows`.

    Parameters
    ----------
    samples : `tumour_samples`; calls : their somatic rows with ``called``; apart : patient_id, variant_id of
    germline and
        blood variants
    rows : patient_id, sample_id, assay_id, variant_id, alt_count, depth of tracked variants in plasma, sorted
    error_rate : of an assay that states none; noise_shape : assumed spread between sites, null: none

    The background is learned per assay from plasma at variants nobody called in the patient, and from normals and white
    cells at whatever was not called there.
    """
    told = told_errors(study, rows, error_rate).to_numpy()
    prior = np.inf if noise_shape is None else float(noise_shape)
    n = rows.height
    learned, uncertainty = np.full(n, np.nan), np.full(n, np.nan)
    shape = np.full(n, prior)
    assay_of, names = rows["assay_id"].fill_null("").to_numpy(), rows["sample_id"].to_numpy()
    depth = rows["depth"].to_numpy().astype(float)
    kinds = _kind(rows["variant_id"])
    quiet = quiet_rows(study, samples, calls, apart, sorted(set(assay_of.tolist())))
    for assay in sorted(set(assay_of.tolist())):
        mine = assay_of == assay
        sites = quiet.filter(pl.col("assay_id").fill_null("") == assay)
        found, place = _learn(study, sites, sorted(set(names[mine].tolist())), error_rate, prior)
        at = np.array([place[s] for s in names[mine]])
        learned[mine] = found.ratio[at] * found.by_kind[kinds[mine]] * told[mine] * depth[mine]
        uncertainty[mine] = found.uncertainty[at]
        shape[mine] = np.where(found.is_learned[at], found.site_shape, prior)
    return Expected(
        rows["alt_count"].to_numpy().astype(float), depth, told, learned, uncertainty, shape, ~np.isnan(learned)
    )


def _learn(study: Study, sites: pl.DataFrame, wanted: list[str], error_rate: float, prior: float):  # type: ignore[no-untyped-def]
    """Return the `Background` of one assay and sample -> its index there; samples without sites have the assay's."""
    from oncourse.evolution.quiet_sites import learn_background

    names = sorted({*sites["sample_id"].to_list(), *wanted})
    place = {name: i for i, name in enumerate(names)}
    told = told_errors(study, sites, error_rate).to_numpy()
    found = learn_background(
        sites["alt_count"].to_numpy().astype(float),
        told * sites["depth"].to_numpy(),
        np.array([place[s] for s in sites["sample_id"]], np.int64),
        _kind(sites["variant_id"]),
        n_sample=len(names),
        n_kind=len(_KINDS),
        prior_shape=min(prior, 1e6),
    )
    return found, place


def quiet_rows(
    study: Study, samples: pl.DataFrame, calls: pl.DataFrame, apart: pl.DataFrame, assays: list[str]
) -> pl.DataFrame:
    """Return sample_id, assay_id, variant_id, alt_count, depth where no variant is expected, in samples of these
    assays.

    Plasma: sites counted in several patients (a list of sites, or other patients' variants) that no sample of this
    patient has called, germline and blood variants apart. Normals and white
    cells: whatever was not called there.
    """
    counted = (pl.col("depth") > 0) & pl.col("alt_count").is_not_null()
    wanted = pl.col("assay_id").fill_null("").is_in(assays)
    plasma = samples.filter((pl.col("material") == "plasma") & wanted).select("sample_id", "assay_id")
    called = calls.filter("called").select("patient_id", "variant_id").unique()
    # a site that stands in one patient's files alone stands there because a caller saw something
    who = calls.filter(counted).select("variant_id", who=pl.col("patient_id").cast(pl.Categorical).to_physical())
    shared = (
        who.group_by("variant_id").agg(a=pl.col("who").min(), b=pl.col("who").max()).filter(pl.col("a") < pl.col("b"))
    )
    of_plasma = (
        calls.filter(counted & ~pl.col("called"))
        .join(plasma, on="sample_id", how="inner")
        .join(shared, on="variant_id", how="semi")
        .join(called, on=["patient_id", "variant_id"], how="anti")
        .join(apart, on=["patient_id", "variant_id"], how="anti")
    )
    normals = study["samples"].filter(is_normal() & wanted).select("sample_id", "assay_id")
    rule = study["assays"].select("assay_id", "min_alt_count", "min_vaf")
    of_normals = (
        study["calls"]
        .filter(counted)
        .join(normals, on="sample_id", how="inner")
        .join(rule, on="assay_id", how="left")
        .filter(~is_called_expr() & ~pl.col("origin").is_in(["germline", "chip"]).fill_null(False))
    )
    kept = ["sample_id", "assay_id", "variant_id", "alt_count", "depth"]
    return pl.concat([of_plasma.select(kept), of_normals.select(kept)]).sort("sample_id", "variant_id")


def told_errors(study: Study, rows: pl.DataFrame, error_rate: float) -> pl.Series:
    """Return the stated background error of each row (assay_id, variant_id): of the variant, its kind, the assay."""
    assays = study["assays"].select("assay_id", "error_rate", "has_umi")
    usual = pl.when(pl.col("has_umi").fill_null(False)).then(pl.lit(ERROR_RATE_UMI)).otherwise(error_rate)
    told = rows.select("assay_id", "variant_id").join(assays, on="assay_id", how="left", maintain_order="left")
    return error_rates(study, told.with_columns(_usual=pl.coalesce("error_rate", usual)), pl.col("_usual"))


def _kind(variants: pl.Series) -> NDArray[np.int64]:
    """Index into `_KINDS` of each chrom:pos:ref:alt, read on the strand of the pyrimidine."""
    change = variants.str.extract(r":([ACGT]:[ACGT])$").str.replace(":", ">")
    turned = {f"{_TURN[k[0]]}>{_TURN[k[2]]}": k for k in _KINDS[:-1]}
    index = {kind: i for i, kind in enumerate(_KINDS)}
    every = index | {other: index[k] for other, k in turned.items()}
    found = change.replace_strict(every, default=index["other"], return_dtype=pl.Int64)
    return found.fill_null(index["other"]).to_numpy()
