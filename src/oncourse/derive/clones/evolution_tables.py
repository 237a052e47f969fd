"""Rows of the evolution tables, from the clones, trees and seeding of the patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from oncourse.derive.clones.clusters import PatientClusters
from oncourse.derive.clones.evolution import PatientEvolution
from oncourse.derive.concordance.relatedness import HOTSPOT_FREQUENCY, change_expr
from oncourse.evolution.seeding.copies import BOTH
from oncourse.evolution.seeding.robust import P_UNSEEN
from oncourse.genome.effect import TRUNCATING, consequences

if TYPE_CHECKING:
    from oncourse.evolution.seeding.lesions import LesionSeeding

Row = dict[str, Any]
UNKNOWN = "unknown"
NOT_ASSESSABLE = "not_assessable"


def tree_rows(patient: PatientEvolution, max_trees: int) -> Iterator[Row]:
    """The edges of the most probable trees, each with its support over all trees."""
    post = patient.posterior
    for rank, (tree, p) in enumerate(zip(post.trees[:max_trees], post.probability, strict=False), 1):
        for child, parent in enumerate(tree):
            yield {
                "patient_id": patient.patient_id,
                "tree_rank": rank,
                "probability": float(p),
                "parent_cluster": patient.clone_id(int(parent)),
                "child_cluster": patient.clone_id(child),
                "edge_support": min(float(post.edge_support[int(parent) + 1, child]), 1.0),
            }


def clone_rows(patient: PatientEvolution) -> Iterator[Row]:
    """Cells of exactly each clone in each sample, and of no clone (root) where the tree leaves some."""
    post = patient.posterior
    for s, sample in enumerate(patient.samples["sample_id"]):
        for k in range(post.n_clone):
            yield {
                "patient_id": patient.patient_id,
                "clone_id": patient.clone_id(k),
                "sample_id": sample,
                "fraction": float(post.fraction[k, s]),
                "ci_low": float(post.fraction_low[k, s]),
                "ci_high": float(post.fraction_high[k, s]),
            }


def _is_assessable(patient: PatientEvolution, lesion: int) -> bool:
    """Polyclonal seeding can only be seen where the patient has two clones that are shared between lesions, or
    could."""
    return patient.posterior.n_clone > 1 and bool((patient.var[:, patient.site_of_sample == lesion] > 0).any())


def _is_told(patient: PatientEvolution, probability: float) -> bool:
    """Whether a lesion's founders are told: where copy numbers are not known, both readings of the fractions must."""
    return not patient.clones.data.data.copies_unknown.any() or max(probability, 1 - probability) >= BOTH


def _other_sources(patient: PatientEvolution, lesion: LesionSeeding) -> list[int]:
    """Lesions besides the source that hold all founders of the lesion: it may have come from there."""
    if patient.seeding is None or lesion.p_seeded <= 0.5:
        return []
    possible = patient.seeding.p_possible[:, lesion.site] > 0.5 * lesion.p_seeded
    return [m for m in np.flatnonzero(possible).tolist() if m != lesion.source]


def seeding_rows(patient: PatientEvolution) -> Iterator[Row]:
    """One row per lesion that was seeded from elsewhere (the primary only where it was re-seeded)."""
    if patient.seeding is None:
        return
    roles = dict(zip(patient.samples["lesion_id"], patient.samples["role"], strict=True))
    for lesion in patient.seeding.lesions:
        name = patient.lesions[lesion.site]
        if lesion.site == patient.primary:
            continue
        assessable = _is_assessable(patient, lesion.site) and lesion.p_seeded > 0.5
        poly, phyl = lesion.p_polyclonal, lesion.p_polyphyletic
        told = assessable and _is_told(patient, poly), assessable and _is_told(patient, phyl)
        apart = patient.divergences.get(lesion.site)
        source = UNKNOWN if lesion.source < 0 else patient.lesions[lesion.source]
        yield {
            "patient_id": patient.patient_id,
            "lesion_id": name,
            "source": source if lesion.p_seeded > 0.5 else UNKNOWN,
            "clonality": ("polyclonal" if poly > 0.5 else "monoclonal") if told[0] else NOT_ASSESSABLE,
            "phyleticity": ("polyphyletic" if phyl > 0.5 else "monophyletic") if told[1] else NOT_ASSESSABLE,
            "probability": max(poly, 1 - poly) if told[0] else None,
            "n_private_clonal": apart.n_private_clonal if apart else None,
            "n_shared_clonal": apart.n_shared_clonal if apart else None,
            "probability_phyleticity": max(phyl, 1 - phyl) if told[1] else None,
            "p_source": lesion.p_source if lesion.p_seeded > 0.5 else None,
            "other_sources": ";".join(patient.lesions[m] for m in _other_sources(patient, lesion)) or None,
            "role": roles[name],
            "n_samples": int((patient.site_of_sample == lesion.site).sum()),
            "divergence": apart.call if apart else NOT_ASSESSABLE,
            "p_early": apart.p_early if apart else None,
            "n_missing_clonal": apart.n_missing if apart else None,
            "jsi": apart.jsi if apart else None,
            "seeding_clones": ";".join(str(patient.clone_id(c)) for c, p in lesion.seeds.items() if p > 0.5 and told[0])
            or None,
        }


