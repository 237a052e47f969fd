"""Whose DNA is it: germline sites that samples have in common, of one patient or of two."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.facts.material import is_normal
from oncourse.study.model import Study

#: Fewest reads of a genotype, fewest sites judged in both samples, fewest of a sample's sites without the variant: a
#: list of what was called has none, and any two lists agree where both have a call.
MIN_DEPTH, MIN_SITES, MIN_ABSENT = 10, 20, 5
#: log10 likelihood ratio of one person against two from which (and, negative, to which) it is said: 1,000 to 1.
EVIDENCE = 3.0
#: Chance of the genotype pairs of one person: the same; one of the two alleles lost or missed; opposite. A tumour loses
#: an allele at a tenth of its sites, as many do (our choice; the evidence asked for allows for more).
SAME, NEIGHBOUR, OPPOSITE = 0.88, 0.10, 0.02
#: Reads with the variant below which it is absent, and above which both copies have it.
ABSENT_VAF, BOTH_VAF = 0.1, 0.85
_BLOCK = 500


def person_pairs(study: Study) -> pl.DataFrame:
    """Return sample_id, patient_id, other_sample_id, other_patient_id, finding, n_shared, n_rare of pairs that differ
    from the record.

    finding: ``same person`` for two patients' samples of one person, ``another person`` for a patient's samples of two.
    n_shared : germline sites with the same genotype; n_rare : sites judged in both. Normals and tumours alike. Under
    two persons genotypes follow the allele frequency of the study's patients (Hardy-Weinberg); relatives are two
    persons.
    """
    cells = genotypes(study)
    if cells.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    samples = cells.select("sample_id", "patient_id").unique().sort("sample_id")
    sites = cells["variant_id"].unique().sort()
    genotype = _matrix(cells, samples["sample_id"], sites)
    patient = samples["patient_id"].rank("dense").to_numpy()
    shifted, weight = _weights(genotype, patient)
    rows = []
    for start in range(0, len(genotype), _BLOCK):
        block = slice(start, start + _BLOCK)
        ratio = (shifted[block] @ weight) @ shifted.T
        both = (genotype[block] >= 0).astype(np.float32) @ (genotype >= 0).T.astype(np.float32)
        alike = patient[block, None] == patient[None, :]
        enough = both >= MIN_SITES
        told = enough & ((alike & (ratio <= -EVIDENCE)) | (~alike & (ratio >= EVIDENCE)))
        for i, j in zip(*np.nonzero(told), strict=True):
            equal = (genotype[start + i] == genotype[j]) & (genotype[j] >= 0)
            rows.append((start + i, j, "another person" if alike[i, j] else "same person", equal.sum(), both[i, j]))
    return _named(rows, samples)


def genotypes(study: Study) -> pl.DataFrame:
    """Return sample_id, patient_id, variant_id, genotype (0, 1 or 2 copies) at the germline sites of the study.

    A site is germline where a call of it says so, or where a normal has it in a quarter of its reads. Samples without
    `MIN_ABSENT` sites that were looked at and do not have the variant are left out.
    """
    if not (study["calls"]["origin"] == "germline").any() and not study["samples"].select(is_normal().any()).item():
        return pl.DataFrame(schema=_CELLS)
    calls = study["calls"].join(study["samples"].select("sample_id", "patient_id", "material"), on="sample_id")
    vaf = pl.col("alt_count") / pl.col("depth")
    in_normal = is_normal() & (vaf >= 0.25) & (pl.col("depth") >= MIN_DEPTH)
    born = calls.filter((pl.col("origin") == "germline") | (in_normal & (pl.col("origin") != "chip").fill_null(True)))
    seen = calls.filter((pl.col("depth") >= MIN_DEPTH) & pl.col("alt_count").is_not_null())
    seen = seen.join(born.select("variant_id").unique(), on="variant_id", how="semi")
    copies = pl.when(vaf < ABSENT_VAF).then(0).when(vaf < BOTH_VAF).then(1).otherwise(2).cast(pl.Int8)
    cells = seen.select("sample_id", "patient_id", "variant_id", genotype=copies)
    cells = cells.unique(["sample_id", "variant_id"], keep="first", maintain_order=True)
    judged = cells.group_by("sample_id").agg(n=pl.len(), absent=(pl.col("genotype") == 0).sum())
    judged = judged.filter((pl.col("n") >= MIN_SITES) & (pl.col("absent") >= MIN_ABSENT))
    return cells.join(judged, on="sample_id", how="semi")


_CELLS = {"sample_id": pl.String, "patient_id": pl.String, "variant_id": pl.String, "genotype": pl.Int8}
_SCHEMA = {
    "sample_id": pl.String,
    "patient_id": pl.String,
    "other_sample_id": pl.String,
    "other_patient_id": pl.String,
    "finding": pl.String,
    "n_shared": pl.Int64,
    "n_rare": pl.Int64,
}


def _matrix(cells: pl.DataFrame, samples: pl.Series, sites: pl.Series) -> NDArray[np.int8]:
    """Genotypes (samples, sites), -1 where not judged."""
    row = dict(zip(samples, range(len(samples)), strict=True))
    column = dict(zip(sites, range(len(sites)), strict=True))
    out = np.full((len(samples), len(sites)), -1, np.int8)
    out[[row[s] for s in cells["sample_id"]], [column[v] for v in cells["variant_id"]]] = cells["genotype"].to_numpy()
    return out


def _weights(
    genotype: NDArray[np.int8], patient: NDArray[np.generic]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Genotypes as 0/1 columns (samples, 3 sites), and the log10 likelihood ratio of each pair of columns of a site."""
    m = genotype.shape[1]
    _, first = np.unique(patient, return_index=True)
    known = (genotype[first] >= 0).sum(axis=0)
    carried = np.where(genotype[first] > 0, genotype[first], 0).sum(axis=0)
    q = (carried + 0.5) / (2 * known + 1)
    law = np.stack([(1 - q) ** 2, 2 * q * (1 - q), q**2])
    own = np.full((3, 3), NEIGHBOUR / 2)
    np.fill_diagonal(own, SAME)
    own[[0, 2], [2, 0]] = OPPOSITE
    own /= own.sum(axis=1, keepdims=True)
    columns = np.concatenate([genotype == g for g in range(3)], axis=1).astype(np.float32)
    weight = np.zeros((3 * m, 3 * m), np.float32)
    at = np.arange(m)
    for a in range(3):
        for b in range(3):
            # symmetric in the two samples: of P(b | a) and P(a | b) the mean of the logarithms
            ratio = np.log10(own[a, b] / law[b]) + np.log10(own[b, a] / law[a])
            weight[a * m + at, b * m + at] = ratio / 2
    return columns, weight


def _named(rows: list[tuple[int, int, str, int, float]], samples: pl.DataFrame) -> pl.DataFrame:
    sample, patient = samples["sample_id"].to_list(), samples["patient_id"].to_list()
    return pl.DataFrame(
        [(sample[i], patient[i], sample[j], patient[j], finding, int(a), int(b)) for i, j, finding, a, b in rows],
        schema=_SCHEMA,
        orient="row",
    )
