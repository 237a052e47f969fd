"""Read counts, copy number and purity of every patient's somatic variants: what clones are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from oncourse.derive.concordance.presence import ERROR_RATE, ERROR_RATE_UMI, PresenceTable
from oncourse.derive.concordance.presence_inputs import (
    complete_cells,
    tumour_calls,
    tumour_samples,
    with_blocks,
)
from oncourse.derive.genes.panels import Panels
from oncourse.genome.variant import places, with_parts
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.evolution.clustering.types import Counts

#: Digits of an estimated purity and of its limits. Noise learned from all patients moves its fourth digit, its error is in
#: the second: rounded, the clones of a patient do not change with each other patient, and are not derived again (of 500
#: patients 32 were, for one more, where three digits of the purity were kept).
PURITY_DIGITS, LIMIT_DIGITS = 2, 3
WHO = {"patient_id": pl.String, "sample_id": pl.String, "reason": pl.String}


@section("ccf")
@dataclass(frozen=True)
class CcfParams:
    """What enters cell fractions and clones."""

    min_depth: int = setting(10, "least depth at which a site counts as looked at", low=1)
    min_purity: float = setting(
        0.03, "least purity (tumour fraction in plasma) at which a sample says something", low=0
    )
    purity_sd: float = setting(0.05, "standard error of a purity that is given", low=0, high=0.3)
    assumed_share: float = setting(
        0.5,
        "share of a sample's usual depth taken as read, without variant reads, where a variant was not called and "
        "the site not counted; 0: such sites say nothing",
        low=0,
        high=1,
    )
    precision: float = setting(
        200.0,
        "beta-binomial precision of a variant looked at on its own",
        low=5,
        source="Roth 2014, Nat Methods 11:396",
    )


@dataclass(frozen=True)
class PatientCounts:
    """One patient's variants in the samples that say something.

    Attributes
    ----------
    variant_ids, sample_ids : rows and columns of `counts`
    counts : reads, purity, copy number; depth 0 where a site was not looked at
    variants : variant_id, gene, consequence, hgvs_p of the rows
    is_counted : shape (n_variant, n_sample), reads are known; False with depth above 0: absence assumed
    cn_known : same shape, copy number is from a segment (of this sample, or borrowed of the patient's nearest one)
    purity_sd : shape (n_sample,), standard error of the purity
    """

    patient_id: str
    variant_ids: tuple[str, ...]
    sample_ids: tuple[str, ...]
    variants: pl.DataFrame
    counts: Counts
    is_counted: np.ndarray
    cn_known: np.ndarray
    purity_sd: np.ndarray

    @property
    def copies_unknown(self) -> np.ndarray:
        """Shape (n_sample,): copies of half of the sample's sites, or of more, are not known."""
        return np.asarray(self.cn_known.mean(axis=0) < 0.5)


@dataclass(frozen=True)
class CountsTable:
    """Counts per patient, and what was left out.

    samples : patient_id, sample_id, role, lesion_id, site, day, purity, purity_basis (given / estimated) of the samples
        used, in the order of the columns
    excluded : patient_id, sample_id, reason
    """

    patients: dict[str, PatientCounts]
    samples: pl.DataFrame
    excluded: pl.DataFrame


def counts_table(study: Study, panels: Panels, presence: PresenceTable, params: CcfParams) -> CountsTable:
    """Return the counts of the somatic variants of every patient with at least one usable tumour sample.

    A variant enters when it is called in one of the patient's tumour samples and is neither germline nor of the
    blood. X and Y need the sex; mitochondrial variants have no copy number and stay out.
    """
    samples = tumour_samples(study)
    calls = tumour_calls(study, samples)
    grid = calls.filter("called").select("patient_id", "variant_id").unique().sort("patient_id", "variant_id")
    grid, dropped = _somatic(study, grid, calls, presence)
    samples = with_blocks(samples, grid)
    cells = complete_cells(study, panels, grid, calls, samples)
    known = (
        {}
        if presence.samples.is_empty()
        else dict(
            presence.samples.filter(pl.col("purity_basis") == "estimated")
            .with_columns(pl.col("purity_low", "purity_high").round_sig_figs(LIMIT_DIGITS))
            .with_columns(pl.col("purity").round_sig_figs(PURITY_DIGITS).fill_null(float("nan")))
            .select("sample_id", pl.struct("purity", "purity_low", "purity_high"))
            .iter_rows()
        )
    )
    patients: dict[str, PatientCounts] = {}
    used, excluded = [], dropped
    by_patient = {str(k[0]): frame for k, frame in cells.partition_by("patient_id", as_dict=True).items()}
    for (patient,), frame in samples.partition_by("patient_id", as_dict=True, maintain_order=True).items():
        patient = str(patient)
        if patient not in by_patient:
            excluded.append((patient, None, "no somatic variant called"))
            continue
        made, rows, out = _patient(patient, frame, by_patient[patient], params, known)
        excluded += out
        if made is not None:
            patients[patient] = made
            used += rows
    schema = {
        "patient_id": pl.String,
        "sample_id": pl.String,
        "role": pl.String,
        "lesion_id": pl.String,
        "site": pl.String,
        "day": pl.Int64,
        "purity": pl.Float64,
        "purity_basis": pl.String,
    }
    return CountsTable(
        dict(sorted(patients.items())),
        pl.DataFrame(used, schema=schema, orient="row"),
        pl.DataFrame(excluded, schema=WHO, orient="row").unique().sort("patient_id", "sample_id", "reason"),
    )


def _somatic(
    study: Study, grid: pl.DataFrame, calls: pl.DataFrame, presence: PresenceTable
) -> tuple[pl.DataFrame, list[tuple[str, str | None, str]]]:
    """Return the variants that enter, and per patient how many do not and why."""
    sex = study["patients"].select("patient_id", "sex")
    origin = calls.filter(pl.col("origin").is_in(["germline", "chip"])).select("patient_id", "variant_id").unique()
    blood = presence.cells.filter(pl.col("blood").is_in(["germline", "chip"])).select("patient_id", "variant_id")
    not_tumour = pl.concat([origin, blood]).unique().with_columns(of_blood=pl.lit(True))
    sites = with_parts(grid.select("variant_id").unique()).select("variant_id", "chrom")
    grid = (
        grid.join(sex, on="patient_id", how="left")
        .join(sites, on="variant_id", how="left")
        .join(not_tumour, on=["patient_id", "variant_id"], how="left")
    )
    on_sex = pl.col("chrom").is_in(["X", "Y"]) & pl.col("sex").is_null()
    why = (
        pl.when(pl.col("of_blood"))
        .then(pl.lit("germline or of the blood"))
        .when(pl.col("chrom") == "MT")
        .then(pl.lit("mitochondrial"))
        .when(on_sex)
        .then(pl.lit("on X or Y, sex not recorded"))
    )
    grid = grid.with_columns(why=why)
    counted = grid.drop_nulls("why").group_by("patient_id", "why").len().sort("patient_id", "why")
    out: list[tuple[str, str | None, str]] = [
        (p, None, f"{n} variant{'s' if n > 1 else ''}: {reason}") for p, reason, n in counted.iter_rows()
    ]
    kept = grid.filter(pl.col("why").is_null()).select("patient_id", "variant_id").sort("patient_id", "variant_id")
    return kept, out


def _patient(
    patient: str,
    samples: pl.DataFrame,
    cells: pl.DataFrame,
    params: CcfParams,
    known: dict[str, dict[str, float]],
) -> tuple[PatientCounts | None, list[tuple[object, ...]], list[tuple[str, str | None, str]]]:
    from oncourse.evolution.clustering.ccf import estimate_purity
    from oncourse.evolution.clustering.types import Counts

    shape = (cells["variant_id"].n_unique(), samples.height)

    def wide(column: str, fill: float) -> np.ndarray:
        return cells[column].cast(pl.Float64).fill_null(fill).to_numpy().reshape(shape)

    is_counted = (cells["alt_count"].is_not_null() & cells["depth"].is_not_null()).to_numpy().reshape(shape)
    called = cells["called"].to_numpy().reshape(shape)
    covered = cells["is_covered"].to_numpy().reshape(shape)
    usual = np.round(samples["depth"].cast(pl.Float64).fill_null(0).to_numpy() * params.assumed_share)
    assumed = ~is_counted & ~called & covered
    depth = np.where(is_counted, wide("depth", 0), np.where(assumed, usual[None, :], 0)).astype(np.int64)
    alt = np.where(is_counted, wide("alt_count", 0), 0).astype(np.int64)
    least = np.maximum(samples["min_depth"].fill_null(0).to_numpy(), params.min_depth)
    depth[depth < least] = 0
    alt = np.minimum(np.where(depth > 0, alt, 0), depth)
    normal, total = wide("normal_cn", 2), np.round(wide("total_cn", 2))
    minor = np.round(wide("minor_cn", -1))
    minor = np.where(minor < 0, total - np.ceil(total / 2), np.minimum(minor, total))
    major = np.maximum(total - minor, minor)
    has_umi = samples["has_umi"].fill_null(False).to_numpy()
    error = samples["error_rate"].cast(pl.Float64).to_numpy()
    error = np.where(np.isnan(error.astype(float)), np.where(has_umi, ERROR_RATE_UMI, ERROR_RATE), error)
    error = np.maximum(error.astype(float), 1e-6)
    given = samples["given_purity"].cast(pl.Float64).to_numpy()
    cn_known = (cells["cn_known"] | cells["cn_borrowed"]).to_numpy().reshape(shape)
    counts = Counts(alt, depth, np.zeros(shape), major, total - major, normal, error, cn_known)
    purity, sd, basis, out = np.zeros(shape[1]), np.zeros(shape[1]), [], []
    for d, sample in enumerate(samples["sample_id"]):
        basis.append("estimated" if np.isnan(given[d]) else "given")
        if np.isnan(given[d]):
            if sample in known:
                mean, low, high = (known[sample][k] for k in ("purity", "purity_low", "purity_high"))
                purity[d], sd[d] = mean, float(f"{(high - low) / 3.92:.1e}")  # rounded as `PURITY_DIGITS` says
            else:
                mean, low, high = estimate_purity(counts, d)
                purity[d], sd[d] = mean, (high - low) / 3.29
        else:
            purity[d], sd[d] = given[d], params.purity_sd * min(1.0, given[d] / 0.2)
        if np.isnan(purity[d]):
            reason = "its reads set no lower limit" if sample in known else "no variant with 3 reads"
            out.append((patient, sample, f"purity not given and not estimable: {reason}"))
        elif purity[d] < params.min_purity:
            out.append((patient, sample, "purity below the least at which a sample says something"))
        elif not (depth[:, d] > 0).any():
            out.append((patient, sample, "no variant counted"))
    left_out = {s for _, s, _ in out}
    columns = np.array([d for d, s in enumerate(samples["sample_id"]) if s not in left_out], dtype=np.int64)
    if len(columns) == 0:
        return None, [], [*out, (patient, None, "no sample with counts and purity")]
    seen = (depth[:, columns] > 0).any(axis=1)
    if not seen.all():
        n = int((~seen).sum())
        out.append((patient, None, f"{n} variant{'s' if n > 1 else ''}: not counted in any sample"))
    if not seen.any():
        return None, [], out
    at = np.ix_(np.nonzero(seen)[0], columns)
    spread = np.broadcast_to(np.nan_to_num(purity), shape)
    names = cells.select("variant_id", "gene", "consequence", "hgvs_p").unique("variant_id", maintain_order=True)
    kept_counts = Counts(
        alt[at],
        depth[at],
        spread[at].copy(),
        major[at],
        (total - major)[at],
        normal[at],
        error[columns],
        cn_known[at],
        **places(names["variant_id"].filter(pl.Series(seen))),
    )
    made = PatientCounts(
        patient,
        tuple(names["variant_id"].filter(pl.Series(seen))),
        tuple(samples["sample_id"][columns.tolist()]),
        names.filter(pl.Series(seen)),
        kept_counts,
        is_counted[at],
        cn_known[at],
        sd[columns],
    )
    kept = samples[columns.tolist()].select("role", "lesion_id", "site", "day")
    rows: list[tuple[object, ...]] = [
        (patient, made.sample_ids[j], *kept.row(j), float(purity[d]), basis[d]) for j, d in enumerate(columns)
    ]
    return made, rows, out
