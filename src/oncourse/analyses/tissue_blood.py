"""Can blood replace tissue? What plasma finds of the tissue's mutations, and what it should have found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, light_of, unless_assumed
from oncourse.analyses._people import counted
from oncourse.cohort import Cohort
from oncourse.derive.concordance.informative import informative_plasma, with_rows
from oncourse.derive.concordance.noninferiority import EQUIVALENT_FROM, TEST_COLUMNS, Aim, noninferiority_tests
from oncourse.derive.concordance.pairs import ConcordanceParams
from oncourse.derive.concordance.status_tables import STATUS_COLUMNS, status_table
from oncourse.derive.concordance.status_truth import TRUTH_COLUMNS, truth_rows
from oncourse.derive.concordance.tissue_blood import STRATUM_COLUMNS, patients_of_level, plasma_rows, stratum_table
from oncourse.errors import NotEnoughData
from oncourse.facts.material import is_tumour
from oncourse.facts.statuses import statuses_of
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said

STRATA = OutputTable(
    "tissue_blood/variants",
    "tissue variants found in plasma, by stratum",
    tuple(Column(n, d, t) for n, d, t in STRATUM_COLUMNS),
)
STATUSES = OutputTable(
    "tissue_blood/statuses",
    "actionable statuses, tissue against plasma",
    tuple(Column(n, d, t) for n, d, t in STATUS_COLUMNS),
)
PLASMA = OutputTable(
    "tissue_blood/plasma",
    "each plasma sample: tumour fraction and whether it is informative",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("sample_id", pl.String, "the plasma sample"),
        Column("tumor_fraction", pl.Float64, "tumour fraction used; null: not known"),
        Column("tumor_fraction_low", pl.Float64, "lower 95 % limit; null: given; 0: the reads set none"),
        Column("tumor_fraction_high", pl.Float64, "upper 95 % limit; null: given"),
        Column("basis", pl.String, "given / estimated from the sample's variants"),
        Column("depth", pl.Float64, "mean depth; null = unknown"),
        Column("n_present", pl.Int64, "variants present"),
        Column("is_informative", pl.Boolean, "whether there is tumour DNA by evidence"),
    ),
)
NONINFERIORITY = OutputTable(
    "tissue_blood/noninferiority",
    "is blood as good as tissue, within the margin?",
    tuple(Column(n, d, t) for n, d, t in TEST_COLUMNS),
)
TRUTH = OutputTable(
    "tissue_blood/latent_class",
    "prevalence and sensitivity against an unknown truth, with priors from power and a range of dependence",
    tuple(Column(n, d, t) for n, d, t in TRUTH_COLUMNS),
)


@section("tissue_blood")
@dataclass(frozen=True)
class TissueBloodParams:
    """The non-inferiority test needs margin and aim, fixed before the data are seen."""

    ppa0: float | None = setting(None, "positive agreement aimed at (performance goal)", low=0, high=1)
    npa0: float | None = setting(None, "negative agreement aimed at, of the status", low=0, high=1)
    repeat_tissue: bool = setting(
        False, "the aim is what a second sample of the same lesion finds in the same patients"
    )
    margin: float | None = setting(None, "largest accepted loss of agreement; without it no test", low=0, high=0.5)
    status: str = setting("RAS", "the status that is tested besides variants, by name")


@analysis(
    title="Tissue against blood",
    question="Can circulating tumour DNA replace tissue?",
    needs=("calls", "samples"),
    params=TissueBloodParams,
    tables=(STRATA, STATUSES, PLASMA, NONINFERIORITY, TRUTH),
    order=34,
)
def tissue_blood(cohort: Cohort, params: TissueBloodParams) -> Result:
    """Compare each patient's main tissue sample with the main plasma sample."""
    presence, pairs = cohort.presence, cohort.pairs
    main = pairs.pairs.filter(pl.col("is_main") & (pl.col("comparison") == "tissue v plasma"))
    if main.is_empty():
        raise NotEnoughData("no patient has both a tissue and a plasma sample.")
    rows = plasma_rows(
        cohort.study, presence, pairs, cohort.plasma_states, min_power=cohort.params(ConcordanceParams).min_power
    )
    if rows.filter(pl.col("in_tissue") == "present").is_empty():
        raise NotEnoughData("no variant is present in tissue in any patient with plasma.")
    table = stratum_table(rows)
    statuses = statuses_of(cohort.study.config.statuses)
    states = with_rows(cohort.statuses, presence)
    two = cohort.status_pairs.filter(pl.col("comparison") == "tissue v plasma")
    plasma = _plasma(cohort)
    if params.status not in {s.name for s in statuses}:
        raise NotEnoughData(f"no status is called '{params.status}' (study.yaml: statuses).")
    aim = Aim(params.ppa0, params.npa0, params.margin, params.repeat_tissue, params.status)
    tests = noninferiority_tests(presence, pairs, rows, states, aim)
    truth, withheld = truth_rows(presence, main, states, params.status)
    agreement = status_table(two)
    estimates = (*_estimates(table, plasma, main, tests, truth), *_of_status(agreement, params.status))
    return Result(
        answer=_answer(estimates, tests, params.status),
        headline=_headline(estimates, tests),
        estimates=estimates,
        tables={
            STRATA.name: STRATA.frame(table),
            STATUSES.name: STATUSES.frame(agreement),
            PLASMA.name: PLASMA.frame(plasma),
            NONINFERIORITY.name: NONINFERIORITY.frame(tests),
            TRUTH.name: TRUTH.frame(truth),
        },
        figures=tuple(_figures(table, patients_of_level(rows, "tumour fraction"))),
        people=_people(cohort, main),
        notes=_notes(params, plasma, main, withheld, tests),
        methods=(
            "Two sets. All sampled patients: plasma that shows nothing has found nothing (the set of the "
            "non-inferiority "
            "test). Informative plasma only: its tumour DNA is shown. That is by a recorded tumour fraction of 1 % or "
            "more, "
            "copy number altered over 50 megabases or more, or a variant outside the genes of the status in question.",
            "Positive agreement of plasma with tissue by variant, patients as clusters (beta-binomial); statuses by "
            "patient "
            "with Clopper-Pearson limits. Non-inferiority: H0: agreement <= aim - margin, one-sided 2.5 %, all sampled "
            "patients; the aim is a performance goal, or what a second sample of the lesion finds in the same patients "
            "(variants against a goal: beta-binomial over patients; against "
            "repeat tissue: paired difference, patients as clusters; status: Tango's paired score, Stat Med "
            "1998;17:891).",
            "Latent class: two tests do not identify a truth (Pepe, Janes 2007). Sensitivities have Beta priors from "
            "the "
            "mean power of the samples, specificities one of 199 to 1; estimates are shown for a covariance given the "
            "truth "
            "of 0, 25 and 50 % of its largest value (Vacek 1985).",
        ),
    )


