"""Which mutations are the same and which differ between two samples of a patient, knowing what could be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, exclusions
from oncourse.analyses._headline import Headline, cannot, rated, two_sides
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.concordance.concordance_summary import (
    NOT_RELATED,
    SUMMARY_COLUMNS,
    fraction_columns,
    gene_counts,
    summary_table,
)
from oncourse.derive.concordance.informative import informative_by_status, with_rows
from oncourse.derive.concordance.pairs import (
    COMPARISONS,
    ConcordanceParams,
    PairTable,
    pair_counts,
    variant_rows,
)
from oncourse.derive.concordance.presence import NOISE_COLUMNS, STATE_COLUMNS, PresenceTable
from oncourse.derive.concordance.presence_inputs import borrowed_note
from oncourse.derive.concordance.relatedness import RELATEDNESS_COLUMNS
from oncourse.derive.concordance.status_tables import (
    FLIP_COLUMNS,
    STATUS_COLUMNS,
    flips,
    status_pairs,
    status_table,
)
from oncourse.errors import NotEnoughData
from oncourse.facts.material import is_tumour
from oncourse.facts.statuses import statuses_of
from oncourse.stats.rng import generator
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

MANY = 12
"""Samples named in a note; the others are in the table it names."""
_COUNT = "reads; null = not counted"


def _columns(given: tuple[tuple[str, Any, str], ...]) -> tuple[Column, ...]:
    return tuple(Column(name, dtype, text) for name, dtype, text in given)


_PAIR = (
    Column("patient_id", pl.String, "the patient"),
    Column("sample_a", pl.String, "primary, tissue or earlier sample"),
    Column("sample_b", pl.String, "metastasis, plasma or later sample"),
)
STATES = OutputTable(
    "concordance/states",
    "each variant of a patient in each of the patient's tumour samples",
    (
        *_columns(STATE_COLUMNS),
        Column("blood", pl.String, "germline / chip / possible_chip; null = tumour as far as known"),
    ),
)
VARIANTS = OutputTable(
    "concordance/variants",
    "each variant of each pair of samples",
    (
        _PAIR[0],
        Column("variant_id", pl.String, "chrom:pos:ref:alt"),
        Column("gene", pl.String, "HGNC symbol"),
        *_PAIR[1:],
        Column("state", pl.String, "shared / private_a / private_b / not_assessable"),
        Column("basis", pl.String, "counted: the deciding reads are known; assumed: they are not"),
        Column("consequence", pl.String, "effect on the gene"),
        Column("related_variant_id", pl.String, "another allele at the position, called in the other sample"),
        Column("alt_a", pl.Int64, _COUNT),
        Column("depth_a", pl.Int64, _COUNT),
        Column("alt_b", pl.Int64, _COUNT),
        Column("depth_b", pl.Int64, _COUNT),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
        Column("is_main", pl.Boolean, "the patient's main pair of this comparison"),
        Column("plain_state", pl.String, "the same by calls alone, as publications count"),
        Column("is_lost", pl.Boolean, "private because the other sample lost the locus"),
        Column("reason_a", pl.String, "why sample a is judged as it is"),
        Column("reason_b", pl.String, "why sample b is judged as it is"),
    ),
)
PAIRS = OutputTable(
    "concordance/pairs",
    "each pair of samples of a patient",
    (
        *_PAIR,
        Column("role_a", pl.String, "primary, metastasis, local_recurrence, tissue (no lesion named), plasma"),
        Column("role_b", pl.String, "the same of sample b"),
        Column("is_main", pl.Boolean, "the pair that summaries use: deepest samples, then first id"),
        Column(
            "expected_private_by_noise",
            pl.Float64,
            "private calls that two identical lesions would show at these depths and purities; null where not computed",
        ),
        Column("n_shared", pl.Int64, "present in both"),
        Column("n_private_a", pl.Int64, "present in a, absent in b (a lost locus apart)"),
        Column("n_private_b", pl.Int64, "present in b, absent in a"),
        Column("n_not_assessable", pl.Int64, "seen in one, not assessable in the other"),
        Column("n_lost", pl.Int64, "gone with the locus in one sample"),
        Column("shared_fraction", pl.Float64, "(n_shared + n_lost) / assessable variants", unit="fraction"),
        Column("ci_low", pl.Float64, "lower limit (Wilson)", unit="fraction"),
        Column("ci_high", pl.Float64, "upper limit", unit="fraction"),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
        Column("days_between", pl.Int64, "days from sample a to sample b; null = unknown"),
        Column("n_assumed", pl.Int64, "private variants whose absence was assumed, not counted"),
        Column("n_called_both", pl.Int64, "called in both samples"),
        Column("n_called_one", pl.Int64, "called in one, not called in the other, whatever its depth"),
        Column(
            "n_observed_private",
            pl.Int64,
            "of the variants behind expected_private_by_noise, called in one sample only",
        ),
    ),
)
RELATED = OutputTable(
    "concordance/relatedness",
    "evidence that two samples are of one tumour",
    (
        *_columns(RELATEDNESS_COLUMNS),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
    ),
)
GENES = OutputTable(
    "concordance/genes",
    "patients (main pairs) by gene",
    (
        Column("gene", pl.String, "HGNC symbol"),
        Column("n_both", pl.Int64, "mutated in both samples"),
        Column("n_a_only", pl.Int64, "mutated in the first only"),
        Column("n_b_only", pl.Int64, "mutated in the second only"),
        Column("n_not_assessable", pl.Int64, "mutated in one, not assessable in the other"),
        Column("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
        Column("n_different_variants", pl.Int64, "of n_both, without a variant in common"),
    ),
)
STATUSES = OutputTable("concordance/statuses", "agreement of actionable statuses", _columns(STATUS_COLUMNS))
FLIPS = OutputTable("concordance/flips", "patients whose status differs between two samples", _columns(FLIP_COLUMNS))
SUMMARY = OutputTable("concordance/summary", "shared fractions over patients", _columns(SUMMARY_COLUMNS))
SAMPLES = OutputTable(
    "concordance/samples",
    "purity and what was learned of each tumour sample",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("sample_id", pl.String, "the sample"),
        Column("role", pl.String, "primary, metastasis, local_recurrence, tissue, plasma"),
        Column("purity", pl.Float64, "tumour cell fraction used (tumour fraction in plasma); null: not known"),
        Column("purity_low", pl.Float64, "lower 95 % limit; null: given; 0: the reads set none"),
        Column("purity_high", pl.Float64, "upper 95 % limit; null: given"),
        Column("purity_basis", pl.String, "given / estimated from the sample's variants"),
        Column("depth", pl.Float64, "mean depth given, else of the counted sites; null = unknown"),
        Column("prior", pl.Float64, "learned share present of the variants seen in the patient's other samples"),
        Column("n_present", pl.Int64, "variants present"),
        *_columns(NOISE_COLUMNS),
    ),
)
_TABLES = (STATES, VARIANTS, PAIRS, RELATED, GENES, STATUSES, FLIPS, SUMMARY, SAMPLES)


@analysis(
    title="Same and different mutations between samples of a patient",
    question="Which mutations do primary and metastasis, tissue and blood have in common?",
    needs=("calls", "samples"),
    params=ConcordanceParams,
    tables=_TABLES,
    order=30,
)
def concordance(cohort: Cohort, params: ConcordanceParams) -> Result:
    """Compare every two tumour samples of a patient."""
    presence, pairs = cohort.presence, cohort.pairs
    if pairs.pairs.is_empty():
        raise NotEnoughData(
            "no patient has two tumour samples that can be compared: concordance needs two lesions, or tissue and "
            "plasma, "
            "of one patient (samples.lesion_id and material)."
        )
    related = cohort.relatedness
    counts = fraction_columns(pair_counts(pairs))
    plain = pair_counts(pairs, "plain_state").select(
        "pair", n_called_both="n_shared", n_called_one=pl.col("n_private_a") + pl.col("n_private_b")
    )
    counts = counts.join(plain, on="pair", how="left", maintain_order="left")
    rng = generator(cohort.seed, "concordance")
    summary, noise = summary_table(presence, pairs, related, params, rng)
    counts = counts.join(noise, on="pair", how="left", maintain_order="left")
    statuses = statuses_of(cohort.study.config.statuses)
    two = status_pairs(
        pairs.pairs,
        with_rows(cohort.statuses, presence),
        informative_by_status(presence, cohort.plasma_states, statuses),
    )
    rows = variant_rows(presence, pairs)
    tables = {
        STATES.name: STATES.frame(presence.cells),
        VARIANTS.name: VARIANTS.frame(rows),
        PAIRS.name: PAIRS.frame(counts),
        RELATED.name: RELATED.frame(related),
        GENES.name: GENES.frame(gene_counts(presence, pairs)),
        STATUSES.name: STATUSES.frame(status_table(two)),
        FLIPS.name: FLIPS.frame(flips(two, statuses)),
        SUMMARY.name: SUMMARY.frame(summary),
        SAMPLES.name: SAMPLES.frame(presence.samples),
    }
    estimates = _estimates(summary, counts, related)
    return Result(
        answer=_answer(estimates),
        headline=_headline(estimates),
        estimates=estimates,
        tables=tables,
        figures=tuple(_figures(presence, pairs, counts, summary, noise)),
        people=_people(cohort, pairs, related),
        samples_used=_used(pairs),
        notes=(*_notes(presence, counts, related), *borrowed_note(cohort.study)),
        methods=_METHODS,
    )


_METHODS = (
    "Reads of each variant in each sample of its patient are weighed under background error and under a clone at each "
    "cell "
    "fraction, with purity and copy number (beta-binomial; Carter 2012, Cibulskis 2013, Dentro 2017). Present: "
    "posterior "
    "probability of at least presence.min_probability. Absent: at most presence.max_probability, and a clonal variant "
    "would "
    "have been called with probability concordance.min_power; where reads spread more than assumed a clone at "
    "presence.sizeable_ccf would besides show so few with at most presence.max_sizeable. Otherwise not assessable, "
    "with the "
    "reason.",
    "What is usual for a sample is learned from it and from the study (empirical Bayes); the learned shares are in "
    "concordance/samples. An unknown purity or tumour fraction is estimated from the other variants and its "
    "uncertainty "
    "averaged over.",
    "Background errors, by kind of change, and the spread of variant reads are learned from each sample and from the "
    "study: "
    "what the assay states, and the assumed concentration, are priors.",
    "Fractions over patients use each patient's main pair; their intervals come from drawing patients again. The "
    "latent "
    "shared fraction is that of all variants present in at least one of the two samples, corrected for those that "
    "neither "
    "sample could show (nonparametric maximum likelihood over pairs of cell fractions).",
    "Relatedness: Ostrovnaya, Seshan, Begg. Ann Appl Stat 2015;9:1533. Agreement: Clopper-Pearson intervals; kappa "
    "and AC1 "
    "(Gwet 2008) with Bayesian limits; exact McNemar test.",
)


def _key(comparison: str) -> str:
    return comparison.replace(" ", "_")


def _estimates(summary: pl.DataFrame, counts: pl.DataFrame, related: pl.DataFrame) -> tuple[Estimate, ...]:
    out = []
    for row in summary.filter((pl.col("set") == "all") | (pl.col("chip") == "without")).iter_rows(named=True):
        if row["estimand"].startswith(("discordance", "excess")) and row["set"] != "all":
            continue
        ending = "" if row["set"] == "all" else f"_{row['set']}"
        chip = "" if row["chip"] == "without" else "_with_chip"
        unit = "" if row["estimand"].endswith("_p_value") else "fraction"
        out.append(
            Estimate(
                f"{row['estimand']}.{_key(row['comparison'])}{ending}{chip}",
                row["estimate"],
                row["ci_low"],
                row["ci_high"],
                row["n_variants"],
                "patients drawn again",
                unit,
            )
        )
    main = counts.filter("is_main")
    for comparison in main["comparison"].unique().sort():
        n = main.filter(pl.col("comparison") == comparison)["patient_id"].n_unique()
        out.append(Estimate(f"n_patients.{_key(comparison)}", n, n=n, unit="count", question=comparison))
        kept = _kept(main, related, comparison)["patient_id"].n_unique()
        if 0 < kept < n:
            who = f"{comparison}: {ONE_TUMOUR}"
            out.append(Estimate(f"n_patients.{_key(comparison)}_kept", kept, n=kept, unit="count", question=who))
    not_related = related.filter(pl.col("is_main") & (pl.col("verdict") != "related"))["patient_id"].n_unique()
    n_main = related.filter("is_main")["patient_id"].n_unique()
    out.append(
        Estimate("patients_without_evidence_of_common_origin", not_related, n=n_main, unit="count", question=ANY_PAIR)
    )
    return tuple(out)


#: Question of the ledger: the pairs without evidence that they are of two tumours.
ONE_TUMOUR = "of one tumour"


def _kept(main: pl.DataFrame, related: pl.DataFrame, comparison: str) -> pl.DataFrame:
    """The main pairs of a comparison without those of two tumours (swapped, unrelated, second primaries)."""
    strange = related.filter(pl.col("verdict").is_in(NOT_RELATED)).select("sample_a", "sample_b")
    return main.filter(pl.col("comparison") == comparison).join(strange, on=["sample_a", "sample_b"], how="anti")


def _of(known: dict[str, Estimate], name: str, comparison: str) -> str:
    """The name of an estimate in the answer: without the pairs of two tumours, where there are any."""
    full = f"{name}.{_key(comparison)}"
    return f"{full}_kept" if f"{full}_kept" in known else full


def _first(known: dict[str, Estimate]) -> str | None:
    """The comparison that the answer is about: the first of the order with a shared share."""
    return next((c for c in COMPARISONS if f"shared_fraction_assessable.{_key(c)}" in known), None)


def _headline(estimates: tuple[Estimate, ...]) -> Headline:
    known = {e.name: e for e in estimates if e.value is not None}
    comparison = _first(known)
    if comparison is None:
        return cannot(said("headline.concordance.none"), said("reason.no_value"))
    name = _of(known, "shared_fraction_assessable", comparison)
    share, patients = known[name], int(known[_of(known, "n_patients", comparison)].value or 0)
    a, b = two_sides(comparison)
    mutations = share.n or 0
    few = patients < 2 or share.ci_low is None
    rest: dict[str, Any] = {"k": round((share.value or 0) * mutations)} if few else {"share": share}
    rest |= {"a": a, "b": b, "mutations": mutations, "patients": patients}
    different, assumed = _by_calls(known, comparison)
    key = "few" if few else "shared"
    if assumed:
        key, rest = f"{key}_by_calls", rest | {"different": different, "assumed": assumed}
    text = said(f"headline.concordance.{key}", **rest)
    return rated(text, share, name, n_patients=patients)


def _by_calls(known: dict[str, Estimate], comparison: str) -> tuple[int, int]:
    """How many mutations are in one sample only, and of how many of these the other sample's reads were not counted."""
    assumed = known.get(_of(known, "assumed_fraction", comparison))
    n = (assumed.n or 0) if assumed else 0
    return n, round((assumed.value or 0) * n) if assumed else 0


