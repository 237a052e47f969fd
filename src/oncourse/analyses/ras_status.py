"""RAS and other actionable statuses: does the metastasis, or the blood, say the same as the primary?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, cannot, part, rated, two_sides, unless_assumed
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.concordance.pairs import COMPARISONS
from oncourse.derive.concordance.status_tables import (
    FLIP_COLUMNS,
    STATUS_COLUMNS,
    flips,
    state_among_all,
    status_table,
)
from oncourse.derive.status.columns import PATIENT_COLUMNS
from oncourse.derive.status.columns import STATUS_COLUMNS as SAMPLE_COLUMNS
from oncourse.errors import NotEnoughData
from oncourse.facts.statuses import statuses_of
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said

STATUSES = OutputTable(
    "ras_status/statuses",
    "agreement of actionable statuses",
    tuple(Column(n, d, t) for n, d, t in STATUS_COLUMNS),
)
FLIPS = OutputTable(
    "ras_status/flips",
    "patients whose status differs between two samples",
    tuple(Column(n, d, t) for n, d, t in FLIP_COLUMNS),
)
SAMPLES = OutputTable(
    "ras_status/samples",
    "the status of every tumour sample, and of every record without one",
    tuple(Column(n, d, t) for n, d, t in SAMPLE_COLUMNS),
)
PATIENTS = OutputTable(
    "ras_status/patients",
    "the status of every patient, as pages say it",
    tuple(Column(n, d, t) for n, d, t in PATIENT_COLUMNS),
)


@section("ras_status")
@dataclass(frozen=True)
class RasStatusParams:
    """Which status leads."""

    status: str = setting("RAS", "status that the answer is about; the others are in the tables")


@analysis(
    title="RAS and other actionable statuses by sample",
    question="Is the RAS status (and every other actionable status) the same in both samples of a patient?",
    needs=("calls", "samples"),
    params=RasStatusParams,
    tables=(STATUSES, FLIPS, SAMPLES, PATIENTS),
    order=32,
)
def ras_status(cohort: Cohort, params: RasStatusParams) -> Result:
    """Compare actionable statuses over each patient's main pairs."""
    if cohort.pairs.pairs.is_empty():
        raise NotEnoughData("no patient has two tumour samples that can be compared.")
    statuses = statuses_of(cohort.study.config.statuses)
    if params.status not in {s.name for s in statuses}:
        raise NotEnoughData(
            f"no status is called '{params.status}'; known: {', '.join(s.name for s in statuses)} (study.yaml: "
            f"statuses)."
        )
    two = cohort.status_pairs
    table = status_table(two)
    estimates = _estimates(table, params.status)
    estimates, of_two = _with_two_tumours(estimates, table, two, params.status)
    return Result(
        answer=_answer(table, estimates, params.status) + of_two,
        headline=_headline(table, estimates, params.status),
        estimates=estimates,
        tables={
            STATUSES.name: STATUSES.frame(table),
            FLIPS.name: FLIPS.frame(flips(two, statuses)),
            SAMPLES.name: SAMPLES.frame(cohort.statuses),
            PATIENTS.name: PATIENTS.frame(cohort.patient_statuses),
        },
        figures=tuple(_figures(table, two)),
        people=_people(cohort, two, params.status),
        notes=_notes(table, params.status),
        methods=(
            "RAS: KRAS and NRAS codons 12, 13, 59, 61, 117, 146; PIK3CA: hotspot codons. A negative is measured where "
            "reads "
            "at the codons give the power, assumed where the gene was on the panel and nothing more is known, and not "
            "assessable elsewhere. An altering variant whose codon is not known makes the status not assessable.",
            "Positive, negative and overall percent agreement with Clopper-Pearson limits (FDA 2007: no reference); "
            "Cohen's kappa and Gwet's AC1 with Bayesian limits; exact McNemar test. A zero keeps its exact upper "
            "limit.",
        ),
    )


def _name(row: dict[str, object], what: str) -> str:
    ending = "" if row["set"] == "all" else "_informative"
    return f"{what}.{row['status']}.{str(row['comparison']).replace(' ', '_')}{ending}"