def migration_rows(patient: PatientEvolution) -> Iterator[Row]:
    """Every way between lesions that some history takes."""
    if patient.seeding is None:
        return
    for (source, target), p in patient.seeding.p_edge.items():
        if p >= 0.01:
            yield {
                "patient_id": patient.patient_id,
                "source": UNKNOWN if source < 0 else patient.lesions[source],
                "target": patient.lesions[target],
                "probability": p,
            }


def progression_rows(patient: PatientEvolution) -> Iterator[Row]:
    """Every pair of metastases: did one descend from the other (linear), or did both come from elsewhere (parallel)?

    Not assessable where the founders of one are in the other too: then either may be.
    """
    if patient.seeding is None:
        return
    mets = [x for x in patient.seeding.lesions if x.site != patient.primary]
    for i, first in enumerate(mets):
        for second in mets[i + 1 :]:
            known = min(first.p_seeded, second.p_seeded) > 0.5
            # no history that was looked at is not none at all
            forth = max(float(patient.seeding.p_descends[first.site, second.site]), P_UNSEEN)
            back = max(float(patient.seeding.p_descends[second.site, first.site]), P_UNSEEN)
            parallel = float(patient.seeding.p_parallel[first.site, second.site])
            linear = float(patient.seeding.p_linear[first.site, second.site])
            call = "parallel" if parallel > 0.5 else "linear" if linear > 0.5 else NOT_ASSESSABLE
            yield {
                "patient_id": patient.patient_id,
                "lesion_a": patient.lesions[first.site],
                "lesion_b": patient.lesions[second.site],
                "progression": call if known else NOT_ASSESSABLE,
                "probability": max(parallel, linear) if known and call != NOT_ASSESSABLE else None,
                "p_b_from_a": forth if known else None,
                "p_a_from_b": back if known else None,
            }


def timing_rows(patient: PatientClusters) -> Iterator[Row]:
    """Clonal variants on gained segments: before or after the gain, by sample."""
    from oncourse.evolution.timing import clonal_share, p_before_gain, timing_call

    found, counts = patient.clustering, patient.data.counts
    clonal = clonal_share(found.posterior, found.grid, found.labels)
    asked = patient.data.cn_known & patient.data.is_counted
    p_before = np.where(asked, p_before_gain(counts, clonal, found.overdispersion), np.nan)
    names = patient.data.variants.select("variant_id", "gene").rows()
    for v, s in zip(*np.nonzero(~np.isnan(p_before)), strict=True):
        minor = int(np.rint(counts.minor_cn[v, s]))
        yield {
            "patient_id": patient.patient_id,
            "sample_id": patient.data.sample_ids[s],
            "variant_id": names[v][0],
            "gene": names[v][1],
            "major_cn": int(np.rint(counts.major_cn[v, s])),
            "minor_cn": minor,
            "timing": timing_call(float(p_before[v, s]), minor),
            "p_before": float(p_before[v, s]),
        }


def patient_row(patient: PatientEvolution) -> Row:
    """What is known of the patient as a whole."""
    post, found = patient.posterior, patient.clustering
    pattern, p_pattern = next(iter(patient.seeding.patterns.items())) if patient.seeding else (None, None)
    return {
        "patient_id": patient.patient_id,
        "n_samples": patient.samples.height,
        "n_lesions": len(patient.lesions),
        "has_primary": patient.primary is not None,
        "n_variants": len(found.labels),
        "n_outliers": int((found.labels < 0).sum()),
        "n_clusters": found.n_cluster,
        "n_clones": post.n_clone,
        "n_trees": len(post.trees),
        "p_best_tree": float(post.probability[0]),
        "mean_edge_support": float(np.mean([post.edge_support[p + 1, k] for k, p in enumerate(post.trees[0])])),
        "is_exact": post.is_exact,
        "chain_disagreement": None if post.is_exact else post.disagreement,
        "pattern": pattern,
        "p_pattern": p_pattern,
        "has_copy_number": patient.clones.has_copy_number,
    }


def sample_tree_rows(patient: PatientEvolution) -> Iterator[Row]:
    """The splits of the distance tree of samples."""
    names = patient.samples["sample_id"].to_list()
    tree = patient.sample_tree
    for split, support, length in zip(tree.splits, tree.support, tree.length, strict=True):
        yield {
            "patient_id": patient.patient_id,
            "samples": ";".join(names[i] for i in sorted(split)),
            "support": support,
            "length": length,
        }


