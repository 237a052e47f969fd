"""Whose DNA a sample is: samples that are not of one person, and foreign DNA in a sample.

Both are read from places where people of this study differ; no outside panel is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.reads.profile import Bases

Floats = NDArray[np.float64]
#: Fewest fragments for a genotype, and fractions that are taken as one allele alone and as both.
MIN_DEPTH, ALONE, BOTH = 8, 0.08, 0.25
#: Fewest places compared for a verdict; least and largest share of contradictions of one person and of two.
MIN_SITES, SAME_BELOW, OTHER_ABOVE = 10, 0.05, 0.10
#: Share of places by which a tumour is of another person than a normal, and two lesions of one patient (`apart`): a
#: tumour has mutations (one direction) and lost alleles (the other), a lesion both in both. Siblings reach 0.4, unrelated
#: people 0.5 (Hardy-Weinberg, common alleles). Choices.
TUMOUR_ABOVE, LESIONS_ABOVE = 0.20, 0.30
#: Share of the places that may show a change of the sample itself, a mutation where others are born with it. A choice.
OWN_CHANGE = 0.02
#: Contamination that is told as a warning (a choice) and as a failure (PURPLE's limit).
CONTAMINATION_WARNING, CONTAMINATION_FAILURE = 0.02, 0.10


def variable_places(bases: Mapping[str, Bases]) -> pl.DataFrame:
    """Return contig, pos, ref, alt (0-3) of places where some sample shows a second base in half or all of its
    fragments."""
    frames = []
    for one in bases.values():
        counts, depth = one.bases.astype(float), one.bases.sum(1)
        second = counts.copy()
        rows = np.arange(len(depth))
        second[rows, np.minimum(one.ref, 3)] = -1
        alt = second.argmax(1)
        share = second[rows, alt] / np.maximum(depth, 1)
        is_variable = (one.ref < 4) & (depth >= MIN_DEPTH) & (share >= 0.3)
        is_variable &= one.counts[:, [4, 10]].sum(1) < 0.1 * np.maximum(depth, 1)
        frames.append(
            pl.DataFrame(
                {
                    "contig": np.array(one.contigs)[one.contig[is_variable]],
                    "pos": one.pos[is_variable],
                    "ref": one.ref[is_variable],
                    "alt": alt[is_variable],
                }
            )
        )
    if not frames:
        return pl.DataFrame(schema={"contig": pl.String, "pos": pl.Int64, "ref": pl.Int8, "alt": pl.Int64})
    found = pl.concat(frames).unique().sort("contig", "pos", "alt")
    return found.unique(["contig", "pos"], keep="first", maintain_order=True)


def at_places(bases: Bases, places: pl.DataFrame) -> tuple[Floats, Floats]:
    """Return fragments with the alternative base and with either, at each place; 0 where a sample has no such base."""
    number = {name: i for i, name in enumerate(bases.contigs)}
    key = bases.contig * (1 << 40) + bases.pos
    wanted = (
        np.array([number.get(c, 1 << 20) for c in places["contig"]], np.int64) * (1 << 40) + places["pos"].to_numpy()
    )
    at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    found = key[at] == wanted
    counts = bases.bases[at]
    rows = np.arange(len(at))
    alt, ref = counts[rows, places["alt"].to_numpy()], counts[rows, places["ref"].to_numpy()]
    return np.where(found, alt, 0).astype(float), np.where(found, alt + ref, 0).astype(float)


def genotypes(alt: Floats, depth: Floats) -> NDArray[np.int64]:
    """Return 0, 1, 2 copies of the alternative base; -1 where too shallow or between."""
    share = alt / np.maximum(depth, 1)
    out = np.full(len(alt), -1)
    out[share <= ALONE], out[share >= 1 - ALONE] = 0, 2
    out[(share >= BOTH) & (share <= 1 - BOTH)] = 1
    return np.where(depth >= MIN_DEPTH, out, -1)


def compare(one: NDArray[np.int64], two: NDArray[np.int64]) -> tuple[int, int]:
    """Return contradictions and compared places of two samples.

    Opposite single alleles contradict. Both alleles in one sample and a single one in the other do so only in the
    direction that is rarer: a tumour loses alleles, it does not gain them, so for samples of one person one direction
    is about empty.
    """
    ok = (one >= 0) & (two >= 0) & ((one > 0) | (two > 0))
    opposite = int((ok & (np.abs(one - two) == 2)).sum())
    gained, lost = int((ok & (one == 1) & (two != 1)).sum()), int((ok & (two == 1) & (one != 1)).sum())
    return opposite + min(gained, lost), int(ok.sum())


def apart(one: NDArray[np.int64], two: NDArray[np.int64]) -> float:
    """Return the share of each sample's places with both alleles at which the other has one alone, in the direction in
    which it is smaller, and of opposite single alleles.

    Mutations of a tumour raise the one direction and lost alleles the other; of two people both are high.
    """
    ok = (one >= 0) & (two >= 0) & ((one > 0) | (two > 0))
    lost, gained = (
        (ok & (a == 1) & (b != 1)).sum() / max(1, (ok & (a == 1)).sum()) for a, b in ((one, two), (two, one))
    )
    return float((ok & (np.abs(one - two) == 2)).sum() / max(1, ok.sum()) + min(lost, gained))


def pairs(
    bases: Mapping[str, Bases], patients: Mapping[str, str], germline: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Return a row per pair of samples: sample_1, sample_2, said_same, n_sites, n_contradictions, verdict.

    Parameters
    ----------
    germline : patient -> the sample that shows what the patient was born with; two others of the patient are compared
        only where that one shows the second base (the rest are mutations of one of them)

    ``verdict``: same, different, unclear, not_assessable (fewer than ten places that both samples cover).
    """
    places = variable_places(bases)
    types = {name: genotypes(*at_places(one, places)) for name, one in bases.items()}
    rows = []
    for one, two in combinations(sorted(types), 2):
        own = (germline or {}).get(patients[one])
        are_lesions = patients[one] == patients[two] and own not in (one, two)
        known = types[own] > 0 if are_lesions and own else np.ones(places.height, bool)
        against, n = compare(types[one][known], types[two][known])
        share = against / n if n else 0.0
        is_other = share > OTHER_ABOVE
        if patients[one] == patients[two]:
            least = LESIONS_ABOVE if are_lesions else TUMOUR_ABOVE
            is_other = is_other and apart(types[one][known], types[two][known]) > least
        verdict = (
            "not_assessable"
            if n < MIN_SITES
            else "same"
            if share < SAME_BELOW
            else "different"
            if is_other
            else "unclear"
        )
        rows.append((one, two, patients[one] == patients[two], n, against, verdict))
    names = {
        "sample_1": pl.String,
        "sample_2": pl.String,
        "said_same": pl.Boolean,
        "n_sites": pl.Int64,
        "n_contradictions": pl.Int64,
        "verdict": pl.String,
    }
    return pl.DataFrame(rows, schema=names, orient="row")


