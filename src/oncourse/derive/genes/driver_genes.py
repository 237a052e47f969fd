"""Genes changed more often than burden, length and the genes' own silent mutations explain, counted by patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.genes.driver_contexts import GeneContexts
from oncourse.derive.genes.panels import Panels
from oncourse.genome.effect import TRUNCATING
from oncourse.genome.genes import gene_table, protein_lengths
from oncourse.genome.protein import codon
from oncourse.stats.driver_tests import (
    burden_p,
    cauchy_combination,
    codon_p,
    hotspot_p,
    mutable_share,
    rate_spread,
    truncating_p,
)
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.study.settings import section, setting

#: Chance with which a driver of the least frequency named is found.
POWER = 0.8


@section("drivers")
@dataclass(frozen=True)
class DriverParams:
    """Which patients and genes the search for drivers is made in."""

    min_mutated: int = setting(3, "genes changed in fewer patients are not tested", low=2)
    max_per_mb: float = setting(
        20.0,
        "patients of a higher burden are left out: their spectrum is their own (MSI-H and POLE are in any case)",
        low=1,
    )
    min_patients: int = setting(20, "fewer patients make no search", low=5)
    gff: str | None = setting(
        None, "gene models of signatures.fasta (`run --gff`): with them the bases of every gene are known"
    )


DRIVER_SCHEMA = {
    "gene": pl.String,
    "n_patients": pl.Int64,
    "n_mutated": pl.Int64,
    "expected": pl.Float64,
    "ratio": pl.Float64,
    "context_ratio": pl.Float64,
    "n_changes": pl.Int64,
    "n_truncating": pl.Int64,
    "top_codon": pl.Int64,
    "n_top_codon": pl.Int64,
    "p_burden": pl.Float64,
    "p_truncating": pl.Float64,
    "p_hotspot": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "role": pl.String,
    "caution": pl.String,
    "patients": pl.String,
}


def tested_genes(calls: pl.DataFrame, patients: list[str], params: DriverParams) -> list[str]:
    """Return the genes of known length changed in `params.min_mutated` and more of these patients."""
    rows = calls.filter(pl.col("is_altering") & pl.col("patient_id").is_in(patients)).drop_nulls("gene")
    counts = rows.group_by("gene").agg(n=pl.col("patient_id").n_unique())
    known = pl.col("gene").is_in(list(protein_lengths()))
    return counts.filter(known & (pl.col("n") >= params.min_mutated))["gene"].sort().to_list()


def driver_genes(
    calls: pl.DataFrame,
    panels: Panels,
    patients: list[str],
    params: DriverParams,
    contexts: GeneContexts | None = None,
) -> pl.DataFrame:
    """Test the genes changed in `params.min_mutated` of these patients: `DRIVER_SCHEMA`, strongest first.

    A patient counts once per gene, with all samples together. Expected: the patient's other changes per codon looked
    at, times the gene's codons. Of an exome all changes count, those in genes of unknown length too: a table with
    names of its own would else make every known gene look changed too often. The rate of a gene comes from its silent
    mutations (`oncourse.stats.driver_tests`). Three questions - more patients, more truncating changes, one codon hit
    again and again - make one p-value (Cauchy combination).

    contexts : what the cohort's spectrum makes of each gene's bases; the expected changes, the silent ones, the share
        of truncating changes and of each codon follow them. A gene whose bases are not known (context_ratio null) is
        taken as the average gene.
    """
    lengths = protein_lengths()
    rows, altering, quiet = _changes(calls, panels, patients)
    counts = _counts(rows.filter("is_altering"))
    tested = counts.filter(pl.col("n_mutated") >= params.min_mutated).sort("gene")
    if tested.is_empty():
        return pl.DataFrame(schema=DRIVER_SCHEMA)
    names, size = tested["gene"].to_list(), np.array([lengths[g] for g in tested["gene"]], float)
    looked, codons = _looked(panels, patients, names, lengths)
    chance, silent_seen, silent_expected = _expected(altering, quiet, patients, names, size, looked, codons)
    ratios = [contexts.ratio(g) if contexts else None for g in names]
    of_silent, of_altering, of_truncating = np.array([r or (1.0, 1.0, 1.0) for r in ratios]).T
    chance, silent_expected = chance * of_altering[:, None], silent_expected * of_silent
    passengers = ~np.isin(names, gene_table()["gene"].to_list())
    shape = _spread(counts, altering, panels, patients, lengths, contexts)
    mean, p_burden = burden_p(tested["n_mutated"].to_numpy(), chance, silent_seen, silent_expected, shape)
    share = _truncating_share(tested.filter(pl.Series(passengers)), rows)
    p_truncating = truncating_p(tested["n_truncating"].to_numpy(), tested["n_changes"].to_numpy(), share(of_truncating))
    top, coded = tested["n_top_codon"].to_numpy(), tested["n_coded"].to_numpy()
    p_hotspot = hotspot_p(top, coded, size, mutable_share(top[passengers], coded[passengers], size[passengers]))
    if contexts is not None:  # both must be surprised: the mutable codons, and the codons as their bases invite changes
        weighed = [contexts.codons(g) for g in names]
        by_codon = [1.0 if w is None else codon_p(k, n, w) for k, n, w in zip(top, coded, weighed, strict=True)]
        p_hotspot = np.where([w is None for w in weighed], p_hotspot, np.maximum(p_hotspot, by_codon))
    p = cauchy_combination(np.column_stack([p_burden, p_truncating, p_hotspot]))
    # every gene looked at is a test, also those changed in too few
    used = set(panels.samples["mutation"].drop_nulls())
    n_tests = max(len(p), *(len(_genes_of(panels, assay, lengths)) for assay in used))
    q = benjamini_hochberg(np.append(p, np.ones(n_tests - len(p))))[: len(p)]
    roles = dict(gene_table().select("gene", "role").iter_rows())
    return (
        tested.with_columns(
            n_patients=pl.Series(looked.sum(1)),
            expected=pl.Series(mean),
            p_burden=pl.Series(p_burden),
            ratio=pl.col("n_mutated") / pl.Series(np.maximum(mean, 1e-9)),
            context_ratio=pl.Series([None if r is None else r[1] for r in ratios], dtype=pl.Float64),
            p_truncating=pl.Series(p_truncating),
            p_hotspot=pl.Series(p_hotspot),
            p_value=pl.Series(p),
            q_value=pl.Series(q),
            caution=_caution(),
            role=pl.col("gene").replace_strict(roles, default=None, return_dtype=pl.String),
        )
        .select(pl.col(c).cast(t) for c, t in DRIVER_SCHEMA.items())
        .sort("p_value", "gene")
    )


def _changes(
    calls: pl.DataFrame, panels: Panels, patients: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Changes of genes of known length on the patients' panels; the altering and the silent ones that make the burden
    (in exomes also those of genes of unknown length)."""
    columns = ("patient_id", "variant_id", "gene", "consequence", "is_altering")
    rows = calls.filter(pl.col("patient_id").is_in(patients)).select(*columns, codon=codon("hgvs_p"))
    rows = rows.unique(["patient_id", "variant_id"], keep="first", maintain_order=True)
    is_known = pl.col("gene").is_in(list(protein_lengths()))
    unnamed = rows.filter(~is_known.fill_null(False) & pl.col("patient_id").is_in(_of_exomes(panels).implode()))
    rows = rows.filter(is_known)
    rows = rows.filter(_on_panel(rows, panels))
    silent = pl.col("consequence") == "synonymous"
    altering, quiet = (pl.concat([rows.filter(c), unnamed.filter(c)]) for c in (pl.col("is_altering"), silent))
    return rows, altering, quiet


