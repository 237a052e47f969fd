"""Do two samples come from one tumour? Likelihood ratio of common origin, before any agreement is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.concordance.pairs import PairTable
from oncourse.derive.concordance.presence import PresenceTable
from oncourse.derive.concordance.presence_inputs import tumour_calls, tumour_samples
from oncourse.study.model import Study

#: log10 of the likelihood ratio from which common origin is said (and, negative, the contrary): 10 to 1.
EVIDENCE = 1.0
#: Verdicts on a pair that is of two tumours: it says nothing of a metastasis.
NOT_RELATED = ("unrelated", "swap", "second_primary")
#: Fewer assessable variants than this say nothing on their own, unless what they share is itself rare.
MIN_VARIANTS = 3
#: A sample with fewer variants of its own speaks against common origin only by counted reads: plasma without tumour DNA, or
#: with a blood clone, lacks every variant of the tissue, and nobody counted there.
MIN_OWN = 3
#: Chance that an unrelated tumour of the kind carries exactly this variant, where no one else in the study has it.
PASSENGER_FREQUENCY = 1e-4
#: Weight, in patients, of the outside frequency against the study's own.
OUTSIDE_PATIENTS = 100.0
#: Shares of recurrent changes in colorectal, prostate and other cancers (rounded up from TCGA and AACR GENIE), so
#: that a shared hotspot proves little in whichever study.
HOTSPOT_FREQUENCY = {
    "KRAS G12D": 0.14,
    "KRAS G12V": 0.10,
    "KRAS G13D": 0.09,
    "KRAS G12C": 0.05,
    "KRAS G12A": 0.03,
    "KRAS G12S": 0.03,
    "KRAS G12R": 0.02,
    "KRAS A146T": 0.03,
    "KRAS Q61H": 0.02,
    "NRAS Q61K": 0.02,
    "NRAS Q61R": 0.02,
    "NRAS G12D": 0.02,
    "BRAF V600E": 0.10,
    "PIK3CA E545K": 0.06,
    "PIK3CA H1047R": 0.05,
    "PIK3CA E542K": 0.04,
    "PIK3CA R88Q": 0.02,
    "TP53 R175H": 0.07,
    "TP53 R273H": 0.05,
    "TP53 R248Q": 0.05,
    "TP53 R282W": 0.03,
    "TP53 R248W": 0.04,
    "TP53 G245S": 0.03,
    "TP53 R273C": 0.04,
    "TP53 R213*": 0.03,
    "APC R1450*": 0.06,
    "APC R876*": 0.05,
    "APC R213*": 0.04,
    "APC R1114*": 0.04,
    "APC Q1367*": 0.03,
    "APC E1309FS": 0.04,
    "APC T1556FS": 0.05,
    "CTNNB1 S45F": 0.02,
    "CTNNB1 T41A": 0.02,
    "FBXW7 R465H": 0.03,
    "FBXW7 R465C": 0.03,
    "FBXW7 R505C": 0.02,
    "SMAD4 R361H": 0.03,
    "SMAD4 R361C": 0.02,
    "GNAS R201H": 0.02,
    "GNAS R201C": 0.01,
    "SPOP F133V": 0.02,
    "SPOP F133L": 0.03,
    "SPOP Y87C": 0.02,
    "SPOP F102C": 0.02,
    "AR L702H": 0.05,
    "AR T878A": 0.05,
    "AR W742C": 0.03,
    "AR H875Y": 0.04,
    "IDH1 R132H": 0.02,
    "IDH1 R132C": 0.02,
    "EGFR L858R": 0.05,
    "AKT1 E17K": 0.03,
    "POLE P286R": 0.01,
    "RNF43 G659FS": 0.06,
    "ACVR2A K437FS": 0.08,
    "TGFBR2 K153FS": 0.06,
    "ERBB2 V842I": 0.01,
    "ERBB2 S310F": 0.01,
}

RELATEDNESS_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("sample_a", pl.String, "first sample"),
    ("sample_b", pl.String, "second sample"),
    ("log10_likelihood_ratio", pl.Float64, "log10 of P(these variants | common origin) / P(... | two tumours)"),
    ("verdict", pl.String, "related / unrelated / swap / second_primary / uninformative"),
    ("n_shared", pl.Int64, "variants in both"),
    ("n_private", pl.Int64, "variants in one, absent in the other, where no lost copy explains it"),
    ("n_snp", pl.Int64, "germline variants judged in both; 0 where none is given"),
    ("snp_identity", pl.Float64, "share of these with the same genotype; null without"),
)

#: Share of variants two samples of one tumour have in common: a Beta(2, 2) belief on a grid, 0 excluded.
_XI = np.linspace(0.02, 0.98, 49)
_BELIEF = _XI * (1 - _XI) / (_XI * (1 - _XI)).sum()


def log10_likelihood_ratio(
    pair: NDArray[np.int64], is_shared: NDArray[np.bool_], frequency: NDArray[np.float64], n_pair: int
) -> NDArray[np.float64]:
    """Return log10 of the likelihood ratio of common origin per pair of samples [1]_.

    A variant known to be in at least one sample is, under common origin with share xi of common mutations, in
    both with probability (xi p + (1 - xi) p^2) / (xi p + (1 - xi) (2 p - p^2)); with xi = 0 that is the chance
    of two tumours meeting it apart. xi is averaged over Beta(2, 2).

    Parameters
    ----------
    pair : shape (n,), number of the pair
    is_shared : shape (n,), in both, or in one and absent in the other
    frequency : shape (n,), p: share of unrelated tumours with exactly this variant
    n_pair : number of pairs

    References
    ----------
    .. [1] Ostrovnaya, Seshan, Begg. Ann Appl Stat 2015;9:1533.

    Examples
    --------
    One shared KRAS G12D proves little; five shared passengers prove it; 20 private ones speak against:

    >>> pair = np.repeat([0, 1, 2], [1, 5, 20])
    >>> log10_likelihood_ratio(pair, pair < 2, np.where(pair == 0, 0.14, 1e-4), 3).round(1).tolist()
    [0.8, 20.2, -1.5]
    """
    # variants of one pair, kind and frequency enter together, with their number
    values, rank = np.unique(frequency, return_inverse=True)
    key = (pair * 2 + is_shared) * max(len(values), 1) + rank
    first, number = np.unique(key, return_index=True, return_counts=True)[1:]
    pair, is_shared = pair[first], is_shared[first]
    p = np.clip(frequency[first], 1e-9, 0.999)[:, None]
    either = 2 * p - p * p
    joint = _XI * p + (1 - _XI) * p * p
    one = (1 - _XI) * 2 * p * (1 - p)
    norm = _XI * p + (1 - _XI) * either
    null = np.where(is_shared[:, None], p * p / either, 2 * p * (1 - p) / either)
    step = np.log(np.where(is_shared[:, None], joint, one) / norm) - np.log(null)
    total = np.zeros((n_pair, len(_XI)))
    np.add.at(total, pair, step * number[:, None])
    top = total.max(axis=1, keepdims=True)
    return np.asarray((np.log((np.exp(total - top) * _BELIEF).sum(axis=1)) + top[:, 0]) / np.log(10))


def change_expr() -> pl.Expr:
    """Return gene and protein change as `HOTSPOT_FREQUENCY` writes them, named ``change``."""
    protein = (
        pl.col("hgvs_p").str.strip_prefix("p.").str.to_uppercase().str.replace(r"^([A-Z]\d+)[A-Z]*FS.*$", "${1}FS")
    )
    return pl.concat_str("gene", pl.lit(" "), protein).alias("change")


def population_frequency(cells: pl.DataFrame, n_patient: int) -> pl.Series:
    """Return per cell the chance that another tumour has the variant: other patients of the study, and hotspots.

    The study's count leaves the patient out and is pulled towards the outside frequency as if that came from
    `OUTSIDE_PATIENTS` patients.
    """
    sites = cells.select("site", "patient_id", "variant_id", "gene", "hgvs_p").unique("site", maintain_order=True)
    carriers = sites.group_by("variant_id").agg(pl.col("patient_id").n_unique().alias("n"))
    outside = change_expr().replace_strict(HOTSPOT_FREQUENCY, default=PASSENGER_FREQUENCY, return_dtype=pl.Float64)
    sites = sites.join(carriers, on="variant_id", how="left", maintain_order="left").with_columns(
        frequency=(pl.col("n") - 1 + outside.fill_null(PASSENGER_FREQUENCY) * OUTSIDE_PATIENTS)
        / (max(n_patient - 1, 0) + OUTSIDE_PATIENTS)
    )
    return cells.join(sites.select("site", "frequency"), on="site", how="left", maintain_order="left")["frequency"]


def relatedness_table(study: Study, presence: PresenceTable, pairs: PairTable) -> pl.DataFrame:
    """Return one row per pair: `RELATEDNESS_COLUMNS` and pair, comparison, is_main.

    Verdicts: related (10 to 1 for common origin, on `MIN_VARIANTS` assessable variants or more, or on fewer
    where the ratio is 1000 to 1); unrelated (10 to 1 against), told apart where germline variants are given into
    swap (another person) and second_primary (the same person); else uninformative.
    """
    table = pairs.pairs.select("pair", "patient_id", "comparison", "sample_a", "sample_b", "is_main")
    if presence.cells.is_empty():
        frequency = np.zeros(0)
    else:
        frequency = population_frequency(presence.cells, presence.samples["patient_id"].n_unique()).to_numpy()
    # what a lost copy took away in one sample tells neither of common origin nor against it
    used = pairs.variants.filter(
        pl.col("state").is_in(["shared", "private_a", "private_b"]) & pl.col("blood").is_null() & ~pl.col("is_lost")
    )
    used = used.filter(~_lacks_by_calls(used))
    shared = (used["state"] == "shared").to_numpy()
    number = used["pair"].to_numpy()
    ratio = log10_likelihood_ratio(number, shared, frequency[used["cell_a"].to_numpy()], table.height)
    counts = used.group_by("pair").agg(
        n_shared=(pl.col("state") == "shared").sum().cast(pl.Int64),
        n_all=pl.len().cast(pl.Int64),
    )
    table = table.with_columns(log10_likelihood_ratio=pl.Series(ratio, dtype=pl.Float64))
    table = table.join(counts, on="pair", how="left", maintain_order="left").with_columns(
        pl.col("n_shared", "n_all").fill_null(0)
    )
    table = table.join(_snp_identity(study, table), on="pair", how="left", maintain_order="left")
    table = table.with_columns(pl.col("n_snp").fill_null(0), n_private=pl.col("n_all") - pl.col("n_shared"))
    ratio_column, enough = pl.col("log10_likelihood_ratio"), pl.col("n_all") >= MIN_VARIANTS
    same_person = pl.col("snp_identity") >= 0.8
    known = pl.col("n_snp") >= 10
    verdict = (
        pl.when(known & ~same_person)
        .then(pl.lit("swap"))
        .when(((ratio_column >= EVIDENCE) & enough) | (ratio_column >= 3 * EVIDENCE))
        .then(pl.lit("related"))
        .when((ratio_column <= -EVIDENCE) & enough & known)
        .then(pl.lit("second_primary"))
        .when((ratio_column <= -EVIDENCE) & enough)
        .then(pl.lit("unrelated"))
        .otherwise(pl.lit("uninformative"))
    )
    return table.with_columns(verdict=verdict).drop("n_all")


def may_tell_apart(study: Study, *, merge_same_site: bool) -> bool:
    """Return whether any verdict of `relatedness_table` could set a sample apart (`oncourse.derive.concordance.apart`).

    One is a stranger among others of its patient that are of one tumour: of three samples two have a variant in common,
    each with a row of calls, for what has neither reads nor a call is not present, and what one has alone speaks against
    a common origin. Another person is told by germline sites. Where there is neither, presence need not be weighed.
    """
    if (study["calls"]["origin"] == "germline").any():
        return True
    samples = tumour_samples(study).filter(pl.len().over("patient_id") > 2)
    calls = tumour_calls(study, samples, merge_same_site=merge_same_site)
    return bool(calls.select("patient_id", "variant_id").is_duplicated().any())


def _lacks_by_calls(used: pl.DataFrame) -> pl.Series:
    """Whether a variant is assumed, not counted, to be absent from a sample with fewer than `MIN_OWN` variants of its
    own."""
    counts = [
        (pl.col("state") != f"private_{other}").sum().over("pair").alias(side)
        for side, other in (("a", "b"), ("b", "a"))
    ]
    n = used.select("state", "basis", *counts)
    poor = pl.when(pl.col("state") == "private_a").then(pl.col("b")).otherwise(pl.col("a")) < MIN_OWN
    return n.select((pl.col("state") != "shared") & (pl.col("basis") == "assumed") & poor).to_series().fill_null(False)


def _snp_identity(study: Study, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return pair, n_snp, snp_identity: agreement of germline genotypes (absent, one copy, two copies) by VAF."""
    germline = study["calls"].filter((pl.col("origin") == "germline") & (pl.col("depth") >= 10))
    vaf = pl.col("alt_count") / pl.col("depth")
    genotype = pl.when(vaf < 0.1).then(0).when(vaf < 0.85).then(1).otherwise(2)
    seen = germline.select("sample_id", "variant_id", genotype=genotype)
    two = pairs.select("pair", "sample_a", "sample_b").join(seen, left_on="sample_a", right_on="sample_id")
    two = two.join(seen, left_on=["sample_b", "variant_id"], right_on=["sample_id", "variant_id"], suffix="_b")
    return two.group_by("pair").agg(
        n_snp=pl.len().cast(pl.Int64), snp_identity=(pl.col("genotype") == pl.col("genotype_b")).mean()
    )