def _answer(estimates: tuple[Estimate, ...]) -> str:
    """The headline, then what calls alone would say, what was corrected, what could not be judged."""
    known = {e.name: e for e in estimates if e.value is not None}
    comparison = _first(known)
    text = _headline(estimates).text.text()
    if comparison is None:
        return text
    more = (
        ("shared_fraction_called", " By calls alone it would be {%s}."),
        ("shared_fraction_latent", " Corrected for mutations that neither sample could show, it is {%s}."),
        ("not_assessable_fraction", " Of the mutations, {%s:value} could not be judged in both samples."),
        ("assumed_fraction", " Of the mutations in one sample only, {%s:value} rest on an assumption, not on counts."),
    )
    names = ((_of(known, name, comparison), words) for name, words in more)
    text = text[:1].upper() + text[1:] + "".join(words % name for name, words in names if name in known)
    return text + _left_out_text(known, comparison)


def _left_out_text(known: dict[str, Estimate], comparison: str) -> str:
    """Who is not in the headline because the two samples are of two tumours, and what it would be with them."""
    full = f"shared_fraction_assessable.{_key(comparison)}"
    if f"{full}_kept" not in known:
        return ""
    everyone, kept = (known[f"n_patients.{_key(comparison)}{end}"].value or 0 for end in ("", "_kept"))
    n = int(everyone - kept)
    who, it = ("1 patient whose two samples are", "it") if n == 1 else (f"{n} patients whose two samples are", "them")
    return f" Left out: {who} of two tumours (swapped, or a second primary); with {it} it would be {{{full}}}."