def least_found(calls: pl.DataFrame, panels: Panels, patients: list[str]) -> tuple[int, float] | None:
    """Return in how many patients a gene of median length must be changed to be found by their number alone (first of
    the FDR's list), and the smallest frequency of which that many are seen with a chance of `POWER`; None: in no
    number."""
    from scipy.stats import binom

    lengths = protein_lengths()
    rows, altering, _ = _changes(calls, panels, patients)
    listed = [_genes_of(panels, a, lengths) for a in panels.samples["mutation"].drop_nulls().unique()]
    genes = set().union(*listed)
    if not genes:
        return None
    _, codons = _looked(panels, patients, [], lengths)
    total = dict(altering.group_by("patient_id").len().iter_rows())
    rate = np.array([total.get(p, 0) for p in patients]) / np.maximum(codons, 1.0)
    shape = _spread(_counts(rows.filter("is_altering")), altering, panels, patients, lengths)
    n = len(patients)
    counts = np.arange(1, n + 1)
    chance = np.tile(rate * float(np.median([lengths[g] for g in genes])), (n, 1))
    _, p = burden_p(counts, chance, np.zeros(n), np.zeros(n), shape)
    enough = counts[p <= 0.05 / len(genes)]
    if not len(enough):
        return None
    shares = np.arange(1, 1001) / 1000
    found = shares[binom.sf(enough[0] - 1, n, shares) >= POWER]
    return int(enough[0]), float(found[0])  # of a frequency of 1 all are seen