def _plasma(cohort: Cohort) -> pl.DataFrame:
    presence = cohort.presence
    flags = informative_plasma(presence, cohort.plasma_states)
    samples = presence.samples.join(flags, on="sample", how="left", maintain_order="left")
    return samples.filter(pl.col("material") == "plasma").select(
        "patient_id",
        "sample_id",
        "depth",
        "n_present",
        "is_informative",
        tumor_fraction="purity",
        tumor_fraction_low="purity_low",
        tumor_fraction_high="purity_high",
        basis="purity_basis",
    )


def _estimates(
    table: pl.DataFrame,
    plasma: pl.DataFrame,
    main: pl.DataFrame,
    tests: list[dict[str, Any]],
    truth: list[dict[str, Any]],
) -> tuple[Estimate, ...]:
    from oncourse.stats.agreement import share

    out = []
    for row in table.filter(pl.col("stratum") == "overall").iter_rows(named=True):
        ending = f"{row['set']}_{row['chip']}_chip"
        out.append(
            Estimate(
                f"ppa.{ending}",
                row["ppa"],
                row["ci_low"],
                row["ci_high"],
                row["n_tissue"],
                row["method"],
                "fraction",
            )
        )
        missed = row["n_tissue"] - row["n_found"]
        out.append(Estimate(f"missed_by_calls.{ending}", row["n_by_calls"], n=missed, unit="count"))
        out.append(
            Estimate(
                f"ppv.{ending}",
                row["ppv"],
                row["ppv_low"],
                row["ppv_high"],
                row["n_found"] + row["n_plasma_only"],
                row["ppv_method"],
                "fraction",
            )
        )
    used = plasma.filter(pl.col("sample_id").is_in(main["sample_b"].implode()))
    n, k = used.height, int(used["is_informative"].sum())
    interval = share(k, n)
    out.append(
        Estimate(
            "informative_plasma",
            k / n if n else None,
            float(interval.low),
            float(interval.high),
            n,
            "Clopper-Pearson",
            "fraction",
        )
    )
    out.append(
        Estimate(
            "n_patients", main["patient_id"].n_unique(), n=main["patient_id"].n_unique(), unit="count", question=BOTH
        )
    )
    for row in tests:
        if row["p_value"] is not None:
            out.append(Estimate(_test_name(row), row["p_value"], n=row["n_patients"], method=row["basis"]))
    for row in truth:
        if row["parameter"].startswith(("prevalence", "sensitivity")) and row["estimate"] is not None:
            name = f"latent.{row['parameter']}.dependence_{row['dependence']:g}".replace(" ", "_")
            out.append(
                Estimate(
                    name,
                    row["estimate"],
                    row["ci_low"],
                    row["ci_high"],
                    row["n_patients"],
                    f"latent class, {row['status']}, priors from power",
                    "fraction",
                )
            )
    return tuple(out)


