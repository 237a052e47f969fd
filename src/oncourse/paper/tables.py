"""The tables of the answers: which rows and columns of the results a manuscript shows, as a journal writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate
from oncourse.analyses._headline import feature_words
from oncourse.analyses._treatment_choice import arm_name
from oncourse.analyses._treatment_words import in_words
from oncourse.words.catalogue import catalogue
from oncourse.words.numbers import bare, limits, shown
from oncourse.words.phrases import translator

#: Rows of a table in the manuscript; the whole table is in the results.
ROWS_SHOWN = 25
#: What stands in a cell that nothing is known for.
NOTHING = "-"
#: The unit of each kind of effect of `treatment/comparison`.
_EFFECTS = {"hazard_ratio": "ratio", "rmst_difference": "days", "milestone_difference": "fraction"}


@dataclass(frozen=True)
class Shown:
    """What the paper shows of one table of the results.

    Attributes
    ----------
    table : name in the results
    columns : head (`paper.head.NAME` of the catalogue), kind of cell (`_CELLS`), columns it is made of
    keep : column -> beginnings of the values shown, in the order shown
    prefer : column -> values of which the first that occurs is shown
    first : rows with the greatest of these sums of columns come first, groups of the first column together
    sort : columns by which the rows stand, ``-name`` from the greatest
    by_line : a table by line of therapy: rows without a line come first, the time before the first line is left out
    caution : column whose texts stand below the table
    """

    table: str
    columns: tuple[tuple[str, str, tuple[str, ...]], ...]
    keep: Mapping[str, tuple[str, ...]] | None = None
    prefer: Mapping[str, tuple[str, ...]] | None = None
    first: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    by_line: bool = False
    caution: str = ""


_CI = ("ci_low", "ci_high")
#: analysis -> what the paper shows of it.
SHOWN: Mapping[str, Shown] = {
    "landscape": Shown(
        "landscape/genes",
        (
            ("gene", "name", ("gene",)),
            ("altered", "of", ("n_altered", "n_profiled")),
            ("share", "share", ("frequency", *_CI, "n_profiled")),
        ),
    ),
    "concordance": Shown(
        "concordance/summary",
        (
            ("comparison", "text", ("comparison",)),
            ("measure", "text", ("estimand",)),
            ("patients", "count", ("n_patients",)),
            ("mutations", "count", ("n_variants",)),
            ("share", "share", ("estimate", *_CI, "n_patients")),
        ),
        keep={
            "estimand": (
                "shared_fraction_assessable",
                "shared_fraction_called",
                "shared_fraction_latent",
                "not_assessable_fraction",
            )
        },
        prefer={"set": ("all",), "chip": ("without", "with")},
    ),
    "ras_status": Shown(
        "ras_status/statuses",
        (
            ("status", "text", ("status",)),
            ("comparison", "text", ("comparison",)),
            ("both", "count", ("n_both",)),
            ("first_only", "count", ("n_a_only",)),
            ("second_only", "count", ("n_b_only",)),
            ("neither", "count", ("n_neither",)),
            ("assumed", "count", ("n_assumed",)),
            ("not_assessable", "count", ("n_not_assessable",)),
            ("differ", "share", ("discordance", "discordance_low", "discordance_high", "n_both")),
        ),
        prefer={"set": ("all",)},
        first=("n_both", "n_a_only", "n_b_only"),
    ),
    "tissue_blood": Shown(
        "tissue_blood/variants",
        (
            ("stratum", "text", ("stratum",)),
            ("level", "text", ("level",)),
            ("patients", "count", ("n_patients",)),
            ("found", "of", ("n_found", "n_tissue")),
            ("share", "share", ("ppa", *_CI, "n_patients")),
        ),
        prefer={"set": ("all",), "chip": ("without", "with")},
    ),
    "survival": Shown(
        "survival/medians",
        (
            ("endpoint", "text", ("endpoint",)),
            ("patients", "count", ("n",)),
            ("events", "count", ("n_event",)),
            ("median_months", "months", ("median_months", *_CI, "n")),
        ),
        prefer={"method": ("kaplan_meier",)},
    ),
    "endpoints": Shown(
        "endpoints/summary",
        (
            ("endpoint", "text", ("endpoint",)),
            ("line", "line", ("line",)),
            ("patients", "count", ("n",)),
            ("events", "count", ("n_event",)),
            ("median_days", "days", ("median_days", *_CI, "n")),
        ),
        by_line=True,
    ),
    "imaging": Shown(
        "endpoints/response_counts",
        (
            ("line", "line", ("line",)),
            ("response", "text", ("response",)),
            ("patients", "count", ("n",)),
            ("share", "share", ("fraction",)),
        ),
        prefer={"confirmation": ("true",)},
        by_line=True,
    ),
    "psa_response": Shown(
        "endpoints/psa_by_line",
        (
            ("line", "line", ("line",)),
            ("measure", "text", ("measure",)),
            ("responded", "of", ("n_response", "n")),
            ("share", "share", ("fraction", *_CI, "n")),
        ),
        by_line=True,
    ),
    "evolution": Shown(
        "evolution/seeding",
        (
            ("patient", "name", ("patient_id",)),
            ("lesion", "name", ("lesion_id",)),
            ("source", "name", ("source",)),
            ("founded_by", "text", ("clonality",)),
            ("probability", "number", ("probability",)),
            ("left_primary", "text", ("divergence",)),
        ),
    ),
    "recurrence": Shown(
        "recurrence/incidence",
        (
            ("months", "number", ("months",)),
            ("measure", "text", ("measure",)),
            ("share", "share", ("estimate", *_CI, "n_risk")),
            ("at_risk", "count", ("n_risk",)),
        ),
    ),
    "biomarkers": Shown(
        "biomarkers/scan",
        (
            ("finding", "feature", ("feature",)),
            ("endpoint", "text", ("endpoint",)),
            ("named_before", "yes", ("is_prespecified",)),
            ("altered", "of", ("n_altered", "n")),
            ("events", "count", ("n_event",)),
            ("hazard_ratio", "ratio", ("hazard_ratio", *_CI, "n")),
            (
                "adjusted_hazard_ratio",
                "ratio",
                ("adjusted_hazard_ratio", "adjusted_ci_low", "adjusted_ci_high", "n"),
            ),
            ("q_value", "number", ("q_value",)),
        ),
        sort=("-is_prespecified", "p_value", "feature", "endpoint"),
    ),
    "prediction": Shown(
        "prediction/performance",
        (
            ("model", "text", ("model",)),
            ("measure", "text", ("metric",)),
            ("apparent", "ratio", ("apparent",)),
            ("corrected", "ratio", ("corrected", *_CI, "n")),
        ),
        keep={"metric": ("auc_", "brier_", "ipa_", "calibration_slope")},
    ),
    "treatment": Shown(
        "treatment/comparison",
        (
            ("endpoint", "text", ("endpoint",)),
            ("line", "line", ("line",)),
            ("arms", "arms", ("arm", "reference")),
            ("patients", "sum", ("n_arm", "n_reference")),
            ("events", "sum", ("n_event_arm", "n_event_reference")),
            ("method", "text", ("method",)),
            ("measure", "text", ("estimate_name",)),
            ("effect", "effect", ("estimate", *_CI, "n_arm")),
        ),
        caution="warning",
    ),
    "monitoring": Shown(
        "monitoring/emergence_rates",
        (
            ("drug_class", "text", ("drug_class",)),
            ("resistance", "text", ("name",)),
            ("emerged", "of", ("n_emerged", "n_evaluable")),
            ("share", "share", ("fraction", *_CI, "n_evaluable")),
        ),
    ),
    "therapy": Shown(
        "therapy/levels",
        (
            ("tumour", "text", ("tumour",)),
            ("kind", "text", ("kind",)),
            ("level", "name", ("level",)),
            ("found", "of", ("n", "n_patients")),
            ("share", "share", ("fraction", *_CI, "n_patients")),
        ),
    ),
}


def answer_table(shown: Shown, frame: pl.DataFrame, language: str) -> tuple[pl.DataFrame, str]:
    """Return the table of an answer as text and what stands below it (how many rows are elsewhere, cautions)."""
    rows = chosen(shown, frame)
    words = catalogue(language)
    heads = [words[f"paper.head.{head}"] for head, _, _ in shown.columns]
    cells = [
        [_cell(kind, columns, row, language) for _, kind, columns in shown.columns]
        for row in rows.head(ROWS_SHOWN).iter_rows(named=True)
    ]
    notes = [] if rows.height <= ROWS_SHOWN else [f"{ROWS_SHOWN} / {rows.height}: tables/{shown.table}.tsv"]
    if shown.caution in rows.columns:
        said = rows.head(ROWS_SHOWN)[shown.caution].drop_nulls().unique(maintain_order=True).to_list()
        notes += [translator(language)(f"{in_words(text)}.") for text in said[:1]]
    return pl.DataFrame(cells, schema=dict.fromkeys(heads, pl.String), orient="row"), " ".join(notes)


def chosen(shown: Shown, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a table of the results that the paper shows, in its order."""
    subject = shown.columns[0][2][0]
    for column, values in (shown.prefer or {}).items():
        texts = frame[column].cast(pl.String)
        found = next((value for value in values if (texts == value).any()), None)
        frame = frame if found is None else frame.filter(pl.col(column).cast(pl.String) == found)
    for column, starts in (shown.keep or {}).items():
        places = [pl.when(pl.col(column).str.starts_with(s)).then(pl.lit(i)) for i, s in enumerate(starts)]
        marked = frame.with_row_index("_row").with_columns(_place=pl.coalesce(places))
        marked = marked.filter(pl.col("_place").is_not_null()).with_columns(_first=pl.col("_row").min().over(subject))
        frame = marked.sort("_first", "_place", maintain_order=True)
    if shown.first:
        total = pl.sum_horizontal(*shown.first).sum().over(subject)
        frame = frame.sort(-total, pl.col(subject), maintain_order=True)
    if shown.by_line:
        frame = frame.filter(pl.col("line").is_null() | (pl.col("line") > 0)).sort(
            "line", nulls_last=False, maintain_order=True
        )
    if shown.sort:
        names, falling = [n.removeprefix("-") for n in shown.sort], [n.startswith("-") for n in shown.sort]
        frame = frame.sort(names, descending=falling, nulls_last=True, maintain_order=True)
    return frame


