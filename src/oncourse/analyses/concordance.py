"""Which mutations are the same and which differ between two samples of a patient, knowing what could be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, Result, analysis, exclusions
from oncourse.analyses._concordance_figures import concordance_figures
from oncourse.analyses._concordance_notes import (
    concordance_notes,
    few_places_notes,
    hidden_comparisons,
    withheld_notes,
    without_a_share,
)
from oncourse.analyses._concordance_tables import (
    FLIPS,
    GENES,
    PAIRS,
    RELATED,
    SAMPLES,
    STATES,
    STATUSES,
    SUMMARY,
    TABLES,
    VARIANTS,
    comparison_key,
)
from oncourse.analyses._headline import Headline, cannot, rated, two_sides, unless_assumed
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.concordance.concordance_summary import (
    SET_APART,
    fraction_columns,
    gene_counts,
    of_own_samples,
    summary_table,
)
from oncourse.derive.concordance.pairs import (
    COMPARISONS,
    ConcordanceParams,
    PairTable,
    pair_counts,
    variant_rows,
)
from oncourse.derive.concordance.presence_inputs import borrowed_note
from oncourse.derive.concordance.relatedness import NOT_RELATED
from oncourse.derive.concordance.status_tables import flips, status_table
from oncourse.derive.concordance.withheld import mostly_noisy
from oncourse.errors import NotEnoughData
from oncourse.facts.material import is_tumour
from oncourse.facts.statuses import statuses_of
from oncourse.words.catalogue import said


@analysis(
    title="Same and different mutations between samples of a patient",
    question="Which mutations do primary and metastasis, tissue and blood have in common?",
    needs=("calls", "samples"),
    params=ConcordanceParams,
    tables=TABLES,
    order=30,
    sets_apart=False,
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
    judged = of_own_samples(related, cohort.apart)
    counts = fraction_columns(pair_counts(pairs))
    plain = pair_counts(pairs, "plain_state").select(
        "pair", n_called_both="n_shared", n_called_one=pl.col("n_private_a") + pl.col("n_private_b")
    )
    counts = counts.join(plain, on="pair", how="left", maintain_order="left")
    summary, noise = summary_table(presence, pairs, judged, params)
    withheld = without_a_share(summary)
    share = pl.col("shared_fraction", "ci_low", "ci_high")
    counts = counts.join(noise, on="pair", how="left", maintain_order="left").with_columns(
        pl.when(~pl.col("comparison").is_in(withheld)).then(share)
    )
    statuses = statuses_of(cohort.study.config.statuses)
    two = cohort.cleared.status_pairs
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
    estimates = _estimates(summary, counts, judged)
    hidden = hidden_comparisons(summary, presence, pairs, params.min_power)
    noisy = mostly_noisy(presence.samples, pairs.pairs.filter("is_main"))
    headline = _headline(estimates, tuple(hidden), noisy)
    return Result(
        answer=_answer(estimates, headline.text.text()),
        headline=headline,
        estimates=estimates,
        tables=tables,
        figures=tuple(concordance_figures(presence, pairs, counts, summary, noise)),
        people=_people(cohort, pairs, judged),
        samples_used=_used(pairs),
        notes=(
            *concordance_notes(presence, counts, related),
            *withheld_notes(summary, hidden, noisy),
            *few_places_notes(presence, pairs, withheld),
            *borrowed_note(cohort.study),
        ),
        methods=_METHODS,
    )


_METHODS = (
    "Reads of each variant in each sample of its patient are weighed under background error and under a clone at each "
    "cell "
    "fraction, with purity and copy number (beta-binomial; Carter 2012, Cibulskis 2013, Dentro 2017). Present: "
    "posterior "
    "probability of at least presence.min_probability, and of .9 where presence is taken as likely as absence "
    "beforehand. Absent: at most presence.max_probability, and a clonal variant "
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
    "Fractions over patients use each patient's main pair; their intervals take patients as clusters (beta-binomial). The "
    "latent "
    "shared fraction is that of all variants present in at least one of the two samples, corrected for those that "
    "neither "
    "sample could show (nonparametric maximum likelihood over pairs of cell fractions).",
    "Relatedness: Ostrovnaya, Seshan, Begg. Ann Appl Stat 2015;9:1533. Agreement: Clopper-Pearson intervals; kappa "
    "and AC1 "
    "(Gwet 2008) with Bayesian limits; exact McNemar test.",
)


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
                f"{row['estimand']}.{comparison_key(row['comparison'])}{ending}{chip}",
                row["estimate"],
                row["ci_low"],
                row["ci_high"],
                row["n_variants"],
                row["method"],
                unit,
            )
        )
    main = counts.filter("is_main")
    for comparison in main["comparison"].unique().sort():
        n = main.filter(pl.col("comparison") == comparison)["patient_id"].n_unique()
        out.append(Estimate(f"n_patients.{comparison_key(comparison)}", n, n=n, unit="count", question=comparison))
        kept = _kept(main, related, comparison)["patient_id"].n_unique()
        if 0 < kept < n:
            who = f"{comparison}: {ONE_TUMOUR}"
            out.append(
                Estimate(f"n_patients.{comparison_key(comparison)}_kept", kept, n=kept, unit="count", question=who)
            )
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
    strange = related.filter(pl.col("verdict").is_in((*NOT_RELATED, SET_APART))).select("sample_a", "sample_b")
    return main.filter(pl.col("comparison") == comparison).join(strange, on=["sample_a", "sample_b"], how="anti")


def _why_apart() -> pl.Expr:
    apart = pl.lit("a sample may be another's (overview/apart)")
    return pl.when(pl.col("verdict") == SET_APART).then(apart).otherwise(pl.lit("the two samples are of two tumours"))


def _of(known: dict[str, Estimate], name: str, comparison: str) -> str:
    """The name of an estimate in the answer: without the pairs of two tumours, where there are any."""
    full = f"{name}.{comparison_key(comparison)}"
    return f"{full}_kept" if f"{full}_kept" in known else full


def _first(known: dict[str, Estimate]) -> str | None:
    """The comparison that the answer is about: the first of the order with a shared share."""
    return next((c for c in COMPARISONS if f"shared_fraction_assessable.{comparison_key(c)}" in known), None)


def _headline(estimates: tuple[Estimate, ...], hidden: tuple[str, ...], noisy: tuple[str, ...]) -> Headline:
    """The share of the first comparison that has one.

    hidden : comparisons without a share because of errors; noisy : those of mostly noisy samples
    """
    known = {e.name: e for e in estimates if e.value is not None}
    comparison = _first(known)
    if comparison is None:
        by_errors = next((c for c in COMPARISONS if c in hidden), None)
        if by_errors is None:
            few_told = next((c for c in COMPARISONS if c in noisy), None)
            if few_told is None:
                return cannot(said("headline.concordance.none"), said("reason.no_value"))
            a, b = two_sides(few_told)
            return cannot(said("headline.concordance.noisy", a=a, b=b), said("reason.noisy"))
        a, b = two_sides(by_errors)
        return cannot(said("headline.concordance.hidden", a=a, b=b), said("reason.read_errors"))
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
    headline = unless_assumed(rated(text, share, name, n_patients=patients), assumed, mutations)
    if headline.light == "answered" and _corrected_outside(known, comparison):
        return replace(headline, light="uncertain", reason=said("reason.corrected_outside"))
    return headline


def _corrected_outside(known: dict[str, Estimate], comparison: str) -> bool:
    """Whether the shared fraction corrected for what neither sample could show lies outside the interval of the other.

    What is left undecided is then mostly of one kind: where reads spread ten times as much as assumed (60x) the decided
    mutations alone were .14 too often shared, the interval .05 to .18 above the truth; the corrected one was right.
    """
    decided = known[_of(known, "shared_fraction_assessable", comparison)]
    latent = known.get(decided.name.replace("shared_fraction_assessable", "shared_fraction_latent"))
    if latent is None or latent.value is None or decided.ci_low is None or decided.ci_high is None:
        return False
    return not decided.ci_low <= latent.value <= decided.ci_high


def _by_calls(known: dict[str, Estimate], comparison: str) -> tuple[int, int]:
    """How many mutations are in one sample only, and of how many of these the other sample's reads were not counted."""
    assumed = known.get(_of(known, "assumed_fraction", comparison))
    n = (assumed.n or 0) if assumed else 0
    return n, round((assumed.value or 0) * n) if assumed else 0