#: Question of the ledger: whether two samples could be compared at all, whichever.
ANY_PAIR = "two samples compared"


def _people(cohort: Cohort, pairs: PairTable, related: pl.DataFrame) -> pl.DataFrame:
    """The patients with two samples to compare, per comparison those with a main pair, and the samples in some pair."""
    everyone = cohort.study["patients"]["patient_id"]
    samples = cohort.study["samples"].filter(is_tumour()).with_columns(n=pl.len().over("patient_id"))
    why = (
        pl.when(pl.col("n") < 2)
        .then(pl.lit("only one tumour sample: nothing to compare"))
        .when(pl.col("lesion_id").is_null() & (pl.col("material") == "tissue"))
        .then(pl.lit("tissue without lesion_id is in no lesion pair"))
        .otherwise(pl.lit("no other sample to compare with"))
    )
    compared = pl.concat([pairs.pairs.select("patient_id", sample_id=f"sample_{s}") for s in "ab"]).unique()
    left = samples.join(compared, on="sample_id", how="anti").select("patient_id", "sample_id", why.alias("reason"))
    alone = left.join(compared, on="patient_id", how="anti")
    main, none = pairs.pairs.filter("is_main"), "no tumour sample"
    parts = [
        counted(ANY_PAIR, everyone, main, alone, rest=none),
        counted("samples", everyone, compared, left, rest=none, unit="sample"),
    ]
    for comparison in main["comparison"].unique().sort():
        mine = main.filter(pl.col("comparison") == comparison)
        none = f"no two samples: {comparison}"
        out = alone.join(mine, on="patient_id", how="anti")
        parts.append(counted(comparison, everyone, mine, out, rest=none))
        kept = _kept(main, related, comparison)
        if 0 < kept["patient_id"].n_unique() < mine["patient_id"].n_unique():
            two = mine.join(kept, on="patient_id", how="anti").select(
                "patient_id", pl.lit("the two samples are of two tumours").alias("reason")
            )
            left = pl.concat([out.select("patient_id", "reason"), two])
            parts.append(counted(f"{comparison}: {ONE_TUMOUR}", everyone, kept, left, rest=none))
    return ledger(parts)