def _cell(kind: str, columns: Sequence[str], row: Mapping[str, Any], language: str) -> str:
    values = [row.get(c) for c in columns]
    if kind in _UNITS:
        return _interval(values, _UNITS[kind], language)
    if kind == "effect":
        return _interval(values, _EFFECTS.get(str(row["estimate_name"]), "ratio"), language)
    return _CELLS[kind](values, language)


#: Kinds of cells that are a number with its interval -> unit.
_UNITS = {"share": "fraction", "ratio": "ratio", "months": "months", "days": "days"}


def _interval(values: Sequence[Any], unit: str, language: str) -> str:
    """A value with its interval in brackets: ``60 % (55-66)``."""
    value, low, high, n = (*values, None, None, None)[:4]
    if value is None:
        return NOTHING
    number = Estimate("", value, low, high, n, "", unit)
    text = shown(number, language) if unit == "fraction" else bare(value, unit, n)
    ends = limits(number, language).partition("CI ")[2]
    return f"{text} ({ends})" if ends else text


def _known(write: Callable[[list[Any]], str]) -> Callable[[list[Any], str], str]:
    """The writer of a cell of numbers that stays empty where one of them is not known."""
    return lambda values, _: NOTHING if any(v is None for v in values) else write(values)


#: The other kinds of cells -> how their values are written.
_CELLS: Mapping[str, Callable[[list[Any], str], str]] = {
    "name": lambda values, _: str(values[0] or ""),
    "text": lambda values, language: words_of(values[0], language),
    "feature": lambda values, language: translator(language)(feature_words(values[0])),
    "line": lambda values, language: line_words(values[0], language),
    "arms": lambda values, language: translator(language)(" v ".join(arm_name(str(v)) for v in values)),
    "yes": lambda values, language: catalogue(language)["paper.yes"] if values[0] else "",
    "of": _known(lambda values: f"{values[0]}/{values[1]}"),
    "sum": _known(lambda values: f"{sum(values):,}"),
    "count": _known(lambda values: f"{values[0]:,}"),
    "number": _known(lambda values: f"{float(values[0]):.3g}"),
}


def line_words(line: int | None, language: str) -> str:
    """Return a line of therapy in words: null has none, 0 is the time before the first."""
    return "" if line is None else catalogue(language)["paper.cell.line_0"] if line == 0 else str(line)


def words_of(value: Any, language: str) -> str:
    """Return a code of a table in words; what has none stays as it is, translated where it can be.

    >>> words_of("auc_24m", "en"), words_of("OS", "en"), words_of("primary v metastasis", "en")
    ('AUC at 24 months', 'overall survival', 'primary v metastasis')
    """
    words = catalogue(language)
    text = "" if value is None else str(value)
    horizon = re.fullmatch(r"(\w+)_(\d+)m", text)
    if horizon and f"paper.cell.{horizon[1]}" in words:
        return words["paper.cell.at"].format(what=words[f"paper.cell.{horizon[1]}"], months=horizon[2])
    own = words.get(f"paper.cell.{text}") or words.get(f"endpoint.{text}")
    return own or translator(language)(text.replace("_", " "))