def swapped_patients(found: pl.DataFrame, patients: Mapping[str, str]) -> dict[str, str]:
    """Return patient -> what is wrong, for samples of one patient that differ and of two patients that are one person.

    A sample that is not of its own patient's person and looks like another's is misplaced: it stops the patient it was
    given to. Where neither of two alike samples contradicts its own, both patients stop: who they are is not known.
    """
    differs = found.filter(pl.col("said_same") & (pl.col("verdict") == "different"))
    misplaced = set(differs["sample_1"]) | set(differs["sample_2"])
    alike = found.filter(~pl.col("said_same") & (pl.col("verdict") == "same"))
    out: dict[str, list[str]] = {}
    for one, two, _, n, against, _ in differs.iter_rows():
        text = f"{one} and {two} are not of one person ({against} of {n} places contradict)"
        out.setdefault(patients[one], []).append(text)
    for one, two, _, n, against, _ in alike.iter_rows():
        text = f"{one} and {two} look like one person ({against} of {n} places contradict)"
        for sample in ({one, two} & misplaced) or {one, two}:
            out.setdefault(patients[sample], []).append(text)
    return {patient: "; ".join(texts) for patient, texts in out.items()}


#: Least fraction of an allele in a normal to be that person's own; chance below which foreign DNA does not explain a
#: count.
CARRIED, EXPLAINED = 0.2, 1e-3


