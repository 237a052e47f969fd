"""Covariates that are the compared treatment under another name: they tell arms apart and explain no choice of them."""

from __future__ import annotations

import re
from collections import Counter

import polars as pl

#: Words of names of columns that say which treatment was given or drawn (our list, from memory).
ARM_WORDS = frozenset(
    {
        "arm",
        "arms",
        "treatment",
        "treatments",
        "treat",
        "treated",
        "trt",
        "trta",
        "trtp",
        "trt01a",
        "trt01p",
        "actarm",
        "actarmcd",
        "armcd",
        "therapy",
        "regimen",
        "regimens",
        "drug",
        "drugs",
        "allocation",
        "allocated",
        "randomisation",
        "randomization",
        "randomised",
        "randomized",
        "rand",
        "rx",
    }
)
#: Words beside them that change nothing; any other (prior, naive, centre, response ...) makes it another column.
_NEUTRAL = frozenset(
    {
        "actual",
        "planned",
        "assigned",
        "assignment",
        "received",
        "given",
        "study",
        "trial",
        "group",
        "code",
        "cd",
        "name",
        "id",
        "no",
        "type",
        "label",
        "to",
        "of",
        "the",
    }
)
_ALONE = frozenset({"group", "treatment group", "study group", "trial group"})
_CHINESE = re.compile(
    "(?:研究|试验|实际|计划|随机|入组)*(?:治疗|用药)*(?:方案|药物|治疗|用药|分组|组别)(?:名称|编号|代码)?"
)
#: Patients whose arm the column's values tell, from which on it is the arm; most values such a column has.
SAME, MOST_VALUES = 0.95, 12


def names_arm(name: str) -> bool:
    """Whether a column's name says that it holds the treatment given or drawn.

    >>> names_arm("treatment"), names_arm("actual_arm_code"), names_arm("trt01p"), names_arm("治疗方案")
    (True, True, True, True)
    >>> names_arm("prior_treatment"), names_arm("treatment_centre"), names_arm("risk_group"), names_arm("既往治疗")
    (False, False, False, False)
    """
    words = re.findall(r"[a-z]+[0-9]+[a-z]+|[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
    if _CHINESE.fullmatch(name.strip()) or " ".join(words) in _ALONE:
        return True
    return bool(ARM_WORDS & set(words)) and set(words) <= ARM_WORDS | _NEUTRAL


def recorded_arms(patients: pl.DataFrame) -> dict[str, str]:
    """Return column -> ``category`` of the columns of patients that say which treatment each was given or drawn for.

    Named as an arm, with two to `MOST_VALUES` different values.
    """
    return {
        name: "category"
        for name in patients.columns
        if names_arm(name) and 2 <= patients[name].drop_nulls().n_unique() <= MOST_VALUES
    }


def arm_columns(values: pl.DataFrame, treated: pl.Series) -> dict[str, str]:
    """Return column -> reason of the columns (0/1 columns ``name=value`` of one covariate together) that are the arm.

    values : model columns of the patients of two arms, NaN = not known; treated : (n,) bool. Named as an arm and
    telling the arm of `SAME` of the patients with a value. A finding by which a treatment is chosen (RAS) is never one,
    however well it tells the arms: the comparison is then refused instead.
    """
    parts: dict[str, list[str]] = {}
    for name in values.columns:
        if names_arm(name.partition("=")[0]):
            parts.setdefault(name.partition("=")[0], []).append(name)
    return {
        name: "says which treatment was given"
        for names in parts.values()
        if _tells(values.select(names), treated)
        for name in names
    }


def _tells(values: pl.DataFrame, treated: pl.Series) -> bool:
    arms: dict[tuple[float, ...], Counter[bool]] = {}
    for row, arm in zip(values.iter_rows(), treated.to_list(), strict=True):
        if all(v is not None and v == v for v in row):
            arms.setdefault(row, Counter())[arm] += 1
    known = sum(c.total() for c in arms.values())
    both = {max(c, key=lambda arm: c[arm]) for c in arms.values()}
    return len(both) == 2 and len(arms) <= MOST_VALUES and sum(max(c.values()) for c in arms.values()) >= SAME * known