def _test_name(row: dict[str, Any]) -> str:
    return f"noninferiority_p.{row['measure']}.{row['of']}.{row['comparator']}".replace(" ", "_")


def _headline(estimates: tuple[Estimate, ...], tests: list[dict[str, Any]]) -> Headline:
    """What blood shows of tissue, and whether it was shown to be enough."""
    by_name = {e.name: e for e in estimates}
    share, patients = by_name["ppa.all_without_chip"], int(by_name["n_patients"].value or 0)
    run = [row for row in tests if _test_name(row) in by_name]
    verdict = "untested" if not run else "within" if all(row["is_noninferior"] for row in run) else "not_within"
    by_calls = by_name["missed_by_calls.all_without_chip"]
    key, more = verdict, {}
    if by_calls.value:
        key, more = f"{verdict}_by_calls", {"assumed": int(by_calls.value), "missed": by_calls.n or 0}
    text = said(f"headline.tissue_blood.{key}", share=share, patients=patients, **more)
    light, reason = light_of(share, patients)
    if verdict == "untested" and light == "answered":
        light, reason = "uncertain", said("reason.no_margin")
    few = _few_patients(run)
    if few and light == "answered":
        light, reason = "uncertain", said("reason.few_patients", n=few)
    return unless_assumed(Headline(text, light, reason, share.name), by_calls.value, share.n)


def _few_patients(tests: list[dict[str, Any]]) -> int | None:
    """The patients of the smallest test over variants that would say "within", and does not of fewer than
    `EQUIVALENT_FROM`; None without one."""
    few = [t["n_patients"] for t in tests if t["is_noninferior"] is None and t["lower"] is not None]
    return min(few, default=None)


def _of_status(agreement: pl.DataFrame, status: str) -> list[Estimate]:
    """How blood agrees with tissue on one status: what a doctor asks who has the blood result alone."""
    mine = agreement.filter((pl.col("status") == status) & (pl.col("set") == "all"))
    if mine.is_empty():
        return []
    row = mine.row(0, named=True)
    n_of = {"ppa": row["n_both"] + row["n_a_only"], "npa": row["n_neither"] + row["n_b_only"]}
    shares = [
        Estimate(f"status_{of}", row[of], row[f"{of}_low"], row[f"{of}_high"], n, "Clopper-Pearson", "fraction")
        for of, n in n_of.items()
    ]
    counts = [
        Estimate(f"status_{of}", row[f"n_{of}"], n=sum(n_of.values()), unit="count")
        for of in ("not_assessable", "assumed")
    ]
    return shares + counts


def _status_words(estimates: tuple[Estimate, ...], status: str) -> str:
    known = {e.name: e.value for e in estimates if e.value is not None}
    text = ""
    if "status_ppa" in known:
        text += f" Of patients whose {status} was positive in tissue, blood was positive in {{status_ppa}}."
    if "status_npa" in known:
        text += f" Of patients whose {status} was negative in tissue, blood was negative in {{status_npa}}."
    if known.get("status_assumed"):
        text += " A negative was assumed, not measured, in {status_assumed:value} patients."
    if known.get("status_not_assessable"):
        text += f" {status} could not be judged in both samples of {{status_not_assessable:value}} patients."
    return text


