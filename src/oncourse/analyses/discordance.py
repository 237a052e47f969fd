"""What goes with a mutation being in one sample only, and which genes are newly mutated in the metastasis?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, exclusions
from oncourse.analyses._headline import Headline, light_of, two_sides, unless_assumed
from oncourse.analyses._headline import part as said_part
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.concordance.discordance import (
    COMPARED,
    NEW_COLUMNS,
    PREDICTOR_COLUMNS,
    REFERENCE,
    LeastData,
    discordance_rows,
    main_pairs,
    new_mutation_table,
    predictor_table,
)
from oncourse.errors import NotEnoughData
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said

PREDICTORS_TABLE = OutputTable(
    "concordance/predictors",
    "what goes with discordance of an assessable variant (main pairs)",
    tuple(Column(n, d, t) for n, d, t in PREDICTOR_COLUMNS),
)
NEW = OutputTable(
    "concordance/new_mutations",
    "genes newly mutated in the metastasis, against the burden of new mutations",
    tuple(Column(n, d, t) for n, d, t in NEW_COLUMNS),
)


@section("discordance")
@dataclass(frozen=True)
class DiscordanceParams:
    """How much is needed before a model is fitted or a gene tested."""

    min_patients: int = setting(10, "fewest patients of a model of discordance", low=5)
    min_level_patients: int = setting(
        3, "fewest patients at each level of a predictor; rarer sites are pooled as `other`", low=2
    )
    min_outcome: int = setting(10, "fewest discordant, and fewest shared, variants of a model", low=2)
    min_outcome_per_term: int = setting(
        10,
        "fewest discordant, and shared, variants per coefficient",
        low=1,
        source="Peduzzi 1996, J Clin Epidemiol 49:1373",
    )
    clonal_ccf: float = setting(
        0.75,
        "cancer cell fraction from which a variant is clonal in the sample where it is seen",
        low=0.05,
        high=1,
    )
    min_new_patients: int = setting(3, "fewest patients with a new altering mutation before genes are tested", low=1)
    exome_mb: float = setting(
        30.0,
        "coding megabases of an assay that looks at every gene",
        low=1,
        source="Chalmers 2017, doi 10.1186/s13073-017-0424-2",
    )
    max_q: float = setting(0.1, "largest q-value that the answer and the figure name", low=0, high=1)


@analysis(
    title="Predictors of discordance, and new mutations of the metastasis",
    question="What goes with a mutation being in one sample only, and which genes are newly mutated in the metastasis?",
    needs=("calls", "samples"),
    params=DiscordanceParams,
    tables=(PREDICTORS_TABLE, NEW),
    order=31,
)
def discordance(cohort: Cohort, params: DiscordanceParams) -> Result:
    """Model discordance over main pairs and test genes for more new mutations than burden explains."""
    presence, pairs = cohort.presence, cohort.pairs
    if pairs.pairs.filter(pl.col("is_main") & pl.col("comparison").is_in(COMPARED)).is_empty():
        raise NotEnoughData("no patient has primary and metastasis, or tissue and plasma.")
    unrelated = cohort.of_two_tumours
    main = main_pairs(pairs, unrelated)
    rows = discordance_rows(cohort.study, presence, pairs, main, params.clonal_ccf)
    if rows.is_empty():
        raise NotEnoughData("no variant of these pairs is assessable in both samples.")
    rule = LeastData(
        params.min_patients,
        params.min_level_patients,
        params.min_outcome,
        params.min_outcome_per_term,
        params.clonal_ccf,
    )
    table, withheld = predictor_table(rows, rule)
    genes, n_new = new_mutation_table(
        cohort.panels, presence, pairs, main, exome_mb=params.exome_mb, min_patients=params.min_new_patients
    )
    has_lesions = not main.filter(pl.col("comparison") == COMPARED[0]).is_empty()
    estimates = _estimates(rows, table, genes, n_new, has_lesions, params)
    return Result(
        answer=_answer(table, genes, has_lesions, params, estimates),
        headline=_headline(table, estimates, params),
        estimates=estimates,
        tables={PREDICTORS_TABLE.name: PREDICTORS_TABLE.frame(table), NEW.name: NEW.frame(genes)},
        figures=tuple(_figures(table)),
        people=_people(cohort, pairs.pairs, unrelated, rows),
        samples_used=_used(main),
        notes=_notes(withheld, genes, has_lesions, params),
        methods=_METHODS,
    )


_METHODS = (
    "Discordance: logistic regression of private (or lost with the locus) against shared, over the assessable "
    "variants of "
    "main pairs without germline variants, blood clones and pairs of unrelated tumours. A shared variant enters as "
    "seen in "
    "either sample with half the weight. Standard errors by patient (Liang, Zeger. Biometrika 1986;73:13) with the "
    "small-sample correction of Mancl, DeRouen (Biometrics 2001;57:126) and t limits with patients - coefficients "
    "degrees "
    "of freedom. A model asks for discordance.min_patients patients, min_level_patients at each level, and of both "
    "outcomes min_outcome variants and min_outcome_per_term per coefficient (Peduzzi 1996); otherwise it is withheld "
    "with "
    "the reason.",
    "New mutations: protein-altering or splice-site, present in the metastasis and absent with power in the primary. A "
    "patient with N of them in L megabases of coding sequence that both assays looked at has one in a gene of length "
    "l with "
    "chance 1 - (1 - l / L)^N. The number of patients is Poisson-binomial, and its upper tail is exact. Q-values: "
    "Benjamini, Hochberg 1995, over every gene of known length looked at in a patient with a new mutation.",
)


def _key(*words: str) -> str:
    return ".".join(word.replace(" ", "_") for word in words)


def _estimates(
    rows: pl.DataFrame,
    table: pl.DataFrame,
    genes: pl.DataFrame,
    n_new: int,
    has_lesions: bool,
    params: DiscordanceParams,
) -> tuple[Estimate, ...]:
    out = []
    for comparison in COMPARED:
        part = rows.filter(pl.col("comparison") == comparison)
        if part.is_empty():
            continue
        n = part["variant"].n_unique()
        k = part.filter("is_discordant")["variant"].n_unique()
        out.append(Estimate(_key("n_variants", comparison), n, n=n, unit="count"))
        out.append(Estimate(_key("n_discordant", comparison), k, n=n, unit="count"))
        by_calls = part.filter("by_calls")["variant"].n_unique()
        out.append(Estimate(_key("n_by_calls", comparison), by_calls, n=k, unit="count"))
        patients = part["patient_id"].n_unique()
        out.append(Estimate(_key("n_patients", comparison), patients, n=patients, unit="count", question=comparison))
    for row in table.drop_nulls("odds_ratio").iter_rows(named=True):
        where = (row["comparison"], row["predictor"], _plain(row["level"]))
        limits = (row["odds_ratio"], row["ci_low"], row["ci_high"])
        out.append(Estimate(_key("odds_ratio", *where), *limits, row["n_variants"], "cluster-robust", "ratio"))
        out.append(Estimate(_key("q_value", *where), row["q_value"], n=row["n_variants"], method="Benjamini-Hochberg"))
        if row["adjusted_odds_ratio"] is not None:
            limits = tuple(row[f"adjusted_{c}"] for c in ("odds_ratio", "ci_low", "ci_high"))
            out.append(
                Estimate(
                    _key("adjusted_odds_ratio", *where),
                    *limits,
                    row["n_variants"],
                    "cluster-robust, joint model",
                    "ratio",
                )
            )
    if has_lesions:
        tested = genes.drop_nulls("p_value").height
        out.append(Estimate("n_new_mutations", n_new, n=n_new, unit="count"))
        out.append(Estimate("n_genes_tested", tested, n=tested, unit="count"))
        hits = genes.filter(pl.col("q_value") <= params.max_q)
        out.append(Estimate("n_genes_newly_mutated", hits.height, n=tested, unit="count"))
        out.append(Estimate("n_new_by_calls", int(hits["n_by_calls"].sum()), n=int(hits["n_new"].sum()), unit="count"))
    return tuple(out)


def _plain(level: str) -> str:
    """Return a level as it may stand in the name of an estimate."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " +-") else "_" for c in level)


