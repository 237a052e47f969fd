"""Copy number of the genome: how much is changed, which arms and bands, focal events, doubling, scars of HRD."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._group_tables import groups_table, share_tests_table, shares_table, tests_table
from oncourse.analyses._headline import Headline, rated
from oncourse.analyses._people import counted
from oncourse.analyses._shares import median, share
from oncourse.cohort import Cohort
from oncourse.derive.genes.copy_states import CopyNumberParams
from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.derive.genes.group_shares import share_summaries, share_tests
from oncourse.derive.genes.sample_groups import group_summaries, group_tests
from oncourse.errors import NotEnoughData
from oncourse.genome.cytobands import cytobands
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

_T, _F, _I, _B = pl.String, pl.Float64, pl.Int64, pl.Boolean
_SAMPLE = (Column("sample_id", _T, "the sample"), Column("patient_id", _T, "the patient"))
SAMPLES = OutputTable(
    "copy_number/samples",
    "copy number of each sample's autosomes",
    (
        *_SAMPLE,
        Column("measured_mb", _F, "autosomal bases in segments", unit="Mb"),
        Column("basis", _T, "copies, or log2 ratio (purity not taken out)"),
        Column("fga", _F, "share of the measured bases gained or lost against the ploidy", unit="fraction"),
        Column("ploidy", _F, "mean copies; null where only ratios are given", unit="copies"),
        Column("is_doubled", _B, "whole genome doubled: two and more major copies over half; null = alleles not known"),
        Column("loh_share", _F, "share without a minor allele; null = alleles not known", unit="fraction"),
        Column("n_segments", _I, "segments, neighbours of equal copies joined"),
        Column("hrd_loh", _I, "regions of LOH above 15 Mb, not whole chromosomes"),
        Column("hrd_tai", _I, "allelic imbalance that reaches a telomere and not the centromere"),
        Column("hrd_lst", _I, "breaks between regions of 10 Mb and more"),
        Column("hrd_score", _I, "sum of the three; null = alleles or centromeres (genome build) not known"),
    ),
)
ARMS = OutputTable(
    "copy_number/arms",
    "arms of each sample; an arm that is not listed was not assessed",
    (
        *_SAMPLE,
        Column("arm", _T, "chromosome arm"),
        Column("call", _T, "gain, loss, neutral or partial"),
        Column("measured", _F, "share of the arm in segments", unit="fraction"),
        Column("gain_share", _F, "of the measured arm", unit="fraction"),
        Column("loss_share", _F, "of the measured arm", unit="fraction"),
        Column("loh_share", _F, "of the measured arm; null = alleles not known", unit="fraction"),
    ),
)
BANDS = OutputTable(
    "copy_number/bands",
    "patients with gain and loss of each band (any of their samples)",
    (
        Column("band", _T, "cytoband"),
        Column("chrom", _T, "chromosome"),
        Column("start", _I, "first base"),
        Column("end", _I, "last base"),
        Column("n", _I, "patients assessed"),
        Column("n_gain", _I, "with a gain"),
        Column("n_loss", _I, "with a loss"),
        Column("n_loh", _I, "with loss of the minor allele"),
        Column("gain_share", _F, "n_gain / n", unit="fraction"),
        Column("loss_share", _F, "n_loss / n", unit="fraction"),
    ),
)
FOCAL = OutputTable(
    "copy_number/focal",
    "focal events of each band against chance",
    (
        Column(
            "kind", _T, "amplification, deep deletion, gain or loss, shorter than copy_number.focal_share of the arm"
        ),
        Column("band", _T, "cytoband"),
        Column("n", _I, "patients assessed"),
        Column("n_event", _I, "patients with such an event in the band"),
        Column("expected", _F, "if each patient's events lay anywhere on the autosomes and X (where it was measured)"),
        Column("p_value", _F, "of the permutation distribution (rotation), one-sided"),
        Column("q_value", _F, "false discovery rate over all bands of the kind"),
        Column("genes", _T, "cancer genes of known place in the band, joined by ;"),
        Column("caution", _T, "why events of this band are seen without any selection; such a band is not named"),
        Column("patients", _T, "the patients, joined by ;"),
    ),
)
_MEASURE = "fga, ploidy, loh_share or hrd_score"
GROUPS = groups_table("copy_number/groups", "the samples' numbers by group", _MEASURE)
TESTS = tests_table("copy_number/tests", "the same compared between groups, by patient", _MEASURE)
DOUBLED_GROUPS = shares_table("copy_number/doubled_groups", "patients with a doubled genome by group", "doubled genome")
DOUBLED_TESTS = share_tests_table(
    "copy_number/doubled_tests", "doubled genomes of two groups compared, by patient", "doubled genome"
)
MEASURES = ("fga", "ploidy", "loh_share", "hrd_score")
#: Questions of the ledger.
MEASURED, ALLELES, NONE = "samples with segments", "samples whose alleles are known", "no tumour sample with segments"


@analysis(
    title="Copy number",
    question="How much of the genome is gained or lost, where, and is there a scar of repair deficiency?",
    needs=("samples", "segments"),
    params=CopyNumberParams,
    tables=(SAMPLES, ARMS, BANDS, FOCAL, GROUPS, TESTS, DOUBLED_GROUPS, DOUBLED_TESTS),
    order=13,
)
def copy_number(cohort: Cohort, params: CopyNumberParams) -> Result:
    """Altered genome, doubling, arms, bands, focal events and HRD scars from the segments."""
    found = cohort.copy_profile
    if found.samples.is_empty():
        raise NotEnoughData("No tumour sample has segments on an autosome.")
    named = cohort.sample_groups(cohort.params(LandscapeParams).group_by)
    groups = group_of_samples(cohort.study, "role") if named is None else named
    values, doubled = _values(found.samples, groups), _doubled(found.samples, groups)
    estimates = _estimates(found.samples, params)
    return Result(
        answer=_answer(estimates, found.focal),
        estimates=tuple(estimates),
        tables={
            SAMPLES.name: SAMPLES.frame(found.samples),
            ARMS.name: ARMS.frame(found.arms),
            BANDS.name: BANDS.frame(found.bands),
            FOCAL.name: FOCAL.frame(found.focal),
            GROUPS.name: GROUPS.frame(group_summaries(values)),
            TESTS.name: TESTS.frame(group_tests(values)),
            DOUBLED_GROUPS.name: DOUBLED_GROUPS.frame(share_summaries(doubled)),
            DOUBLED_TESTS.name: DOUBLED_TESTS.frame(share_tests(doubled)),
        },
        figures=tuple(_figures(cohort, groups)),
        people=_people(cohort, found.samples),
        samples_used=found.samples.select(
            "patient_id", "sample_id", pl.lit("every tumour sample with segments").alias("reason")
        ),
        notes=_notes(cohort, found.samples),
        headline=_headline(estimates),
        methods=(
            "States: whole copies against the sample's ploidy; where only log2 ratios are given, beyond "
            f"{params.log2_gain:g}. Doubled: two and more major copies over half of the autosomes (Bielski 2018). "
            f"Arms: {100 * params.arm_share:.0f} % of what was measured, at least half of the arm measured.",
            "Focal: short of half an arm; each patient's events rotated along autosomes and X, whose distribution is "
            "Poisson-binomial and computed, not sampled; Benjamini-Hochberg over the bands.",
            "HRD: LOH (Abkevich 2012) + TAI (Birkbak 2012) + LST (Popova 2012), not corrected for ploidy; high from "
            f"{params.hrd_high} (Telli 2016, a breast-cancer cut-off of another assay). Neighbours of equal copies are "
            "joined first, so that a cut segment changes nothing.",
        ),
    )


def _values(samples: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    joined = samples.join(groups.select("sample_id", "group"), on="sample_id", how="left", maintain_order="left")
    kept = [
        joined.select(pl.lit(m).alias("measure"), "sample_id", "patient_id", "group", value=pl.col(m).cast(pl.Float64))
        for m in MEASURES
    ]
    return pl.concat(kept)


def _doubled(samples: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    joined = samples.join(groups.select("sample_id", "group"), on="sample_id", how="left", maintain_order="left")
    return joined.select(
        pl.lit("doubled genome").alias("measure"), "sample_id", "patient_id", "group", value="is_doubled"
    )


def _people(cohort: Cohort, samples: pl.DataFrame) -> pl.DataFrame:
    everyone = cohort.study["patients"]["patient_id"]
    known = pl.col("is_doubled").is_not_null()
    lacking = samples.filter(~known).select(
        "patient_id", "sample_id", pl.lit("allele copies known over less than nine tenths").alias("reason")
    )
    parts = [
        counted(MEASURED, everyone, samples, rest=NONE, unit="sample"),
        counted(ALLELES, everyone, samples.filter(known), lacking, rest=NONE, unit="sample"),
    ]
    return pl.concat(parts)


def _estimates(samples: pl.DataFrame, params: CopyNumberParams) -> list[Estimate]:
    found = [Estimate("measured_samples", samples.height, unit="count", method="counted", question=MEASURED)]
    if samples["fga"].null_count() == 0:
        found.append(median("median_fga", samples["fga"], samples["patient_id"], "fraction", MEASURED))
    known = samples.drop_nulls("is_doubled")
    if known.height:
        found.append(share("genome_doubled", known["is_doubled"], known["patient_id"], ALLELES))
    if (scarred := known.drop_nulls("hrd_score")).height:
        high = scarred["hrd_score"] >= params.hrd_high
        found.append(share("hrd_high", high, scarred["patient_id"], ALLELES))
    return found


def _answer(estimates: list[Estimate], focal: pl.DataFrame) -> str:
    names = {e.name for e in estimates}
    words = "Segments of {measured_samples} samples were measured."
    if "median_fga" in names:
        words = "In the median of {measured_samples} samples {median_fga} of the genome is gained or lost."
    if "genome_doubled" in names:
        words += " The genome was doubled in {genome_doubled}"
        words += "; the HRD score is high in {hrd_high}." if "hrd_high" in names else "."
    peaks = _peaks(focal)
    if peaks:
        words += " Focal events recur at " + "; ".join(f"{band} ({kind})" for band, kind, _ in peaks[:4]) + "."
    return words


def _peaks(focal: pl.DataFrame) -> list[tuple[str, str, str | None]]:
    """The strongest band of each arm and kind at an FDR of 5 % that does not vary by itself: band, kind, genes."""
    sure = focal.filter((pl.col("q_value") < 0.05) & pl.col("caution").is_null()).with_columns(
        arm=pl.col("band").str.extract(r"^([0-9XY]+[pq])")
    )
    best = sure.sort("p_value", "kind", "band").unique(["kind", "arm"], keep="first", maintain_order=True)
    return list(best.select("band", "kind", "genes").iter_rows())


def _headline(estimates: list[Estimate]) -> Headline | None:
    middle = next((e for e in estimates if e.name == "median_fga"), None)
    if middle is None:
        return None
    return rated(said("headline.copy_number.fga", share=middle, samples=middle.n), middle, middle.name)


def _notes(cohort: Cohort, samples: pl.DataFrame) -> tuple[str, ...]:
    notes = []
    ratios = int((samples["basis"] == "log2 ratio").sum())
    if ratios:
        notes.append(f"{ratios} samples have log2 ratios alone: a low purity hides gains and losses there.")
    unknown = int(samples["is_doubled"].is_null().sum())
    if unknown:
        notes.append(f"Doubling, LOH and HRD of {unknown} samples are not assessable: no allele copies (minor_cn).")
    if cytobands(cohort.study.config.genome_build).is_empty():
        notes.append(
            "The genome build is not known: arms, bands, focal events and HRD are not assessed (genome_build)."
        )
    kinds = set(cohort.study["assays"]["kind"].drop_nulls())
    if kinds & {"wes", "panel"}:
        notes.append("Segments of exomes and panels miss small events; scars were defined on whole genomes.")
    return tuple(notes)


def _changed(states: pl.DataFrame, bands: list[str]) -> tuple[list[str], list[str]]:
    """The patients measured, and of each band which of them gain or lose it (`oncourse.plots.theme.bitmap`)."""
    from oncourse.plots.theme import bitmap

    patients = states["patient_id"].unique().sort().to_list()
    place = {p: i for i, p in enumerate(patients)}
    changed = states.filter(pl.col("state").is_in(["gain", "loss"])).group_by("band").agg(pl.col("patient_id").unique())
    inside = {}
    for band, who in changed.iter_rows():
        inside[band] = np.zeros(len(patients), bool)
        inside[band][[place[p] for p in who]] = True
    return patients, [bitmap(inside[b]) if b in inside else "" for b in bands]


def _figures(cohort: Cohort, groups: pl.DataFrame) -> list[Figure]:
    from oncourse.plots.copy_number import frequency_svg, heat_map_svg

    found = cohort.copy_profile
    if found.bands.is_empty():
        return []
    chroms, index = found.bands["chrom"].to_list(), {b: i for i, b in enumerate(found.bands["band"])}
    length = (found.bands["end"] - found.bands["start"] + 1).to_numpy().astype(float)
    marks: list[tuple[int, str, bool, str]] = []
    who = {(b, k): p for b, k, p in found.focal.select("band", "kind", "patients").iter_rows()}
    for band, kind, genes in _peaks(found.focal)[:10]:
        if band in index and not any(at == index[band] for at, *_ in marks):
            words = band if genes is None or len(genes) > 20 else f"{band} {genes}"
            marks.append((index[band], words, kind in ("amplification", "gain"), who[band, kind] or ""))
    figures = [
        Figure(
            "frequency",
            "Gains and losses along the genome",
            "Share of patients with a gain (up) or loss "
            "(down) of each band, against the ploidy; named: recurrent focal events at an FDR of 5 %. Tables "
            "copy_number/bands and copy_number/focal.",
            partial(
                frequency_svg,
                chroms,
                length,
                found.bands["gain_share"].to_numpy(),
                found.bands["loss_share"].to_numpy(),
                marks,
                list(index),
                _changed(found.band_states, list(index)),
            ),
        )
    ]
    ids = {s: i for i, s in enumerate(found.samples["sample_id"])}
    states = np.full((len(ids), len(index)), -9, np.int8)
    cells = found.band_states.filter(pl.col("band").is_in(list(index)) & pl.col("sample_id").is_in(list(ids)))
    at = cells.select(
        s=pl.col("sample_id").replace_strict(ids, return_dtype=pl.Int64),
        b=pl.col("band").replace_strict(index, return_dtype=pl.Int64),
        v=pl.col("state").replace_strict({"loss": -1, "neutral": 0, "gain": 1}, return_dtype=pl.Int8),
    )
    states[at["s"].to_numpy(), at["b"].to_numpy()] = at["v"].to_numpy()
    of = dict(groups.select("sample_id", "group").iter_rows())
    named = [of.get(s) for s in ids]
    changed = np.abs(states * (states > -9)).sum(1)
    order = sorted(range(len(ids)), key=lambda i: (named[i] or "~", -int(changed[i]), i))
    figures.append(
        Figure(
            "heat_map",
            "Copy number of every sample",
            "One row per sample, by group and share of the "
            "genome changed: orange gain, blue loss against the ploidy, grey not measured. "
            "Tables copy_number/samples "
            "and copy_number/arms.",
            partial(
                heat_map_svg,
                chroms,
                length,
                states,
                np.array(order, np.int64),
                named,
                (list(index), list(ids), found.samples["patient_id"].to_list()),
            ),
        )
    )
    return figures