def _answer(estimates: tuple[Estimate, ...], tests: list[dict[str, Any]], status: str) -> str:
    names = {e.name for e in estimates if e.value is not None}
    text = (
        "In {n_patients:value} patients with both, blood showed {ppa.all_without_chip} of the mutations of tissue. "
        "Of the plasma samples, {informative_plasma} held enough tumour DNA to judge"
    )
    if "ppa.informative_without_chip" in names:
        text += "; these showed {ppa.informative_without_chip} of the mutations they could have shown"
    text += "."
    if next(e.value for e in estimates if e.name == "missed_by_calls.all_without_chip"):
        text += (
            " Of the mutations that blood did not show, {missed_by_calls.all_without_chip:value} are by calls alone: "
            "their "
            "reads in blood were not counted."
        )
    text += _status_words(estimates, status)
    run = [row for row in tests if _test_name(row) in names]
    for row in run:
        verdict = "within" if row["is_noninferior"] else "not shown to be within"
        if row["is_noninferior"] is None:
            verdict = f"of fewer than {EQUIVALENT_FROM} patients not said to be within"
        what = {"ppa": "positive agreement", "npa": "negative agreement"}.get(row["measure"], row["measure"])
        text += (
            f" Equivalence of {what} ({row['of']}) with the {row['comparator']}: {verdict} the margin, "
            f"p = {{{_test_name(row)}:value}}."
        )
    if not run:
        text += " Equivalence with tissue was not tested, because no margin was set."
    return text


def _notes(
    params: TissueBloodParams,
    plasma: pl.DataFrame,
    main: pl.DataFrame,
    withheld: str | None,
    tests: list[dict[str, Any]],
) -> tuple[str, ...]:
    notes = ["Strata are exploratory; variants of one patient are not independent, and the limits allow for that."]
    few = _few_patients(tests)
    if few:
        notes.append(
            f"Equivalence over variants rests on {few} patients, and is not said: a kind of patient whose plasma shows "
            f"hardly anything may be missing from fewer than {EQUIVALENT_FROM}, and no interval allows for that."
        )
    if withheld:
        notes.append(f"Sensitivity against an unknown truth (latent class, {params.status}) is withheld: {withheld}.")
    else:
        notes.append(
            f"The latent-class estimates ({params.status}) rest on their priors as much as on the data, and range "
            f"over the "
            "dependence shown; agreement with tissue is what the data themselves say."
        )
    aims = (params.ppa0, params.npa0, params.repeat_tissue or None)
    if (params.margin is None) != all(aim is None for aim in aims):
        notes.append("The non-inferiority test needs a margin and an aim: ppa0, npa0 or repeat_tissue. It was not run.")
    if params.ppa0 is not None and not params.repeat_tissue:
        notes.append("ppa0 is a fixed performance goal, not the agreement of repeated tissue in these patients.")
    if main["days_between"].null_count() == main.height:
        notes.append("The days of the samples are not known: agreement by time between them cannot be shown.")
    guessed = plasma.filter(pl.col("basis") == "estimated").height
    if guessed:
        notes.append(f"The tumour fraction of {guessed} plasma samples was estimated from their variants.")
    return tuple(notes)


#: Question of the ledger.
BOTH = "tissue and plasma"


def _people(cohort: Cohort, main: pl.DataFrame) -> pl.DataFrame:
    samples = cohort.study["samples"].filter(is_tumour())
    have = samples.group_by("patient_id").agg(
        tissue=(pl.col("material") == "tissue").any(), plasma=(pl.col("material") == "plasma").any()
    )
    why = (
        pl.when(pl.col("tissue") & pl.col("plasma"))
        .then(pl.lit("tissue and plasma that make no pair"))
        .when("tissue")
        .then(pl.lit("no plasma sample"))
        .otherwise(pl.lit("no tissue sample"))
    )
    out = have.join(main, on="patient_id", how="anti").select("patient_id", why.alias("reason"))
    return counted(BOTH, cohort.study["patients"]["patient_id"], main, out, rest="no tumour sample")


def _figures(table: pl.DataFrame, people: dict[str, list[str]]) -> list[Figure]:
    from oncourse.derive.concordance.tissue_blood import FRACTION_BANDS
    from oncourse.plots.concordance import sensitivity_curve

    part = table.filter(
        (pl.col("stratum") == "tumour fraction") & (pl.col("set") == "all") & (pl.col("chip") == "without")
    )
    rows = {r["level"]: r for r in part.drop_nulls("ppa").iter_rows(named=True)}
    bins = [
        (
            word,
            r["ppa"],
            r["ci_low"] if r["ci_low"] is not None else float("nan"),
            r["ci_high"] if r["ci_high"] is not None else float("nan"),
            r["n_tissue"],
        )
        for _, _, word in FRACTION_BANDS
        if (r := rows.get(word)) is not None
    ]
    if not bins:
        return []
    return [
        Figure(
            "sensitivity",
            "Sensitivity and tumour fraction",
            "Share of tissue mutations found in plasma by the plasma's tumour "
            "fraction, all patients, clonal haematopoiesis left out.",
            partial(sensitivity_curve, bins, [people[b[0]] for b in bins], xlabel="tumour fraction"),
        )
    ]