def _predictor(predictor: str, level: str) -> str:
    """Return a predictor with its level in words.

    >>> _predictor("clonality", "subclonal"), _predictor("site", "liver"), _predictor("time gap", "per year")
    ('being subclonal', 'site (liver)', 'time gap (per year)')
    """
    level = level.replace("{", "(").replace("}", ")")
    return f"being {level}" if predictor == "clonality" else f"{predictor} ({level})"


def _headline(table: pl.DataFrame, estimates: tuple[Estimate, ...], params: DiscordanceParams) -> Headline:
    """How many variants are in one sample only, and what goes with it most."""
    by_name = {e.name: e for e in estimates}
    comparison = next(c for c in COMPARED if not table.filter(pl.col("comparison") == c).is_empty())
    part = table.filter(pl.col("comparison") == comparison)
    k, mutations, patients = (
        int(by_name[_key(name, comparison)].value or 0) for name in ("n_discordant", "n_variants", "n_patients")
    )
    a, b = two_sides(comparison)
    by_calls = said_part("headline.discordance.by_calls", int(by_name[_key("n_by_calls", comparison)].value or 0))
    counts = {"k": k, "mutations": mutations, "a": a, "b": b, "by_calls": by_calls}
    number = _key("n_discordant", comparison)
    if part["odds_ratio"].null_count() == part.height:
        text = said("headline.discordance.few", **counts)
        return Headline(text, "uncertain", said("reason.few_patients", n=patients), number)
    hits = part.filter(pl.col("q_value") <= params.max_q).sort("p_value", "predictor", "level")
    if hits.is_empty():
        text = said("headline.discordance.none", **counts, patients=patients)
        return Headline(text, "uncertain", said("reason.nothing_found"), number)
    predictor, level = hits.select("predictor", "level").row(0)
    odds = by_name[_key("odds_ratio", comparison, predictor, _plain(level))]
    text = said("headline.discordance.goes", **counts, what=_predictor(predictor, level), odds=odds)
    assumed = by_name[_key("n_by_calls", comparison)].value
    return unless_assumed(Headline(text, *light_of(odds, patients), odds.name), assumed, mutations)