def _used(pairs: PairTable) -> pl.DataFrame:
    rows = []
    for row in pairs.pairs.filter("is_main").iter_rows(named=True):
        for side in ("a", "b"):
            rows.append(
                (
                    row["patient_id"],
                    row[f"sample_{side}"],
                    f"main pair of {row['comparison']}: deepest, then first id",
                )
            )
    return exclusions(rows)


def _notes(presence: PresenceTable, counts: pl.DataFrame, related: pl.DataFrame) -> tuple[str, ...]:
    cells, notes = presence.cells, []
    assumed = cells.filter(pl.col("basis") == "assumed").height
    if assumed:
        notes.append(
            f"{assumed:,} of {cells.height:,} judgements (variant in a sample) rest on an assumed depth or a bare "
            f"call: the "
            "reads were not counted there. Counting every variant in every sample of its patient would settle them."
        )
    guessed = presence.samples.filter(pl.col("purity_basis") == "estimated")
    if guessed.height:
        n_open = guessed["purity"].null_count()
        notes.append(
            f"Purity or tumour fraction of {guessed.height} samples was not given and was estimated from their "
            "variants." + (f" Of {n_open} the reads set no lower limit: it is not known." if n_open else "")
        )
    noisy = presence.samples.drop_nulls("noise")
    if noisy.height:
        named = [f"{s} ({word})" for s, word in noisy.select("sample_id", "noise").head(MANY).iter_rows()]
        notes.append(
            f"The reads of {noisy.height} of {presence.samples.height} samples are noisier than told, as FFPE, "
            f"oxidation or "
            "contamination make them. They are judged at their own noise (concordance/samples, noise). "
            + " ".join(f"{text}." for text in named)
            + (" And more." if noisy.height > MANY else "")
        )
    blood = cells.filter(pl.col("blood").is_not_null())
    if blood.height:
        kinds = blood.select("site", "blood").unique().group_by("blood").len().sort("blood")
        words = ", ".join(f"{kind.replace('_', ' ')} {n}" for kind, n in kinds.iter_rows())
        notes.append(f"Variants set apart or shown both ways as not of the tumour: {words}.")
    doubtful = related.filter(pl.col("is_main") & pl.col("verdict").is_in(["unrelated", "swap", "second_primary"]))
    for row in doubtful.iter_rows(named=True):
        notes.append(
            f"Patient {row['patient_id']}: {row['sample_a']} and {row['sample_b']} show no common origin "
            f"({row['verdict'].replace('_', ' ')}); check for a swap or a second primary."
        )
    merged = cells.filter(pl.col("written_as").is_not_null() & (pl.col("written_as") != pl.col("variant_id")))
    if merged.height:
        notes.append(f"{merged.height} calls of indels written at another place were taken as the same variant.")
    return tuple(notes)