def _truncating_share(others: pl.DataFrame, rows: pl.DataFrame) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return what turns genes' truncating substitutions, against the average gene, into their share of truncating
    changes; learned from genes of no known role, whose frameshifts and splice sites do not depend on it."""
    share = int(others["n_truncating"].sum()) / max(1, int(others["n_changes"].sum())) or 0.1
    of_known = set(gene_table()["gene"])
    passenger = rows.filter(pl.col("consequence").is_in(list(TRUNCATING)) & ~pl.col("gene").is_in(list(of_known)))
    nonsense = int((passenger["consequence"] == "nonsense").sum()) / max(1, passenger.height)
    return lambda ratio: np.clip(share * (nonsense * (ratio - 1) + 1), 1e-3, 0.999)


#: Genes of known bases and no known role from which the spread of rates is learned; fewer: from all genes by length.
MIN_DRAWN = 100


def _spread(
    counts: pl.DataFrame,
    altering: pl.DataFrame,
    panels: Panels,
    patients: list[str],
    lengths: dict[str, int],
    contexts: GeneContexts | None = None,
) -> float:
    """Spread of the rates (`rate_spread`) among all genes of no known role, also those changed in nobody.

    From the genes changed in a few patients and more alone it would look far wider than it is. Where bases are known it
    is that of the drawn genes beyond what their bases make.
    """
    known = set(gene_table()["gene"])
    drawn = [g for g in (contexts.drawn if contexts else ()) if g in lengths and g not in known]
    ratio = {g: r[1] for g in drawn if contexts and (r := contexts.ratio(g))} if len(drawn) >= MIN_DRAWN else {}
    genes = sorted(ratio) or sorted(set(lengths) - known)
    looked, codons = _looked(panels, patients, genes, lengths)
    total = dict(altering.group_by("patient_id").len().iter_rows())
    rate = np.array([total.get(p, 0) for p in patients]) / np.maximum(codons, 1.0)
    seen = dict(counts.select("gene", "n_mutated").iter_rows())
    size = np.array([lengths[g] * ratio.get(g, 1.0) for g in genes], float)
    expected = sum(-np.expm1(-r * size) * on for r, on in zip(rate, looked.T, strict=True))
    used = expected > 0
    return rate_spread(np.array([seen.get(g, 0) for g in genes])[used], np.asarray(expected)[used])


def _of_exomes(panels: Panels) -> pl.Series:
    """Patients with an assay that has no gene list: it looked at every gene."""
    whole = [a for a in panels.samples["mutation"].drop_nulls().unique() if panels.genes.get(a) is None]
    return panels.samples.filter(pl.col("mutation").is_in(whole))["patient_id"].unique()


def _caution() -> pl.Expr:
    """Half of the patients with one codon, in a gene of no known role: what an artefact of the caller looks like."""
    unknown = ~pl.col("gene").is_in(gene_table()["gene"].to_list())
    one = (pl.col("n_top_codon") >= 3) & (2 * pl.col("n_top_codon") >= pl.col("n_mutated"))
    return pl.when(unknown & one).then(pl.lit("one site again and again, no known role: artefact or germline?"))


def _genes_of(panels: Panels, assay: str, lengths: dict[str, int]) -> set[str]:
    """Genes of known length an assay looked at."""
    listed = panels.genes.get(assay)
    return set(lengths) if listed is None else set(listed) & set(lengths)


def _on_panel(rows: pl.DataFrame, panels: Panels) -> pl.Series:
    """Whether the gene is on a mutation panel of the patient."""
    seen = panels.samples.select("patient_id", "mutation").drop_nulls().unique()
    pairs = panels.pairs(set(rows["gene"]))
    known = seen.join(pairs, left_on="mutation", right_on="assay_id", how="inner").select("patient_id", "gene").unique()
    return rows.join(known.with_columns(on=pl.lit(True)), on=["patient_id", "gene"], how="left", maintain_order="left")[
        "on"
    ].fill_null(False)


def _counts(altering: pl.DataFrame) -> pl.DataFrame:
    """Per gene: patients, changes, truncating ones, changes of known codon, the codon hit in most patients."""
    truncating = pl.col("consequence").is_in(list(TRUNCATING))
    base = altering.group_by("gene").agg(
        n_mutated=pl.col("patient_id").n_unique(),
        n_changes=pl.len(),
        n_truncating=truncating.sum(),
        n_coded=(pl.col("codon").is_not_null() & ~truncating).sum(),
        patients=pl.col("patient_id").unique().sort().str.join(";"),
    )
    spots = (
        altering.filter(pl.col("codon").is_not_null() & ~truncating)
        .group_by("gene", "codon")
        .agg(n_top_codon=pl.col("patient_id").n_unique())
    )
    top = spots.sort(["gene", "n_top_codon", "codon"], descending=[False, True, False]).unique("gene", keep="first")
    table = base.join(top.rename({"codon": "top_codon"}), on="gene", how="left")
    return table.with_columns(pl.col("n_top_codon").fill_null(0)).sort("gene")


def _looked(
    panels: Panels, patients: list[str], genes: list[str], lengths: dict[str, int]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """(gene, patient) whether looked at, and the codons each patient's assays looked at."""
    of_assay = {a: _genes_of(panels, a, lengths) for a in panels.genes}
    own = panels.samples.drop_nulls("mutation").group_by("patient_id").agg(pl.col("mutation").unique().sort())
    sets = {p: tuple(a) for p, a in own.iter_rows()}
    columns: dict[tuple[str, ...], tuple[NDArray[np.bool_], float]] = {}
    for assays in set(sets.values()):
        inside = set().union(*(of_assay[a] for a in assays))
        columns[assays] = (np.array([g in inside for g in genes]), float(sum(lengths[g] for g in inside)))
    looked = np.column_stack([columns[sets[p]][0] for p in patients]).astype(bool)
    return looked, np.array([columns[sets[p]][1] for p in patients])


def _expected(
    altering: pl.DataFrame,
    silent: pl.DataFrame,
    patients: list[str],
    genes: list[str],
    size: NDArray[np.float64],
    looked: NDArray[np.bool_],
    codons: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Changes expected per gene and patient from the patient's other genes; silent mutations seen and expected per
    gene."""
    row, column = {p: i for i, p in enumerate(patients)}, {g: i for i, g in enumerate(genes)}
    total = np.zeros(len(patients))
    own = np.zeros((len(genes), len(patients)))
    for patient, gene in altering.select("patient_id", "gene").iter_rows():
        total[row[patient]] += 1
        if gene in column:
            own[column[gene], row[patient]] += 1
    rest = np.maximum(codons[None] - size[:, None], 1.0)
    chance = np.where(looked, (total[None] - own) / rest * size[:, None], 0.0)
    quiet, seen = np.zeros(len(patients)), np.zeros(len(genes))
    for patient, gene in silent.select("patient_id", "gene").iter_rows():
        quiet[row[patient]] += 1
        if gene in column:
            seen[column[gene]] += 1
    return chance, seen, (looked * (quiet / np.maximum(codons, 1.0))[None]).sum(1) * size