def _answer(
    table: pl.DataFrame,
    genes: pl.DataFrame,
    has_lesions: bool,
    params: DiscordanceParams,
    estimates: tuple[Estimate, ...],
) -> str:
    known = {e.name: e.value or 0 for e in estimates}
    parts = []
    for comparison in COMPARED:
        part = table.filter(pl.col("comparison") == comparison)
        if part.is_empty():
            continue
        counts = tuple(_key(name, comparison) for name in ("n_discordant", "n_variants", "n_patients"))
        text = "{}: {{{}:value}} of {{{}:value}} mutations in {{{}:value}} patients are in one sample only".format(
            comparison[0].upper() + comparison[1:], *counts
        )
        if known[_key("n_by_calls", comparison)]:
            text += f", {{{_key('n_by_calls', comparison)}:value}} of these by calls alone (reads not counted there)"
        hits = part.filter(pl.col("q_value") <= params.max_q).sort("p_value", "predictor", "level").head(3)
        named = []
        for predictor, level in hits.select("predictor", "level").iter_rows():
            name = _key("odds_ratio", comparison, predictor, _plain(level))
            named.append(f"{_predictor(predictor, level)}: odds ratio {{{name}}}")
        if named:
            text += ". Predictors: " + "; ".join(named)
        elif part["odds_ratio"].null_count() < part.height:
            text += "; no predictor stands out"
        else:
            text += "; too few patients or variants for a model"
        parts.append(text + ".")
    if has_lesions and genes["p_value"].null_count() < genes.height:
        hits = genes.filter(pl.col("q_value") <= params.max_q)
        text = (
            "Newly mutated in the metastasis in more patients than burden explains: {n_genes_newly_mutated:value} of "
        )
        names = f" ({', '.join(hits['gene'].head(10))})" if hits.height else ""
        if known["n_new_by_calls"]:
            names += ", {n_new_by_calls:value} of the mutations by calls alone"
        parts.append(text + "{n_genes_tested:value} genes tested" + names + ".")
    elif has_lesions:
        parts.append("Too few patients have new altering mutations in the metastasis to test genes.")
    return " ".join(parts)


