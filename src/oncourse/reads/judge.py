"""What the counts of a patient mean: calls per sample, tags that say why not, and where a variant comes from.

Every site keeps its row in every sample with what was counted. A tag never takes a row away; it says why a site that
showed variant reads is not called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.reads.background import chance_of_noise
from oncourse.stats.proportions import clopper_pearson

#: Tags, from the most telling; each with what it says.
TAGS = {
    "background": "no more variant fragments than errors make",
    "few": "fewer variant fragments than a call takes",
    "normals": "seen in normals of other patients too",
    "mismatches": "its reads carry further mismatches: they may come from elsewhere",
    "mapping": "its reads map badly",
    "strand": "seen on one strand only",
    "orientation": "seen from one strand of the molecule only, as damage of fixed tissue or oxidation makes",
    "read_end": "seen at the ends of reads only",
    "repeat": "a change of length in a long run of one base",
    "cluster": "one of three or more within a few bases of each other",
    "part": "part of a change of several bases that is called",
    "beside": "next to a change with at least five times its fragments, of whose reads it may be a misplaced end",
    "population": "common in people",
    "contamination": "another person of the study was born with it, whose DNA is in this sample",
    "normal": "the patient's own normal shows it, and not as germline",
}
ORIGINS = ("somatic", "germline", "chip", "unknown")


@dataclass(frozen=True)
class Rules:
    """Cut-offs of a call; each is a choice unless its comment names a source.

    Parameters
    ----------
    alpha : chance of any false call among all target bases of a sample
    alpha_families : the same for one change of a base of a sample read in families, up to one false call in all: one in
        100,000 bases. Whoever asks for all bases of a panel to be clean misses one in five of what 0.2 % of 3,000
        molecules carry
    alpha_known, alpha_hotspot : the same for one site: called in another sample of the patient, or a hotspot
    min_count, min_count_known : least variant fragments of a call
    germline_vaf : least fraction in the normal of a variant the patient was born with (Razavi 2019: 0.30 of white
    cells;
        lower, because a normal may hold tumour and depths are moderate)
    extra_mismatches, extra_mismatches_low : mean further mismatches of variant fragments, over those of the reference,
    that
        speak for reads from elsewhere; the second below `low_vaf`. A variant that lies on the
        copy with a germline variant gets up to one, below `low_vaf` up to a half (the other tumour copies)
    """

    alpha: float = 0.05
    alpha_families: float = 3e-6
    alpha_known: float = 1e-3
    alpha_hotspot: float = 1e-5
    min_count: int = 3
    min_count_known: int = 2
    germline_vaf: float = 0.25
    extra_mismatches: float = 1.5
    extra_mismatches_low: float = 0.7
    low_vaf: float = 0.2
    min_mapping_quality: float = 30.0
    longest_repeat: int = 8
    confidence: float = 0.95


def chances(counts: pl.DataFrame, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance of each row's variant fragments under background alone."""
    return chance_of_noise(counts["alt_count"].to_numpy(), counts["depth"].to_numpy(), rates)


def alpha_of(rules: Rules, n_bases: int, *, families: bool) -> float:
    """Return the chance of a false call that is allowed at one change of one base; three changes a base.

    >>> alpha_of(Rules(), 100_000, families=False) < 2e-7, alpha_of(Rules(), 100_000, families=True)
    (True, 3e-06)
    """
    tests = 3 * max(1, n_bases)
    value = min(rules.alpha_hotspot, rules.alpha / tests)
    return max(value, min(rules.alpha_families, 1 / tests)) if families else value