def _figures(
    presence: PresenceTable,
    pairs: PairTable,
    counts: pl.DataFrame,
    summary: pl.DataFrame,
    noise: pl.DataFrame,
) -> list[Figure]:
    from oncourse.plots import concordance as draw

    figures = []
    for comparison in COMPARISONS:
        main = counts.filter(pl.col("is_main") & (pl.col("comparison") == comparison)).head(60)
        if main.is_empty():
            continue
        bars = main.select("n_shared", "n_private_a", "n_private_b", "n_not_assessable").to_numpy()
        figures.append(
            Figure(
                f"shared_{_key(comparison)}",
                f"Shared and private mutations: {comparison}",
                "One bar per patient (main pair, at most 60 shown); hatched: seen in one sample, not assessable in "
                "the other.",
                draw.shared_private_bars(main["patient_id"].to_list(), bars, title=comparison),
            )
        )
    shown = summary.filter(
        (pl.col("set") == "all")
        & (pl.col("chip") == "without")
        & pl.col("estimate").is_not_null()
        & pl.col("estimand").is_in(["shared_fraction_called", "shared_fraction_assessable", "shared_fraction_latent"])
    )
    if shown.height:
        labels = [
            f"{r['comparison']}: {r['estimand'].removeprefix('shared_fraction_').replace('_', ' ')}"
            for r in shown.iter_rows(named=True)
        ]
        numbers = [
            shown[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in ("estimate", "ci_low", "ci_high")
        ]
        notes = [f"{r['n_variants']:,} in {r['n_patients']:,}" for r in shown.iter_rows(named=True)]
        figures.append(
            Figure(
                "shared_fraction",
                "Shared fraction",
                "By calls alone, among assessable variants, and latent; right: variants in patients.",
                draw.forest(labels, numbers[0], numbers[1], numbers[2], notes, xlabel="shared mutations"),
            )
        )
    figures.extend(_variant_figures(presence, pairs))
    first = noise.join(counts.select("pair", "is_main", "comparison"), on="pair").filter("is_main").drop_nulls()
    for comparison in COMPARISONS[:1]:
        part = first.filter((pl.col("comparison") == comparison) & (pl.col("n_noise_variants") > 0))
        if part.height > 1:
            excess = (part["n_observed_private"] - part["expected_private_by_noise"]) / part["n_noise_variants"]
            figures.append(
                Figure(
                    "excess_discordance",
                    "Discordance beyond noise",
                    "Per patient: share of mutations called "
                    "in one sample only, minus the share two identical lesions would show.",
                    draw.excess_waterfall(excess.to_numpy(), ylabel="excess discordance"),
                )
            )
    return figures


def _variant_figures(presence: PresenceTable, pairs: PairTable) -> list[Figure]:
    from oncourse.plots import concordance as draw

    figures: list[Figure] = []
    main = pairs.pairs.filter("is_main").select("pair", "comparison", "patient_id")
    for comparison in ("primary v metastasis", "tissue v plasma"):
        rows = pairs.variants.join(main.filter(pl.col("comparison") == comparison), on="pair", how="inner")
        if rows.is_empty():
            continue
        a, b = rows["cell_a"].to_numpy(), rows["cell_b"].to_numpy()
        vaf_a, vaf_b = _vaf(presence, a), _vaf(presence, b)
        if np.isfinite(vaf_a + vaf_b).any():
            figures.append(
                Figure(
                    f"fractions_{_key(comparison)}",
                    f"Allele fractions: {comparison}",
                    "Counted mutations of main pairs; grey: "
                    "fractions that the second sample would call with less than 95 %.",
                    draw.fraction_scatter(
                        vaf_a,
                        vaf_b,
                        rows["state"].cast(pl.String).to_list(),
                        _power_line(presence, b),
                        xlabel="VAF in the first sample",
                        ylabel="VAF in the second sample",
                    ),
                )
            )
        figures.extend(_grid(presence, rows, comparison))
    return figures


def _vaf(presence: PresenceTable, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    alt, depth = (presence.cells[name].gather(cells).cast(pl.Float64) for name in ("alt_count", "depth"))
    return np.asarray((alt / depth).fill_null(float("nan")).to_numpy())


def _power_line(presence: PresenceTable, cells: NDArray[np.int64]) -> float | None:
    """Return the allele fraction from which the second samples, at their median depth, call 95 %; None: depth
    unknown."""
    from oncourse.evolution.vaf import min_alt_reads
    from oncourse.stats.betabinomial import sf

    depth = presence.cells["depth"].gather(cells).median()
    if not isinstance(depth, float) or depth < 1:
        return None
    rule = presence.samples.filter(pl.col("sample").is_in(presence.cells["sample"].gather(cells).unique().implode()))
    least = int(min_alt_reads(depth, rule["min_alt_count"].to_numpy().max(), rule["min_vaf"].to_numpy().max()))
    fractions = np.geomspace(0.001, 1, 60)
    power = sf(least, round(depth), fractions, 200.0)
    return float(fractions[np.argmax(power >= 0.95)]) if (power >= 0.95).any() else None


def _grid(presence: PresenceTable, rows: pl.DataFrame, comparison: str) -> list[Figure]:
    from oncourse.plots import concordance as draw

    gene = presence.cells["gene"].gather(rows["cell_a"].to_numpy())
    named = rows.select("patient_id", "state").with_columns(gene=gene).drop_nulls("gene")
    common = named.group_by("gene").agg(n=pl.col("patient_id").n_unique()).sort("n", "gene", descending=[True, False])
    genes = common.filter(pl.col("n") > 1)["gene"].head(25).to_list()
    if not genes:
        return []
    code = {"shared": 1, "private_a": 2, "private_b": 3, "not_assessable": 4}
    best = named.filter(pl.col("gene").is_in(genes)).with_columns(code=pl.col("state").replace_strict(code))
    best = best.group_by("gene", "patient_id").agg(pl.col("code").min())
    patients = best["patient_id"].unique().sort().to_list()
    fate = np.zeros((len(genes), len(patients)), np.int8)
    for gene, patient, value in best.iter_rows():
        fate[genes.index(gene), patients.index(patient)] = value
    return [
        Figure(
            f"genes_{_key(comparison)}",
            f"Genes by patient: {comparison}",
            "The most often mutated genes; colour: where found.",
            draw.gene_grid(genes, patients, fate, comparison=comparison),
        )
    ]
