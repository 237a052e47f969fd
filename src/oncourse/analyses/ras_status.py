"""RAS and other actionable statuses: does the metastasis, or the blood, say the same as the primary?"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, exclusions
from oncourse.cohort import Cohort
from oncourse.derive.concordance.informative import informative_by_status, with_rows
from oncourse.derive.concordance.pairs import COMPARISONS
from oncourse.derive.concordance.status_tables import (
    FLIP_COLUMNS,
    STATUS_COLUMNS,
    flips,
    status_pairs,
    status_table,
)
from oncourse.derive.status.columns import PATIENT_COLUMNS
from oncourse.derive.status.columns import STATUS_COLUMNS as SAMPLE_COLUMNS
from oncourse.errors import NotEnoughData
from oncourse.facts.statuses import statuses_of
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting

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
class Params:
    """Which status leads."""

    status: str = setting("RAS", "status that the answer is about; the others are in the tables")


@analysis(
    title="RAS and other actionable statuses by sample",
    question="Is the RAS status (and every other actionable status) the same in both samples of a patient?",
    needs=("calls", "samples"),
    params=Params,
    tables=(STATUSES, FLIPS, SAMPLES, PATIENTS),
    order=32,
)
def ras_status(cohort: Cohort, params: Params) -> Result:
    """Compare actionable statuses over each patient's main pairs."""
    pairs, presence = cohort.pairs.pairs, cohort.presence
    if pairs.is_empty():
        raise NotEnoughData("no patient has two tumour samples that can be compared.")
    statuses = statuses_of(cohort.study.config.statuses)
    if params.status not in {s.name for s in statuses}:
        raise NotEnoughData(
            f"no status is called '{params.status}'; known: {', '.join(s.name for s in statuses)} (study.yaml: statuses)."
        )
    states = with_rows(cohort.statuses, presence)
    two = status_pairs(pairs, states, informative_by_status(presence, statuses))
    table = status_table(two)
    estimates = _estimates(table)
    return Result(
        answer=_answer(table, params.status),
        estimates=estimates,
        tables={
            STATUSES.name: STATUSES.frame(table), FLIPS.name: FLIPS.frame(flips(two, statuses)),
            SAMPLES.name: SAMPLES.frame(cohort.statuses),
            PATIENTS.name: PATIENTS.frame(cohort.patient_statuses),
        },
        figures=tuple(_figures(table)),
        excluded=_excluded(two, params.status),
        notes=_notes(table, params.status),
        methods=(
            "RAS: KRAS and NRAS codons 12, 13, 59, 61, 117, 146; PIK3CA: hotspot codons. A negative is measured where reads "
            "at the codons give the power, assumed where the gene was on the panel and nothing more is known, and not "
            "assessable elsewhere. An altering variant whose codon is not known makes the status not assessable.",
            "Positive, negative and overall percent agreement with Clopper-Pearson limits (FDA 2007: no reference); "
            "Cohen's kappa and Gwet's AC1 with Bayesian limits; exact McNemar test. A zero keeps its exact upper limit.",
        ),
    )  # fmt: skip


def _name(row: dict[str, object], what: str) -> str:
    ending = "" if row["set"] == "all" else "_informative"
    return f"{what}.{row['status']}.{str(row['comparison']).replace(' ', '_')}{ending}"


def _estimates(table: pl.DataFrame) -> tuple[Estimate, ...]:
    out = []
    for row in table.iter_rows(named=True):
        n = row["n_both"] + row["n_a_only"] + row["n_b_only"] + row["n_neither"]
        for what, count in (
            ("discordance", n), ("opa", n), ("ppa", row["n_both"] + row["n_a_only"]),
            ("npa", row["n_b_only"] + row["n_neither"]),
            ("ppv", row["n_both"] + row["n_b_only"]), ("kappa", n), ("ac1", n),
        ):  # fmt: skip
            method = {"kappa": "Cohen; Bayesian limits", "ac1": "Gwet 2008; Bayesian limits"}.get(what, "Clopper-Pearson")
            unit = "score" if what in ("kappa", "ac1") else "fraction"
            out.append(
                Estimate(
                    _name(row, what), row[what], row[f"{what}_low"], row[f"{what}_high"], count, method, unit
                )
            )
        out.append(Estimate(_name(row, "n_discordant"), row["n_a_only"] + row["n_b_only"], n=n, unit="count"))
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


def _answer(table: pl.DataFrame, status: str) -> str:
    for comparison in COMPARISONS:
        row = table.filter(
            (pl.col("status") == status) & (pl.col("comparison") == comparison) & (pl.col("set") == "all")
        )
        if row.is_empty() or row["discordance"][0] is None:
            continue
        first = row.row(0, named=True)
        return (
            f"{status} differs between the two samples ({comparison}) in {{{_name(first, 'discordance')}}} of the patients "
            f"judged. Patients discordant: {{{_name(first, 'n_discordant')}:value}}; not assessable: "
            f"{{{_name(first, 'n_not_assessable')}:value}}; judged on an assumed negative: "
            f"{{{_name(first, 'n_assumed')}:value}}."
        )
    return f"The {status} status could not be judged in both samples of any patient."


def _excluded(two: pl.DataFrame, status: str) -> pl.DataFrame:
    rows = []
    unknown = (pl.col("state_a") == "not_assessable") | (pl.col("state_b") == "not_assessable")
    for row in two.filter((pl.col("status") == status) & unknown & pl.col("is_main")).iter_rows(named=True):
        for side in ("a", "b"):
            if row[f"state_{side}"] == "not_assessable":
                rows.append(
                    (
                        row["patient_id"],
                        row[f"sample_{side}"],
                        f"{status} not assessable ({row['comparison']})",
                    )
                )
    return exclusions(rows)


def _notes(table: pl.DataFrame, status: str) -> tuple[str, ...]:
    notes = ["A difference is a prompt to look again at the samples, not a treatment decision."]
    assumed = table.filter((pl.col("status") == status) & (pl.col("set") == "all"))["n_assumed"].sum()
    if assumed:
        notes.append(
            "Assumed negatives: the gene was on the panel, but the reads at its codons are not in the data (table coverage)."
        )
    return tuple(notes)


def _figures(table: pl.DataFrame) -> list[Figure]:
    from oncourse.plots.concordance import forest

    shown = table.filter(
        (pl.col("set") == "all") & pl.col("opa").is_not_null() & (pl.col("comparison") != "within lesion")
    )
    if shown.is_empty():
        return []
    numbers = [
        shown[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in ("opa", "opa_low", "opa_high")
    ]
    labels = [f"{r['status']}: {r['comparison']}" for r in shown.iter_rows(named=True)]
    notes = [
        f"{r['n_both'] + r['n_neither']}/{r['n_both'] + r['n_neither'] + r['n_a_only'] + r['n_b_only']}"
        for r in shown.iter_rows(named=True)
    ]
    svg = forest(labels, numbers[0], numbers[1], numbers[2], notes, xlabel="overall agreement")
    return [
        Figure(
            "agreement", "Agreement of statuses", "Patients whose two samples agree, with exact limits.", svg
        )
    ]