def tags_of(frame: pl.DataFrame, rules: Rules, alpha_new: float) -> pl.DataFrame:
    """Return the frame with ``tags`` (joined by ``;``, null without) and ``is_called``.

    Parameters
    ----------
    frame : sites of one sample: the columns of `oncourse.reads.genotype`, ``ref``, ``alt``, ``repeat``,
    ``own_mismatches``
        (bases by which a read with the variant differs from the reference for it alone), ``p_noise``,
        ``is_hotspot``, ``is_known`` (called in another sample), ``in_normals`` (other patients' normals that show it),
        ``damage`` (whether this change is what damage in this sample makes, and from which strand: F1R2, F2R1 or null)
    alpha_new : chance of a false call at a site that is known from nowhere else (`alpha_of`)
    """
    alpha = (
        pl.when("is_known").then(rules.alpha_known).when("is_hotspot").then(rules.alpha_hotspot).otherwise(alpha_new)
    )
    least = pl.when("is_known").then(rules.min_count_known).otherwise(rules.min_count)
    n = pl.col("alt_count")
    bases = [pl.col(c).str.replace("-", "", literal=True).str.len_bytes() for c in ("ref", "alt")]
    is_indel = bases[0] != bases[1]
    extra = pl.col("alt_mismatches") - pl.col("own_mismatches") - pl.col("ref_mismatches").fill_null(0)
    vaf = n / pl.col("depth")
    one_strand = pl.min_horizontal("alt_forward", "alt_reverse") == 0
    both_in_ref = pl.min_horizontal("ref_forward", "ref_reverse") >= 0.2 * (
        pl.col("ref_forward") + pl.col("ref_reverse")
    )
    away = pl.when(pl.col("damage") == "F1R2").then("alt_f2r1").otherwise("alt_f1r2")
    conditions = {
        "background": pl.col("p_noise") >= alpha,
        "few": n < least,
        "normals": (pl.col("in_normals") >= 2) & (vaf < 0.25),
        "mismatches": extra
        >= pl.when((vaf < rules.low_vaf) & ~pl.col("is_known"))
        .then(rules.extra_mismatches_low)
        .otherwise(rules.extra_mismatches),
        "mapping": pl.col("alt_mapping_quality") < rules.min_mapping_quality,
        "strand": one_strand & both_in_ref & (pl.col("alt_forward") + pl.col("alt_reverse") >= 8),
        "orientation": pl.col("damage").is_not_null() & (away <= 0.1 * n) & (vaf < 0.15),
        "read_end": (pl.col("alt_at_edge") >= 0.8 * n) & (n >= 3),
        "repeat": is_indel & (pl.col("repeat") >= rules.longest_repeat) & (vaf < 0.1),
    }
    seen = n > 0
    texts = [pl.when(seen & condition.fill_null(False)).then(pl.lit(name)) for name, condition in conditions.items()]
    tagged = frame.with_columns(pl.concat_str(texts, separator=";", ignore_nulls=True).replace("", None).alias("tags"))
    return tagged.with_columns(is_called=seen & pl.col("tags").is_null())


def clustered(frame: pl.DataFrame, *, width: int = 40, n: int = 3) -> NDArray[np.bool_]:
    """Return whether a called variant has at least `n` called within `width` bases (columns contig, pos, is_called)."""
    out = np.zeros(frame.height, bool)
    for pos, index in _called_places(frame):
        for i in range(len(pos) - n + 1):
            if pos[i + n - 1] - pos[i] <= width:
                out[index[i : i + n]] = True
    return out


def beside(frame: pl.DataFrame, *, width: int = 15, times: float = 5.0) -> NDArray[np.bool_]:
    """Return whether a called variant lies within `width` bases of an insertion or deletion with `times` its
    fragments."""
    out = np.zeros(frame.height, bool)
    count = frame["alt_count"].to_numpy()
    bases = [frame[c].str.replace("-", "", literal=True).str.len_bytes().to_numpy() for c in ("ref", "alt")]
    is_indel = bases[0] != bases[1]
    for pos, index in _called_places(frame):
        for i in np.flatnonzero(is_indel[index]):
            near = (np.abs(pos - pos[i]) <= width + bases[0][index[i]]) & (count[index] * times <= count[index[i]])
            out[index[near]] = True
    return out


#: Further mismatches from which a variant among strays is one of them, and those of all samples together from which a
#: site of low fraction is. Choices, between 0 (a mutation) and about two (a place that differs in three of a hundred
#: bases).
STRAY_MISMATCHES, POOLED_MISMATCHES = 0.35, 0.6
#: Sites of reads from elsewhere from which a patient has many, and the share of them at or below whose level (in every
#: sample) another site is then one of them wherever it lies, unless its reads have fewer mismatches than the others'.
MANY_STRAYS, STRAY_LEVEL = 30, 0.95


def further_mismatches(frame: pl.DataFrame) -> NDArray[np.float64]:
    """Return mean mismatches of the variant's fragments beyond its own, over those of the reference; 0 without
    fragments."""
    extra = frame.select(
        (pl.col("alt_mismatches") - pl.col("own_mismatches") - pl.col("ref_mismatches").fill_null(0)).fill_null(0.0)
    )
    return extra.to_series().to_numpy().astype(float)