def driver_rows(patient: PatientEvolution) -> Iterator[Row]:
    """Altered genes of known role, and in which lesions they are present (probability above a half)."""
    found, sites = patient.clustering, patient.site_of_sample
    names = patient.clones.variants.select("variant_id", "gene", "consequence", change_expr())
    names = names.with_columns(consequences(names["consequence"]))
    for v, (variant, gene, consequence, change) in enumerate(names.iter_rows()):
        if variant not in patient.roles:
            continue
        lost = found.p_lost[v] > 0.5
        looked = (patient.clones.depth[v] > 0) & ~lost
        present = found.variant_p_present[v] > 0.5
        mets = [m for m in range(len(patient.lesions)) if m != patient.primary]
        seen = {m: bool((present & looked & (sites == m)).any()) for m in range(len(patient.lesions))}
        could = {m: bool((looked & (sites == m)).any()) for m in range(len(patient.lesions))}
        label = int(found.labels[v])
        in_primary = None if patient.primary is None or not could[patient.primary] else seen[patient.primary]
        yield {
            "patient_id": patient.patient_id,
            "gene": gene,
            "variant_id": variant,
            "role": patient.roles[variant],
            "kind": _driver_kind(patient.roles[variant], consequence, change),
            "clone_id": label + 1 if label >= 0 else None,
            "in_primary": in_primary,
            "n_metastases_present": sum(seen[m] for m in mets),
            "n_metastases_assessed": sum(could[m] for m in mets),
            "n_metastases_lost": sum(bool((lost & (patient.clones.depth[v] > 0) & (sites == m)).any()) for m in mets),
        }


def _driver_kind(role: str, consequence: str | None, change: str | None) -> str:
    if change in HOTSPOT_FREQUENCY:
        return "recurrent"
    return "truncating" if "suppressor" in role and consequence in TRUNCATING else "other"


def growth_rows(patient: PatientEvolution) -> Iterator[Row]:
    """Growth per clone over each series: serial plasma, and each lesion sampled on several days."""
    from oncourse.evolution.time import growth_rates

    samples = patient.samples
    day = samples["day"].to_numpy().astype(float)
    role = samples["role"].to_list()
    series: dict[str, list[int]] = {}
    for s, (name, lesion) in enumerate(zip(role, samples["lesion_id"], strict=True)):
        key = "plasma" if name == "plasma" else lesion
        if key is not None and not np.isnan(day[s]):
            series.setdefault(key, []).append(s)
    for key, members in sorted(series.items()):
        if len(set(day[members])) < 2:
            continue
        burden = samples["purity"].to_numpy()[members] if key == "plasma" else None
        grown = growth_rates(day[members], patient.drawn[:, :, members], burden=burden)
        for k in range(len(patient.clusters)):
            if not np.isnan(grown.rate[k]):
                yield {
                    "patient_id": patient.patient_id,
                    "series": key,
                    "clone_id": patient.clone_id(k),
                    "n_samples": len(members),
                    "first_day": int(min(day[members])),
                    "last_day": int(max(day[members])),
                    "rate_per_day": float(grown.rate[k]),
                    "ci_low": float(grown.low[k]),
                    "ci_high": float(grown.high[k]),
                    "p_grows": float(grown.p_grows[k]),
                    "is_bound": bool(grown.is_bound[k]),
                    "of": "tumour-derived cell-free DNA" if key == "plasma" else "share of the lesion",
                }


def sweep_rows(patient: PatientEvolution) -> Iterator[Row]:
    """Clones that took over between two samples of one series."""
    from oncourse.evolution.time import sweeps
    from oncourse.evolution.trees.posterior import ancestors

    samples = patient.samples
    day = samples["day"].to_numpy().astype(float)
    below = ancestors(patient.posterior.trees[0]) | np.eye(len(patient.clusters), dtype=bool)
    ccf = np.einsum("kj,djs->dks", below.astype(float), patient.drawn)
    keys = ["plasma" if r == "plasma" else x for r, x in zip(samples["role"], samples["lesion_id"], strict=True)]
    for key in sorted({k for k in keys if k is not None}):
        members = [s for s, k in enumerate(keys) if k == key and not np.isnan(day[s])]
        if len(members) < 2:
            continue
        for sweep in sweeps(day[members], ccf[:, :, members]):
            yield {
                "patient_id": patient.patient_id,
                "series": key,
                "clone_id": patient.clone_id(sweep.clone),
                "from_sample": samples["sample_id"][members[sweep.from_index]],
                "to_sample": samples["sample_id"][members[sweep.to_index]],
                "probability": sweep.probability,
            }


def driver_labels(patient: PatientEvolution) -> list[str]:
    """Six genes of known role at most per clone of the tree, for figures: recurrent and truncating changes first."""
    genes: dict[int | None, dict[str, bool]] = {}
    for row in driver_rows(patient):
        of_clone, gene = genes.setdefault(row["clone_id"], {}), str(row["gene"])
        of_clone[gene] = of_clone.get(gene, True) and row["kind"] == "other"
    ranked = {clone: sorted(found, key=lambda gene: (found[gene], gene)) for clone, found in genes.items()}
    return [", ".join(ranked.get(patient.clone_id(k), [])[:6]) for k in range(len(patient.clusters))]


def collect(patients: Iterable[Any], rows: Any, *args: Any) -> list[Row]:
    """All rows of all patients."""
    return [row for patient in patients for row in rows(patient, *args)]