def _estimates(table: pl.DataFrame, status: str) -> tuple[Estimate, ...]:
    out = []
    for row in table.iter_rows(named=True):
        n = row["n_both"] + row["n_a_only"] + row["n_b_only"] + row["n_neither"]
        mine = row["status"] == status and row["set"] == "all"
        who = _question(status, row["comparison"]) if mine else ""
        for what, count in (
            ("discordance", n),
            ("opa", n),
            ("ppa", row["n_both"] + row["n_a_only"]),
            ("npa", row["n_b_only"] + row["n_neither"]),
            ("ppv", row["n_both"] + row["n_b_only"]),
            ("kappa", n),
            ("ac1", n),
        ):
            method = {"kappa": "Cohen; Bayesian limits", "ac1": "Gwet 2008; Bayesian limits"}.get(
                what, "Clopper-Pearson"
            )
            unit = "score" if what in ("kappa", "ac1") else "fraction"
            out.append(
                Estimate(
                    _name(row, what),
                    row[what],
                    row[f"{what}_low"],
                    row[f"{what}_high"],
                    count,
                    method,
                    unit,
                    who if what in ("discordance", "opa", "kappa", "ac1") else "",
                )
            )
        out.append(
            Estimate(_name(row, "n_discordant"), row["n_a_only"] + row["n_b_only"], n=n, unit="count", question=who)
        )
        out.append(
            Estimate(
                _name(row, "n_not_assessable"),
                row["n_not_assessable"],
                n=n + row["n_not_assessable"],
                unit="count",
            )
        )
        out.append(Estimate(_name(row, "n_assumed"), row["n_assumed"], n=n, unit="count"))
    return tuple(out)


def _with_two_tumours(
    estimates: tuple[Estimate, ...], table: pl.DataFrame, two: pl.DataFrame, status: str
) -> tuple[tuple[Estimate, ...], str]:
    """The estimates, and what the answer would be with the pairs of two tumours; empty where there is none."""
    row = _first(table, status)
    left = two.filter(pl.col("is_main") & pl.col("of_two") & (pl.col("status") == status))
    n = 0 if row is None else left.filter(pl.col("comparison") == row["comparison"]).height
    if row is None or not n:
        return estimates, ""
    name = _name(row, "discordance")
    everyone = {e.name: e for e in _estimates(status_table(two.with_columns(of_two=pl.lit(False))), status)}
    more = replace(everyone[name], name=f"{name}.with_two_tumours", question="")
    left_out = f" Left out: {n} patients whose two samples are of two tumours; "
    return (*estimates, more), f"{left_out}with them the difference would be {{{more.name}}}."


def _first(table: pl.DataFrame, status: str) -> dict[str, object] | None:
    """The row that the answer is about: all patients of the first comparison in which the status could be judged."""
    mine = table.filter((pl.col("status") == status) & (pl.col("set") == "all") & pl.col("discordance").is_not_null())
    rows = {row["comparison"]: row for row in mine.iter_rows(named=True)}
    return next((rows[c] for c in COMPARISONS if c in rows), None)


def _headline(table: pl.DataFrame, estimates: tuple[Estimate, ...], status: str) -> Headline:
    row = _first(table, status)
    if row is None:
        return _without_share(table, status)
    by_name = {e.name: e for e in estimates}
    share, k = by_name[_name(row, "discordance")], int(by_name[_name(row, "n_discordant")].value or 0)
    a, b = two_sides(str(row["comparison"]))
    if share.n == 1:
        key, more = ("one_differs" if k else "one_same"), {}
    else:
        key, more = ("differs" if k else "same"), {"share": share, "patients": share.n} | ({"k": k} if k else {})
    assumed = part("headline.ras_status.assumed", int(by_name[_name(row, "n_assumed")].value or 0))
    text = said(f"headline.ras_status.{key}", status=status, a=a, b=b, assumed=assumed, **more)
    return unless_assumed(rated(text, share, share.name), by_name[_name(row, "n_assumed")].value, share.n)


def _without_share(table: pl.DataFrame, status: str) -> Headline:
    """What is said where no share is given: that nobody was judged in both samples, or how many were, in whom too many
    others could only be judged where they are positive."""
    seen = pl.col("n_both") + pl.col("n_a_only") + pl.col("n_b_only") > 0
    mine = table.filter((pl.col("status") == status) & (pl.col("set") == "all") & seen)
    rows = {row["comparison"]: row for row in mine.iter_rows(named=True)}
    row = next((rows[c] for c in COMPARISONS if c in rows), None)
    if row is None:
        return cannot(said("headline.ras_status.none", status=status), said("reason.no_value"))
    a, b = two_sides(row["comparison"])
    numbers = {"both": row["n_both"], "one": row["n_a_only"] + row["n_b_only"], "unclear": row["n_not_assessable"]}
    return cannot(said("headline.ras_status.no_share", status=status, a=a, b=b, **numbers), said("reason.no_value"))


