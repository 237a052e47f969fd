"""Checks of what endpoints are made of: target lesions, PSA, assessments, follow-up, lines and the order of days."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oncourse.study.castrate import castration_checks
from oncourse.study.checks_follow_up import after_death, follow_up_checks, signs_of_life, without_setting
from oncourse.study.checks_labs import lab_checks
from oncourse.study.checks_targets import local_treatments, target_checks
from oncourse.study.schema import WARNING, Problem, Rule, broken, problems_where
from oncourse.study.tables import TABLES

RESPONSES = (
    "CR",
    "PR",
    "SD",
    "NON-CR/NON-PD",
    "PD",
    "NE",
    "ND",
    "NED",
    "PDU",
    "NON-PD",
    "ICR",
    "IPR",
    "ISD",
    "IUPD",
    "ICPD",
    "NON-ICR/NON-IUPD",
    "COMPLETE RESPONSE",
    "PARTIAL RESPONSE",
    "STABLE DISEASE",
    "STABLE",
    "PROGRESSIVE DISEASE",
    "PROGRESSION",
    "PROGRESSED",
    "NOT EVALUABLE",
    "INEVALUABLE",
    "UNEVALUABLE",
    "NONCR/NONPD",
    "NON CR/NON PD",
    "NN",
    "NOT DONE",
    "UNK",
    "NO EVIDENCE OF DISEASE",
)


def endpoint_checks(tables: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """Return the problems of the typed tables that endpoints rest on; every table may be absent."""

    def get(name: str) -> pl.DataFrame:
        return TABLES[name].conform(tables[name]) if name in tables else TABLES[name].empty()

    follow, treated, lesions = get("follow_up"), get("treatments"), get("lesions")
    targets, assessed, labs = get("target_lesions"), get("assessments"), get("labs")
    procedures = get("procedures")
    found = target_checks(targets, treated, lesions, assessed) + local_treatments(procedures, targets)
    found += lab_checks(labs) + _assessments(assessed) + follow_up_checks(follow, lesions, treated)
    found += castration_checks(labs, treated)
    found += _readers("assessments", assessed, "method") + _readers("target_lesions", targets, "lesion_id")
    found += without_setting(treated, procedures, lesions, follow)
    seen = {"labs": labs, "target_lesions": targets, "assessments": assessed}
    for name, frame in seen.items():
        found += after_death(name, frame, follow) + _unsorted(name, frame)
    dated = {"samples": get("samples"), "procedures": procedures, "markers": get("markers")}
    found += signs_of_life(follow, seen | dated, get("partial_dates"))
    return found


def _assessments(rows: pl.DataFrame) -> list[Problem]:
    if rows.is_empty():
        return []
    word = pl.col("overall").str.strip_chars().str.to_uppercase()
    rules = [
        Rule(
            word.is_not_null() & ~word.is_in(RESPONSES),
            "overall",
            "'{value}' is no response: taken as not evaluable.",
            "Write CR, PR, SD, NON-CR/NON-PD, PD or NE.",
            WARNING,
        )
    ]
    new = pl.col("new_bone_lesions").fill_null(0)
    rules += [
        Rule(
            (new > 0) & (pl.col("new_lesions") == "no"),
            "new_bone_lesions",
            "{value} new bone lesions, but new_lesions is no.",
            "Correct one of the two; bone is judged by the count.",
            WARNING,
        )
    ]
    both = (pl.col("overall").str.to_uppercase() != "PD") & (
        (pl.col("non_target") == "PD") | (pl.col("new_lesions") == "yes")
    )
    rules += [
        Rule(
            both.fill_null(False),
            "overall",
            "reported {value}, though non-target progression or a new lesion is recorded: that is PD.",
            "Correct the row, or keep it: derived and reported responses are compared in the report.",
            WARNING,
        )
    ]
    return broken("assessments", rows, rules)


def _readers(name: str, rows: pl.DataFrame, of: str) -> list[Problem]:
    """Readings of one scan of which some name who read it and others do not: nobody knows whose these are."""
    if rows["evaluator"].null_count() in (0, rows.height):
        return []
    named = pl.col("evaluator").is_not_null()
    mixed = ~named & named.any().over("patient_id", "day", of)
    return problems_where(
        name,
        rows,
        mixed,
        "evaluator",
        "names no reader, beside a reading of the same scan that does: both are taken for one.",
        "Name the reader of each row; imaging.evaluator says whose are used.",
        WARNING,
    )


def _unsorted(name: str, rows: pl.DataFrame) -> list[Problem]:
    """Visits of one patient out of order; several analytes or lesions of one day are in order."""
    if rows.is_empty():
        return []
    groups = {
        "labs": ["patient_id", "analyte"],
        "target_lesions": ["patient_id", "lesion_id", "evaluator"],
        "assessments": ["patient_id", "method", "evaluator"],
    }[name]
    behind = pl.col("day") < pl.col("day").shift(1).over(groups)
    n = rows.select(behind.fill_null(False).sum()).item()
    if not n:
        return []
    first = rows.select(behind.fill_null(False)).to_series().arg_true()[0]
    return [
        Problem(
            name,
            int(first) + 2,
            "day",
            str(rows["day"][int(first)]),
            f"{n:,} row{'s are' if n > 1 else ' is'} out of order; here the first.",
            "Days are sorted on reading; check that none is mistyped.",
            WARNING,
            str(rows["patient_id"][int(first)]),
        )
    ]
