"""What wrongness of the data the claims of an analysis were measured to bear, and where a study shows signs of it.

Measured by ``benchmarks/bench_stress.py``; the figures stand in docs/explanation/stress.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl


class Sign(NamedTuple):
    """What in a table of the results shows a fault of the data: of which things (`key`), in which rows (`shows`).

    `what` says it after a count: "3 of 24 samples are ..."; `of_all` is false where the table lists alone what shows it.
    """

    table: str
    key: tuple[str, ...]
    shows: pl.Expr
    what: str
    of_all: bool = True

    def sentence(self, tables: Mapping[str, pl.DataFrame]) -> str | None:
        """Return how many things show it; None where there is nothing that could."""
        rows = tables.get(self.table)
        if rows is None or (self.of_all and rows.is_empty()):
            return None
        seen = rows.filter(self.shows.fill_null(False)).select(self.key).unique().height
        if not self.of_all:
            return f"In this study {self.what}: {seen} ({self.table})."
        return f"In this study {seen} of {rows.select(self.key).unique().height} {self.what} ({self.table})."


class Stressed(NamedTuple):
    """Faults of the data under which the claims hold, under which they do not (a sentence each), signs of them that are
    counted in this study, and where others are listed."""

    holds: tuple[str, ...]
    fails: tuple[str, ...]
    signs: tuple[Sign, ...]
    listed: str


NOISY = Sign(
    "concordance/samples", ("sample_id",), pl.col("noise").is_not_null(), "samples are, or may be, noisier than told"
)
#: From this on a chromosome's told copies are counted as contradicted, and a background as higher than stated: chances and
#: multiples that the analyses themselves name.
_LIKELY, _HIGHER = 0.5, 2.0

STRESSED: dict[str, Stressed] = {
    "concordance": Stressed(
        (
            "background errors ten times those told",
            "damage of one kind of change (C>T of formalin, C>A of oxidation) in all or some of the samples",
            "1-3 % of the reads from the patient's other lesion",
            "reads that spread more than assumed, for present, absent and discordance beyond noise",
        ),
        (
            "errors ten times those told that differ between sites by far more than tenfold: 4-10 % of the absent seem "
            "present, in samples that are mostly named",
            "errors of 5 % in a fifth of the places, which nobody names: 7-24 % of the absent seem present, shared "
            "fractions are up to .1 too high (bounds: notes)",
            "errors thirty times those told in few places: up to 17 % of the absent seem present; the samples are named, "
            "and no shared fraction is given",
            "mapping artefacts at one fraction in every sample: they are present in each",
            "nine of ten mutations in every sample and tenfold errors: up to a fifth of the absent seem present (named), "
            "and no shared fraction is given",
        ),
        (
            NOISY,
            Sign(
                "concordance/relatedness",
                ("sample_a", "sample_b"),
                pl.col("verdict").is_in(["swap", "unrelated", "second_primary"]),
                "pairs of samples show no common origin",
            ),
        ),
        "overview/identity",
    ),
    "evolution": Stressed(
        (
            "5 % mapping artefacts",
            "doubled genomes",
            "alleles of chromosomes or arms lost in all or some cells, told or missed",
            "purities off by .1",
        ),
        (
            "founders that left no cells in the sample, or are in no other lesion: they are not seen",
            "copies that are wrong or missed: 90 % intervals of the cell fractions on them hold in 62-83 %, away from the "
            "chromosomes named in evolution/wrong_copies in 94-99 %",
            "events of few variants",
            "samples swapped or mixed",
        ),
        (
            Sign(
                "evolution/clusters",
                ("patient_id", "cluster_id"),
                pl.col("p_no_clone") >= _LIKELY,
                "clusters are probably no clones but artefacts, or copies nobody told",
            ),
            Sign(
                "evolution/wrong_copies",
                ("sample_id", "chrom"),
                pl.col("p_wrong") >= _LIKELY,
                "chromosomes, sample by sample, that contradict the told copies",
                of_all=False,
            ),
        ),
        "evolution/set_aside",
    ),
    "monitoring": Stressed(
        (
            "a background up to five times the stated one",
            "tracked variants with fractions of their own",
            "samples that vary by .25 without a change",
            "plasma that ends at progression",
        ),
        (
            "variation of .4 where .25 is assumed: up to one patient in ten progresses falsely",
            "a background more than three times the stated one of which fewer than eight patients tell",
        ),
        (
            Sign(
                "monitoring/ctdna",
                ("patient_id", "sample_id", "day"),
                pl.col("error_ratio") > _HIGHER,
                "plasma samples have a background more than twice the stated one",
            ),
            Sign(
                "monitoring/ctdna",
                ("patient_id", "sample_id", "day"),
                pl.col("background") == "not known",
                "plasma samples have a background that nothing tells",
            ),
        ),
        "",
    ),
    "prediction": Stressed(
        ("loss to follow-up at random",),
        ("loss that hangs on the predicted risk: the AUC is off by up to .1, within the bounds that are given",),
        (),
        "the note on loss to follow-up",
    ),
    "ras_status": Stressed(
        ("background errors ten times those told", "uneven reads", "purity and copies that are off"),
        ("5 % of another patient's reads: one RAS state in twenty is wrong", "an artefact at a hotspot"),
        (),
        "concordance/samples (noise), overview/identity",
    ),
    "tissue_blood": Stressed(
        ("patients who differ from each other, from six on",),
        (
            "plasma of a few patients that shows hardly anything, in fewer than 20 patients: intervals hold in 77-95 %, and "
            "equivalence is not said of fewer than 30",
            "blood clones that no white cells mark, in genes outside the list or above a tenth of plasma",
        ),
        (
            Sign(
                "tissue_blood/plasma",
                ("sample_id",),
                pl.col("is_informative").not_(),
                "plasma samples show no tumour DNA by other evidence",
            ),
        ),
        "concordance/states (blood), overview/identity",
    ),
    "treatment": Stressed(
        (
            "confounding by a recorded covariate, linear, squared, by a threshold or by two together",
            "12 carriers of 80, for an interaction",
        ),
        (
            "confounding by what is not recorded: the ratio below which it explains the result stands beside each",
            "half of the deaths in one group lost to follow-up shortly before: a true ratio of 1.7 is 1.2",
            "entry half a year late that nobody recorded: a true ratio of 1.7 is 1.5",
        ),
        (
            Sign(
                "treatment/comparison",
                ("endpoint", "line", "arm", "reference"),
                pl.col("warning").is_not_null(),
                "comparisons carry a warning",
            ),
        ),
        "treatment/balance",
    ),
    "biomarkers": Stressed(
        ("late entry that is recorded, or known from the day of the sample",),
        (
            "half of the deaths in one group lost to follow-up shortly before: a true ratio of 1.7 is 1.2",
            "entry half a year late that nobody recorded: a true ratio of 1.7 is 1.5",
        ),
        (
            Sign(
                "biomarkers/scan",
                ("feature", "endpoint"),
                pl.col("time_rule") == "assumed_baseline",
                "findings rest on samples without a day",
            ),
        ),
        "",
    ),
    "survival": Stressed(
        ("loss to follow-up at random", "late entry that is recorded"),
        (
            "half of the deaths lost to follow-up shortly before: a survival of 50 % is 71 %",
            "entry half a year late that nobody recorded: a survival of 50 % is 58 %",
        ),
        (),
        "the notes on entry and on patients whose life is not known",
    ),
}


#: Of an analysis whose claims nobody put under stress.
_NOT_TESTED = "Its claims were not tested on data with known errors."


def stressed(analysis: str, tables: Mapping[str, pl.DataFrame] | None = None) -> tuple[str, ...]:
    """Return the line of an analysis: what its claims bear, what not, and which signs of it these results show.

    >>> stressed("prediction")[0][:82]
    'Its claims were tested on data with known errors. They hold with loss to follow-up'
    >>> stressed("imaging")
    ('Its claims were not tested on data with known errors.',)
    """
    line = STRESSED.get(analysis)
    if line is None:
        return (_NOT_TESTED,)
    parts = [f"They hold with {x}." for x in line.holds] + [f"They do not hold with {x}." for x in line.fails]
    parts += [sentence for sign in line.signs if (sentence := sign.sentence(tables or {})) is not None]
    parts += [f"Further signs: {line.listed}."] if line.listed else []
    return (f"Its claims were tested on data with known errors. {' '.join(parts)}",)