def _answer(estimates: tuple[Estimate, ...], text: str) -> str:
    """The headline (`text`), then what calls alone would say, what was corrected, what could not be judged."""
    known = {e.name: e for e in estimates if e.value is not None}
    comparison = _first(known)
    if comparison is None:
        return text
    more = (
        ("shared_fraction_called", " By calls alone it would be {%s}."),
        ("shared_fraction_latent", " Corrected for mutations that neither sample could show, it is {%s}."),
        ("not_assessable_fraction", " Of the mutations, {%s} could not be judged in both samples."),
        ("assumed_fraction", " Of the mutations in one sample only, {%s} rest on an assumption, not on counts."),
    )
    names = ((_of(known, name, comparison), words) for name, words in more)
    text = text[:1].upper() + text[1:] + "".join(words % name for name, words in names if name in known)
    return text + _left_out_text(known, comparison)


def _left_out_text(known: dict[str, Estimate], comparison: str) -> str:
    """Who is not in the headline because the two samples are of two tumours, and what it would be with them."""
    full = f"shared_fraction_assessable.{comparison_key(comparison)}"
    if f"{full}_kept" not in known:
        return ""
    everyone, kept = (known[f"n_patients.{comparison_key(comparison)}{end}"].value or 0 for end in ("", "_kept"))
    n = int(everyone - kept)
    why = "whose two samples are of two tumours (swapped, contaminated, or a second primary)"
    return f" Left out: {n} patients {why}; with them it would be {{{full}}}."


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
            judged = related.filter("is_main").select("pair", "verdict")
            two = mine.join(kept, on="patient_id", how="anti").join(judged, on="pair", how="left")
            two = two.select("patient_id", reason=_why_apart())
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
