"""Readers of the public simulated tumours with known clones, for the evolution benchmarks."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.evolution.clustering.types import Counts, FloatArray, IntArray


@dataclass(frozen=True)
class Truth:
    """One simulated tumour: counts, the true cluster of each variant, the true CCF (NaN where not published)."""

    name: str
    counts: Counts
    labels: IntArray
    ccf: FloatArray


def diploid(alt: IntArray, depth: IntArray, error_rate: float = 1e-3) -> Counts:
    """Return counts at purity 1, two copies everywhere."""
    one = np.ones(alt.shape)
    return Counts(alt, depth, one, one, one, 2 * one, np.full(alt.shape[1], error_rate))


def machina(folder: Path) -> list[Truth]:
    """Read evo-machina-sims; variants at the same vertex of the clone tree are one cluster."""
    out = []
    for path in sorted(folder.glob("sims/*/*/reads_seed*.tsv")):
        reads = pl.read_csv(path, separator="\t", skip_rows=3)
        reads = reads.rename({reads.columns[0]: "sample"})
        n = reads["character_index"].max() + 1  # type: ignore[operator]
        wide = {c: np.zeros((n, reads["sample"].max() + 1), np.int64) for c in ("ref", "var")}  # type: ignore[operator]
        for column, table in wide.items():
            table[reads["character_index"], reads["sample"]] = reads[column]
        seed = path.stem.removeprefix("reads_")
        index = {str(label): i for label, i in reads.select("character_label", "character_index").iter_rows()}
        labels = np.full(n, -1)
        for k, line in enumerate((path.parent / f"clustering_observed_{seed}.txt").read_text().splitlines()):
            for character in index.keys() & set(line.split(";")):  # "M6_0": a vertex without mutations
                labels[index[character]] = k
        assert (labels >= 0).all(), path
        name = f"{path.parent.name}/{seed}"
        out.append(
            Truth(
                name,
                diploid(wide["var"], wide["ref"] + wide["var"]),
                labels,
                np.full(wide["var"].shape, np.nan),
            )
        )
    return out


def pairtree(folder: Path) -> list[Truth]:
    """Read evo-pairtree-sims."""
    out = []
    for path in sorted(folder.glob("*.ssm")):
        table = pl.read_csv(path, separator="\t", infer_schema=False)
        alt = np.array([[int(x) for x in row.split(",")] for row in table["var_reads"]])
        depth = np.array([[int(x) for x in row.split(",")] for row in table["total_reads"]])
        with gzip.open(folder / f"{path.stem}.truth.json.gz") as file:
            truth = json.load(file)
        where = {name: k for k, members in enumerate(truth["clusters"]) for name in members}
        labels = np.array([where[name] for name in table["id"]])
        phi = np.array(truth["phi"])[1:]
        out.append(Truth(path.stem, diploid(alt, depth), labels, phi[labels]))
    return out


def pyclone_synthetic(folder: Path) -> list[Truth]:
    """Read the synthetic example of PyClone-VI."""
    table = pl.read_csv(folder / "synthetic.tsv", separator="\t").sort("mutation_id", "sample_id")
    shape = (table["mutation_id"].n_unique(), table["sample_id"].n_unique())

    def wide(column: str) -> FloatArray:
        return table[column].to_numpy().reshape(shape)

    alt, ref = wide("alt_counts"), wide("ref_counts")
    counts = Counts(
        alt,
        alt + ref,
        wide("tumour_content").astype(float),
        wide("major_cn").astype(float),
        wide("minor_cn").astype(float),
        wide("normal_cn").astype(float),
        np.full(shape[1], 1e-3),
    )
    return [Truth("synthetic", counts, wide("cluster")[:, 0].astype(int), wide("ccf"))]


def adjusted_rand(a: IntArray, b: IntArray) -> float:
    """Return the adjusted Rand index; each outlier (-1) counts as a cluster of its own."""
    from sklearn.metrics import adjusted_rand_score

    a = np.where(a < 0, a.max() + 1 + np.arange(len(a)), a)
    return float(adjusted_rand_score(b, a))


_STATES = ((1, 1, 0.6), (2, 1, 0.14), (1, 0, 0.08), (2, 0, 0.08), (2, 2, 0.06), (3, 1, 0.04))


def clinical(index: int, precision: float = 300.0) -> Truth:
    """Simulate one clinical patient: 2-4 tissue samples and 0-2 of plasma, purity .25-.85 / .03-.4, clonal copy number.

    4-9 clones of a random tree; clone fractions Dirichlet over the clones present in the sample; a mutation is before
    the gain (on every copy of the major allele) with chance 1/2 where it is truncal, else single copy; counts are
    beta-binomial of the given precision, 120x in half of the patients and 800x in the others.
    """
    from oncourse.stats.rng import generator

    random = generator(index, "benchmarks.clinical")
    n_clone, n_tissue, n_plasma = (
        int(random.integers(4, 10)),
        int(random.integers(2, 5)),
        int(random.integers(0, 3)),
    )
    n_sample = n_tissue + n_plasma
    parent = [-1] + [int(random.integers(0, k)) for k in range(1, n_clone)]
    below = np.eye(n_clone, dtype=bool)
    for k in range(n_clone - 1, 0, -1):
        below[parent[k]] |= below[k]
    eta = np.zeros((n_clone, n_sample))
    for d in range(n_sample):
        here = random.random(n_clone) < (0.55 if d < n_tissue else 0.9)
        here[random.integers(0, n_clone)] = True
        eta[here, d] = random.dirichlet(np.full(here.sum(), 0.7))
    phi = below.astype(float) @ eta
    n = int(random.integers(60, 140))
    labels = random.choice(n_clone, n, p=random.dirichlet(np.full(n_clone, 2.0)))
    weights = np.array([w for *_, w in _STATES])
    state = random.choice(len(_STATES), n, p=weights / weights.sum())
    major = np.array([s[0] for s in _STATES], float)[state]
    minor = np.array([s[1] for s in _STATES], float)[state]
    multiplicity = np.where((labels == 0) & (random.random(n) < 0.5), major, 1.0)
    purity = np.concatenate([random.uniform(0.25, 0.85, n_tissue), random.uniform(0.03, 0.4, n_plasma)])
    mean_depth = 120 if index % 2 else 800
    depth = random.negative_binomial(6, 6 / (6 + mean_depth), (n, n_sample)) + 5
    ccf = phi[labels]
    vaf = purity * ccf * multiplicity[:, None] / (purity * (major + minor)[:, None] + 2 * (1 - purity))
    vaf = np.clip(vaf * 0.999 + (1 - vaf) * 0.0005, 1e-6, 1 - 1e-6)
    alt = random.binomial(depth, random.beta(vaf * precision, (1 - vaf) * precision))
    keep = (alt >= 3).any(axis=1)
    spread = np.ones((n, n_sample))
    counts = Counts(
        alt[keep],
        depth[keep],
        (spread * purity)[keep],
        (spread * major[:, None])[keep],
        (spread * minor[:, None])[keep],
        2 * spread[keep],
        np.full(n_sample, 1e-3),
    )
    return Truth(f"clinical{index}", counts, labels[keep], ccf[keep])


def grown(index: int, n_plasma: int = 0) -> Truth:
    """Grow one tumour with metastases (`oncourse simulate`) and sequence its lesions as exomes; called variants only.

    The CCF is NaN where the sample lost the allele. Sites enter that are called in one of the samples.
    """
    from oncourse.evolution.simulate import default_plan, simulate_tumour

    tumour = simulate_tumour(index, "benchmark", default_plan(index, "benchmark", n_plasma=n_plasma))
    cells = tumour.counts.join(tumour.variants, on="variant_id").filter(pl.col("kind") != "artefact")
    cells = cells.sort("variant_id", "sample_id")
    samples = cells["sample_id"].unique().sort().to_list()
    shape = (cells["variant_id"].n_unique(), len(samples))

    def wide(column: str) -> FloatArray:
        return cells[column].to_numpy().reshape(shape)

    alt, depth = wide("alt_count"), wide("depth")
    chrom, pos = wide("chrom")[:, 0], wide("pos")[:, 0]
    total, minor = np.full(shape, 2.0), np.ones(shape)
    for sample, on, start, end, copies, few in tumour.segments.iter_rows():
        at = np.ix_((chrom == on) & (pos >= start) & (pos <= end), [samples.index(sample)])
        total[at], minor[at] = copies, few
    purity = dict(tumour.samples.select("sample_id", pl.coalesce("purity", "tumor_fraction")).iter_rows())
    keep = ((alt >= 5) & (alt >= 0.05 * depth)).any(axis=1)
    counts = Counts(
        alt[keep],
        depth[keep],
        np.tile([purity[s] for s in samples], (keep.sum(), 1)),
        (total - minor)[keep],
        minor[keep],
        np.full(shape, 2.0)[keep],
        np.full(shape[1], 1e-3),
    )
    clone = cells["clone_id"].fill_null("tail").to_numpy().reshape(shape)[:, 0][keep]
    ccf = np.where(wide("multiplicity") > 0, wide("ccf"), np.nan)[keep]
    labels = np.unique(clone, return_inverse=True)[1]
    return Truth(f"grown{index}", counts, labels, ccf)