def strays_together(frames: list[pl.DataFrame], rules: Rules) -> NDArray[np.bool_]:
    """Return which sites are reads from elsewhere when the samples of a patient are taken together.

    Only sites below `Rules.low_vaf` in every sample and with eight fragments in all: a mutation that lies on the copy
    with a germline variant has some further mismatches too. Beside such a site fewer mismatches and fragments suffice,
    and among many sites at their level none: of hundreds a few differ from the reference at one base of a read alone.
    About half of the mutations as rare as they are carry the tag there, too: such reads cannot tell them apart.
    """
    count = np.stack([f["alt_count"].to_numpy() for f in frames]).astype(float)
    vaf = count / np.maximum(np.stack([f["depth"].to_numpy() for f in frames]), 1)
    extra = np.stack([further_mismatches(f) for f in frames])
    total = count.sum(0)
    pooled = (extra * count).sum(0) / np.maximum(total, 1)
    low = vaf.max(0) < rules.low_vaf
    sure = low & (total >= 8) & (pooled >= POOLED_MISMATCHES)
    contig, pos = frames[0]["contig"].to_numpy(), frames[0]["pos"].to_numpy()
    out = sure.copy()
    if sure.sum() >= MANY_STRAYS:
        level = np.quantile(vaf[:, sure], STRAY_LEVEL, axis=1, keepdims=True)
        out |= (vaf <= level).all(0) & (total >= 3) & (pooled >= 0)
    for row in np.flatnonzero(low & ~out & (total >= 3) & (pooled >= STRAY_MISMATCHES)):
        away = np.abs(pos - pos[row])
        out[row] = (sure & (contig == contig[row]) & (away <= 120) & (away > 2)).any()
    return out


def among_strays(frame: pl.DataFrame, parts: Iterable[int] = (), *, width: int = 120) -> NDArray[np.bool_]:
    """Return whether a called variant has two variants tagged `mismatches` within `width` bases, as often seen as
    itself.

    Reads from elsewhere bring all differences of that place along; where two by their mismatches are known as such, a
    third of half to twice their fragments is one more. `parts` are rows of single changes that a called change of
    several bases accounts for: their further mismatches are its other bases.
    """
    out = np.zeros(frame.height, bool)
    contig, pos, count = frame["contig"].to_numpy(), frame["pos"].to_numpy(), frame["alt_count"].to_numpy()
    strays = frame["tags"].fill_null("").str.contains("mismatches").to_numpy() & (count >= 3)
    strays[list(parts)] = False
    extra = further_mismatches(frame)
    for row in np.flatnonzero(frame["is_called"].to_numpy() & (extra >= STRAY_MISMATCHES)):
        near = strays & (contig == contig[row]) & (np.abs(pos - pos[row]) <= width)
        out[row] = (near & (count >= count[row] / 2) & (count <= count[row] * 2)).sum() >= 2
    return out


def _called_places(frame: pl.DataFrame) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield positions and rows of the called variants of each contig, by position."""
    rows = frame.with_row_index("_row").filter(pl.col("is_called")).sort("contig", "pos")
    for _, group in rows.group_by("contig", maintain_order=True):
        yield group["pos"].to_numpy(), group["_row"].to_numpy()


def origins(
    tumour: pl.DataFrame, normal: pl.DataFrame | None, *, normal_role: str | None, rules: Rules
) -> pl.DataFrame:
    """Return ``origin`` and ``normal_says`` of each site from the patient's normal.

    Parameters
    ----------
    tumour : per site the largest ``alt_count`` / ``depth`` of a tissue or plasma sample
    normal : ``alt_count``, ``depth``, ``p_noise`` of the same sites in the normal; None without one
    normal_role : ``white_cells`` or ``normal``

    Notes
    -----
    White cells: somatic where the lower bound of the tumour's fraction is above the upper bound of theirs, germline
    from `Rules.germline_vaf`, else clonal haematopoiesis. A normal of another tissue that shows it above background is
    told as such: its origin is not known. Where the normal is too shallow to have shown a heterozygous variant (fewer
    than eight fragments: a chance of 1 in 256 of none) the origin is unknown.
    """
    n = tumour.height
    if normal is None:
        return pl.DataFrame({"origin": ["unknown"] * n, "normal_says": ["no normal"] * n})
    a, d = normal["alt_count"].to_numpy(), normal["depth"].to_numpy()
    low, high = clopper_pearson(a, np.maximum(d, 1), rules.confidence)
    t_low, _ = clopper_pearson(
        tumour["alt_count"].to_numpy(), np.maximum(tumour["depth"].to_numpy(), 1), rules.confidence
    )
    vaf = a / np.maximum(d, 1)
    is_seen = (normal["p_noise"].to_numpy() < 1e-3) & (a >= 2)
    is_germline = is_seen & ((vaf >= rules.germline_vaf) | ((high >= 0.35) & (low >= 0.12)))
    is_tumour = ~is_seen | (t_low > high)
    other = "chip" if normal_role == "white_cells" else "unknown"
    origin = np.where(d < 8, "unknown", np.where(is_germline, "germline", np.where(is_tumour, "somatic", other)))
    says = np.where(d < 8, "too shallow", np.where(is_germline, "germline", np.where(is_seen, "seen", "not seen")))
    return pl.DataFrame({"origin": origin.tolist(), "normal_says": says.tolist()})