def _notes(withheld: list[str], genes: pl.DataFrame, has_lesions: bool, params: DiscordanceParams) -> tuple[str, ...]:
    notes = [
        "Exploratory: predictors go together (a later sample has more often seen therapy), and an odds ratio is no "
        "cause. "
        "Two rows per shared variant, one model per comparison, and variants judged only where there was power.",
        "A cell fraction is estimated from the same reads that decide presence. A subclonal variant is nearer to the "
        "limit "
        "of what can be seen, so part of the odds of clonality is of measurement.",
        "Depth is the mean depth of the other sample, relative to the samples on its side of the comparison; that of "
        "the "
        "site is known less often where nothing is called.",
        *withheld,
    ]
    if has_lesions:
        notes.append(
            "Genes mutate at different rates whatever their length, and a driver is found more often than its length "
            "tells "
            "in any sample: an excess is a prompt, not proof of selection in the metastasis. A primary sample speaks "
            "for "
            "itself, not for the whole lesion."
        )
        unknown = genes.filter(pl.col("expected").is_null() & (pl.col("n_new") > 0)).height
        if unknown:
            notes.append(
                f"Genes with new mutations that are not tested (no known coding length, or too few patients): "
                f"{unknown}."
            )
        notes.append(f"An assay that looks at every gene counts {params.exome_mb:g} Mb of coding sequence (assumed).")
    return tuple(note.replace("{", "(").replace("}", ")") for note in notes)


def _people(cohort: Cohort, pairs: pl.DataFrame, unrelated: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Per comparison the patients with a variant that both samples of the main pair can tell of."""
    everyone, parts = cohort.study["patients"]["patient_id"], []
    for comparison in COMPARED:
        compared = pairs.filter(pl.col("is_main") & (pl.col("comparison") == comparison))
        if compared.is_empty():
            continue
        inside = rows.filter(pl.col("comparison") == comparison)
        bad = compared.join(unrelated, on=["sample_a", "sample_b"], how="semi")
        apart = bad.select("patient_id", pl.lit("no common origin of the two samples").alias("reason"))
        blind = (
            compared.join(bad, on="patient_id", how="anti")
            .join(inside, on="patient_id", how="anti")
            .select("patient_id", pl.lit("no variant assessable in both samples").alias("reason"))
        )
        out = pl.concat([apart.join(inside, on="patient_id", how="anti"), blind])
        parts.append(counted(comparison, everyone, inside, out, rest=f"no two samples: {comparison}"))
    return ledger(parts)


def _used(main: pl.DataFrame) -> pl.DataFrame:
    return exclusions(
        (row["patient_id"], row[side], f"main pair of {row['comparison']}: deepest, then first id")
        for row in main.iter_rows(named=True)
        for side in ("sample_a", "sample_b")
    )


def _figures(table: pl.DataFrame) -> list[Figure]:
    from oncourse.plots.forest import ForestRow, forest_figure

    shown = table.drop_nulls("odds_ratio")
    if shown.is_empty():
        return []
    rows = [
        ForestRow(
            f"{r['comparison'].split(' v ')[1]}: {r['predictor']}, {r['level'].removesuffix(REFERENCE)}",
            r["odds_ratio"],
            r["ci_low"],
            r["ci_high"],
            f"{r['n_discordant']:,} / {r['n_variants']:,}",
            question=r["comparison"],
        )
        for r in shown.iter_rows(named=True)
    ]
    drawing = partial(
        forest_figure,
        rows,
        xlabel="odds ratio of discordance",
        better="more often shared",
        worse="more often discordant",
    )
    return [
        Figure(
            "predictors",
            "What goes with discordance",
            "Each predictor alone, 95 % limits by patient; right: discordant of assessable variants.",
            drawing,
        )
    ]