def _answer(table: pl.DataFrame, estimates: tuple[Estimate, ...], status: str) -> str:
    row = _first(table, status)
    text = _headline(table, estimates, status).text.text()
    if row is None:
        return text
    return (
        f"{text} Patients whose {status} could not be judged in both samples: "
        f"{{{_name(row, 'n_not_assessable')}:value}}. "
        f"Patients in whom a negative was assumed, not measured: {{{_name(row, 'n_assumed')}:value}}."
    )


def _question(status: str, comparison: str) -> str:
    return f"{status}: {comparison}"


def _people(cohort: Cohort, two: pl.DataFrame, status: str) -> pl.DataFrame:
    """Per comparison the patients whose main pair was judged in both samples."""
    everyone = cohort.study["patients"]["patient_id"]
    main = two.filter((pl.col("status") == status) & pl.col("is_main")).with_columns(state_b=state_among_all())
    sides = [pl.when(pl.col(f"state_{s}") == "not_assessable").then(f"sample_{s}") for s in "ab"]
    rows = main.with_columns(_unclear=pl.concat_list(sides).list.drop_nulls().list.join(", "))
    parts = []
    for comparison in [c for c in COMPARISONS if c in set(main["comparison"])] or COMPARISONS[:1]:
        mine = rows.filter(pl.col("comparison") == comparison)
        unclear = pl.format("{} not assessable in {}", pl.lit(status), "_unclear")
        why = pl.when("of_two").then(pl.lit("the two samples are of two tumours")).otherwise(unclear)
        out = mine.filter(pl.col("of_two") | (pl.col("_unclear") != "")).select("patient_id", reason=why)
        inside = mine.filter(~pl.col("of_two") & (pl.col("_unclear") == ""))
        parts.append(
            counted(_question(status, comparison), everyone, inside, out, rest=f"no two samples: {comparison}")
        )
    return ledger(parts)


def _notes(table: pl.DataFrame, status: str) -> tuple[str, ...]:
    notes = ["A difference is a prompt to look again at the samples, not a treatment decision."]
    assumed = table.filter((pl.col("status") == status) & (pl.col("set") == "all"))["n_assumed"].sum()
    mine = table.filter((pl.col("status") == status) & (pl.col("set") == "all") & pl.col("discordance").is_null())
    for row in mine.filter(pl.col("n_both") + pl.col("n_a_only") + pl.col("n_b_only") > 0).iter_rows(named=True):
        notes.append(
            f"{status}, {row['comparison']}: one of the two samples could only be judged where it was positive, so no "
            f"agreement is given (positive in both: {row['n_both']}; not judged: {row['n_not_assessable']})."
        )
    if assumed:
        notes.append(
            "Assumed negatives: the gene was on the panel, but the reads at its codons are not in the data (table "
            "coverage)."
        )
    return tuple(notes)


def _judged(two: pl.DataFrame) -> dict[str, str]:
    """Per question the patients whose main pair was judged in both samples, joined by ;."""
    main = two.filter(pl.col("is_main") & ~pl.col("of_two")).with_columns(state_b=state_among_all())
    both = main.filter((pl.col("state_a") != "not_assessable") & (pl.col("state_b") != "not_assessable"))
    rows = both.group_by("status", "comparison").agg(pl.col("patient_id").unique().sort().str.join(";"))
    return {_question(status, comparison): people for status, comparison, people in rows.iter_rows()}


def _figures(table: pl.DataFrame, two: pl.DataFrame) -> list[Figure]:
    from oncourse.plots.concordance import forest

    shown = table.filter(
        (pl.col("set") == "all") & pl.col("opa").is_not_null() & (pl.col("comparison") != "within lesion")
    )
    if shown.is_empty():
        return []
    numbers = [shown[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in ("opa", "opa_low", "opa_high")]
    labels = [f"{r['status']}: {r['comparison']}" for r in shown.iter_rows(named=True)]
    notes = [
        f"{r['n_both'] + r['n_neither']}/{r['n_both'] + r['n_neither'] + r['n_a_only'] + r['n_b_only']}"
        for r in shown.iter_rows(named=True)
    ]
    judged = _judged(two)
    people = [judged.get(label, "") for label in labels]
    value, low, high = numbers
    drawing = partial(forest, labels, value, low, high, notes, xlabel="overall agreement", people=people)
    return [
        Figure("agreement", "Agreement of statuses", "Patients whose two samples agree, with exact limits.", drawing)
    ]