def explained_by_others(
    judged: Mapping[str, pl.DataFrame], shares: Mapping[str, float], patients: Mapping[str, str]
) -> dict[str, set[str]]:
    """Return sample -> variants that the DNA of another person of the study explains.

    Parameters
    ----------
    judged : patient -> sites of its samples (`oncourse.reads.patient.judge`)
    shares : sample -> upper bound of the share of foreign DNA, of contaminated samples only

    Notes
    -----
    A variant that another patient was born with is explained where so many fragments, or more, come with chance above
    `EXPLAINED` when both of that person's copies carry it.
    """
    from scipy.stats import binom

    carried = {
        patient: set(
            frame.filter((pl.col("origin") == "germline") & (pl.col("alt_count") >= CARRIED * pl.col("depth")))[
                "variant_id"
            ]
        )
        for patient, frame in judged.items()
    }
    out = {}
    for sample, share in shares.items():
        if (frame := judged.get(patients[sample])) is None:
            continue
        foreign = set().union(*(ids for patient, ids in carried.items() if patient != patients[sample]))
        own = frame.filter(
            (pl.col("sample_id") == sample)
            & (pl.col("alt_count") > 0)
            & (pl.col("origin") != "germline")
            & pl.col("variant_id").is_in(list(foreign))
        )
        chance = binom.sf(own["alt_count"].to_numpy() - 1, own["depth"].to_numpy(), share)
        out[sample] = set(own.filter(pl.Series(chance > EXPLAINED, dtype=pl.Boolean))["variant_id"])
    return out


def contamination(
    alt: Floats, depth: Floats, own: NDArray[np.int64], frequency: Floats, *, error: float = 5e-4
) -> tuple[float | None, float | None, float | None, int]:
    """Return the share of foreign DNA in a sample with a 95 % interval, and the places it rests on.

    Parameters
    ----------
    alt, depth : fragments at places where people differ
    own : copies of the alternative base the patient was born with; only single-allele places (0 or 2) are used, because
        a tumour moves the fractions of the others
    frequency : of the alternative base among people

    Notes
    -----
    Of one foreign person the genotype at each place is summed over, weighed by `frequency` (Hardy-Weinberg). A place may
    show the sample's own change instead, at any fraction (`OWN_CHANGE`): one mutation is no contamination. The
    interval holds the shares within 1.92 of the greatest log-likelihood. None below ten places.
    """
    from scipy.special import gammaln, logsumexp

    use = ((own == 0) | (own == 2)) & (depth >= MIN_DEPTH)
    n_sites = int(use.sum())
    if n_sites < MIN_SITES:
        return None, None, None, n_sites
    minor = np.where(own[use] == 0, alt[use], depth[use] - alt[use])
    of = depth[use]
    f = np.clip(np.where(own[use] == 0, frequency[use], 1 - frequency[use]), 0.01, 0.99)
    weights = np.log(np.stack([(1 - f) ** 2, 2 * f * (1 - f), f**2]))
    grid = np.concatenate([np.linspace(0, 0.02, 81), np.linspace(0.021, 0.5, 480)])
    shares = np.clip(grid[:, None, None] * (np.arange(3) / 2)[None, :, None], 0, 1)
    p = shares * (1 - error) + (1 - shares) * error
    terms = minor * np.log(p) + (of - minor) * np.log1p(-p) + weights[None]
    ways = gammaln(of + 1) - gammaln(minor + 1) - gammaln(of - minor + 1)
    foreign = ways + logsumexp(terms, axis=1) + np.log1p(-OWN_CHANGE)
    value = np.logaddexp(foreign, np.log(OWN_CHANGE) - np.log1p(of)).sum(1)
    likely = grid[value >= value.max() - 1.92]
    return float(grid[value.argmax()]), float(likely.min()), float(likely.max()), n_sites


def sex_of(bases: Bases) -> str | None:
    """Return male or female from the depth of Y (or X) over the others; None where the targets hold too few of them."""
    names = [c.removeprefix("chr").split("_")[0] for c in bases.contigs]
    chrom = np.array(names)[bases.contig]
    depth = bases.depth.astype(float)
    autosomes = depth[np.char.isdigit(chrom.astype(str))]
    if len(autosomes) < 1_000 or np.median(autosomes) < 10:
        return None
    y, x = depth[chrom == "Y"], depth[chrom == "X"]
    if len(y) >= 500:
        return "male" if np.median(y) > 0.2 * np.median(autosomes) else "female"
    if len(x) >= 2_000:
        ratio = np.median(x) / np.median(autosomes)
        return "male" if ratio < 0.65 else "female" if ratio > 0.85 else None
    return None
