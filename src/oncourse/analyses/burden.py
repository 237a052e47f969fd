"""How many mutations, compared with whom; microsatellite instability and POLE from every source."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._group_tables import groups_table, share_tests_table, shares_table, tests_table
from oncourse.analyses._headline import Headline, cannot, rated
from oncourse.analyses._people import counted, ledger
from oncourse.analyses._shares import mean, median, share
from oncourse.cohort import Cohort
from oncourse.derive.genes.burden import BurdenParams
from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.derive.genes.group_shares import share_summaries, share_tests
from oncourse.derive.genes.hypermutation import LEAST_FOR_HIGH
from oncourse.derive.genes.kataegis import along_genome, distances, kataegis
from oncourse.derive.genes.sample_groups import group_summaries, group_tests
from oncourse.errors import NotEnoughData
from oncourse.genome.msi import tcga_burden
from oncourse.study.schema import Column
from oncourse.words.catalogue import braceless, said

_T, _F, _I = pl.String, pl.Float64, pl.Int64
SAMPLES = OutputTable(
    "burden/samples",
    "burden, MSI by every source and POLE of each sample",
    (
        Column("sample_id", _T, "the sample"),
        Column("patient_id", _T, "the patient"),
        Column("n_nonsynonymous", _I, "distinct protein-changing or splice-site variants"),
        Column("tmb_per_mb", _F, "of these per callable Mb; null where the size is unknown", unit="per Mb"),
        Column("ci_low", _F, "lower limit, exact Poisson", unit="per Mb"),
        Column("ci_high", _F, "upper limit", unit="per Mb"),
        Column("tmb_high", _T, "yes or no where the interval lies on one side of burden.tmb_high; else uncertain"),
        Column(
            "p_tmb_high",
            _F,
            "chance that the burden is at least burden.tmb_high (Jeffreys); null below 0.5 Mb",
            unit="fraction",
        ),
        Column("tmb_reported", _F, "burden as the source reports it (samples.tmb_per_mb)", unit="per Mb"),
        Column("caution", _T, "small panel, size not stated or not known, or no indel called"),
        Column("n_coding", _I, "distinct coding variants, silent ones included"),
        Column("n_indel_one_base", _I, "of these insertions or deletions of one base"),
        Column("n_indel_told", _I, "of these with known bases around them (a FASTA, or 5 on either side in the file)"),
        Column("n_indel_in_run", _I, "of these where the same base stands 5 times and more in a row"),
        Column(
            "p_msi_high",
            _F,
            "chance of MSI-H by the mutations; null without a size or without called indels",
            unit="fraction",
        ),
        Column("p_hypermutated", _F, "chance of hypermutation without instability", unit="fraction"),
        Column("msi_predicted", _T, "MSI-H, not MSI-H, or uncertain, by the mutations"),
        Column(
            "msi_recorded",
            _T,
            "MSI as recorded of the sample, or of its patient where no "
            "sample is named (status or score with a cut-off); unclear; null = not assessed",
        ),
        Column(
            "mmr_recorded",
            _T,
            "mismatch-repair proteins as recorded: deficient, proficient, unclear; null = not assessed",
        ),
        Column("pole", _T, "change in an exonuclease domain of POLE or POLD1, and whether the load goes with it"),
        Column("conflict", _T, "sources that disagree; null: none do"),
    ),
)
TCGA = OutputTable(
    "burden/tcga",
    "the study's burden beside the 33 TCGA cohorts",
    (
        Column("cohort", _T, "TCGA cohort, or this study"),
        Column("n", _I, "exomes (samples)"),
        Column("mean_per_mb", _F, "mean of non-silent mutations per Mb", unit="per Mb"),
        Column("median_per_mb", _F, "median", unit="per Mb"),
        Column("q25", _F, "lower quartile", unit="per Mb"),
        Column("q75", _F, "upper quartile", unit="per Mb"),
        Column("share_below", _F, "share of the cohort's exomes below this study's median", unit="fraction"),
    ),
)
GROUPS = groups_table("burden/groups", "burden by group: mean and median", "tmb_per_mb", "per Mb")
TESTS = tests_table("burden/tests", "burden of two groups compared, by patient", "tmb_per_mb", "per Mb")
_MSI = "MSI-H as recorded, or by the mutations"
MSI_GROUPS = shares_table("burden/msi_groups", "patients with MSI-H by group", _MSI)
MSI_TESTS = share_tests_table("burden/msi_tests", "MSI-H of two groups compared, by patient", _MSI)
FOCI = OutputTable(
    "burden/foci",
    "six and more substitutions of a sample at a mean distance of 1,000 bases (kataegis)",
    (
        Column("patient_id", _T, "the patient"),
        Column("sample_id", _T, "the sample"),
        Column("chrom", _T, "chromosome"),
        Column("start", _I, "first substitution, 1-based"),
        Column("end", _I, "last substitution"),
        Column("n_mutations", _I, "substitutions"),
        Column("mean_distance", _F, "from one to the next", unit="bases"),
        Column("share_c_to_t_or_g", _F, "C>T and C>G among them, as APOBEC makes them", unit="fraction"),
        Column(
            "expected",
            _F,
            "substitutions there if the sample's were spread as those of the others; null: too few others",
        ),
        Column("p_value", _F, "chance of so many, times the sample's substitutions (Bonferroni)"),
    ),
)
OWN = "this study"
#: Samples of the rainfall figure, one of a patient, and substitutions a sample without a focus needs to be in it.
RAINFALLS, MIN_RAIN = 4, 300


@analysis(
    title="Mutational burden and microsatellite instability",
    question="How many mutations do the tumours have, compared with other cancers, and which are hypermutated?",
    needs=("samples", "calls"),
    params=BurdenParams,
    tables=(SAMPLES, TCGA, GROUPS, TESTS, MSI_GROUPS, MSI_TESTS, FOCI),
    order=11,
)
def burden(cohort: Cohort, params: BurdenParams) -> Result:
    """Burden per Mb with exact intervals, beside TCGA and by group; MSI and POLE from every source."""
    reported = cohort.study["samples"].select("sample_id", tmb_reported="tmb_per_mb")
    samples = cohort.hypermutation.join(reported, on="sample_id", how="left", maintain_order="left")
    if samples.is_empty():
        raise NotEnoughData("No tumour sample was profiled for mutations.")
    sized = samples.drop_nulls("tmb_per_mb")
    estimates = _estimates(samples, sized)
    values = _values(cohort, sized, params)
    tests, unstable = group_tests(values), _unstable(cohort, samples, params)
    steps = distances(cohort.annotated_calls)
    foci = kataegis(steps)
    tables = {
        SAMPLES.name: SAMPLES.frame(samples),
        TCGA.name: TCGA.frame(_tcga_rows(sized, params)),
        GROUPS.name: GROUPS.frame(group_summaries(values)),
        TESTS.name: TESTS.frame(tests),
        MSI_GROUPS.name: MSI_GROUPS.frame(share_summaries(unstable)),
        MSI_TESTS.name: MSI_TESTS.frame(share_tests(unstable)),
        FOCI.name: FOCI.frame(foci),
    }
    unsized = samples.height - sized.height
    return Result(
        answer=_answer(estimates, tests),
        headline=_headline(estimates),
        estimates=tuple(estimates),
        tables=tables,
        figures=(*_figures(sized, values, params), *_rainfall(cohort, steps, foci)),
        people=_people(cohort, samples),
        samples_used=sized.select(
            "patient_id", "sample_id", pl.lit("every profiled tumour sample with a size").alias("reason")
        ),
        notes=_notes(samples, unsized),
        methods=(
            "Burden: distinct protein-changing or splice-site variants per callable Mb, Garwood's exact Poisson "
            f"interval. High: {params.tmb_high:g} per Mb; where the interval holds that number the burden is "
            f"uncertain. Below {LEAST_FOR_HIGH:g} Mb no burden is called high (Chalmers 2017).",
            "MSI by mutations: load per Mb, share of one-base indels, and where the bases around them are known their "
            "share in runs of one base. Three kinds of tumour (stable, MSI-H, hypermutated without instability), "
            "medians of TCGA colon and rectum; MSI-H from a chance of 90 %. Made for tumours whose germline variants "
            "were taken out.",
            "TCGA: non-silent mutations of 10,200 exomes (MC3, Ellrott 2018, as maftools ships them), per "
            f"{params.exome_mb:g} Mb; exomes without any are not among them.",
            "Foci: any six neighbouring substitutions within 5,000 bases, joined where they overlap (Alexandrov 2013, "
            "doi "
            "10.1038/nature12477); expected by the places of the other samples' substitutions.",
            "Groups: mean with t interval, median with order statistics, patients as clusters; tests by patient (Wilcoxon "
            "signed rank where a patient has both, else Mann-Whitney; Hodges and Lehmann's shift), Benjamini-Hochberg. "
            "MSI-H by group: patients with it in any sample of the group, Clopper-Pearson; McNemar and Tango's interval "
            "where a patient has both, else Fisher and Newcombe's.",
        ),
    )


#: Questions of the ledger.
PROFILED, SIZED, RECORDED = "samples profiled", "burden per Mb", "MSI recorded"
BY_MUTATIONS, TOLD = "MSI by mutations", "MSI told by mutations"


def _people(cohort: Cohort, samples: pl.DataFrame) -> pl.DataFrame:
    """The samples profiled for mutations; of these with a burden per Mb, and with MSI by mutations or as recorded."""
    everyone, none = cohort.study["patients"]["patient_id"], "no tumour sample profiled for mutations"
    told = {
        PROFILED: (pl.lit(True), ""),
        SIZED: (pl.col("tmb_per_mb").is_not_null(), "no burden per Mb: the assay's size is not known"),
        BY_MUTATIONS: (pl.col("msi_predicted").is_not_null(), "no size, or no insertion or deletion called"),
        TOLD: (
            pl.col("msi_predicted").is_in(["MSI-H", "not MSI-H"]),
            "no size, no insertion or deletion called, or a chance of MSI-H between 10 % and 90 %",
        ),
        RECORDED: (pl.col("msi_recorded").is_in(["MSI-H", "not MSI-H"]), "MSI not recorded, or unclear"),
    }
    parts = []
    for question, (has, why) in told.items():
        out = samples.filter(~has.fill_null(False)).select("patient_id", "sample_id", pl.lit(why).alias("reason"))
        parts.append(counted(question, everyone, samples.filter(has), out, rest=none, unit="sample"))
    return ledger(parts)


def _estimates(samples: pl.DataFrame, sized: pl.DataFrame) -> list[Estimate]:
    found = [Estimate("profiled_samples", samples.height, unit="count", method="counted", question=PROFILED)]
    if sized.height:
        x, whose = sized["tmb_per_mb"], sized["patient_id"]
        found += [
            median("median_burden", x, whose, "per_mb", SIZED),
            mean("mean_burden", x, whose, "per_mb", SIZED),
            share("tmb_high", sized["tmb_high"] == "yes", whose, SIZED),
        ]
    predicted = samples.drop_nulls("msi_predicted")
    if predicted.height:
        told = predicted.filter(pl.col("msi_predicted") != "uncertain")
        if told.height:
            found.append(share("msi_high_predicted", told["msi_predicted"] == "MSI-H", told["patient_id"], TOLD))
        expected = float(predicted["p_msi_high"].sum())
        found.append(
            Estimate(
                "msi_high_expected",
                expected,
                n=predicted.height,
                unit="score",
                method="sum of the chances of MSI-H",
                question=BY_MUTATIONS,
            )
        )
    recorded = samples.filter(pl.col("msi_recorded").is_in(["MSI-H", "not MSI-H"]))
    if recorded.height:
        found.append(share("msi_high_recorded", recorded["msi_recorded"] == "MSI-H", recorded["patient_id"], RECORDED))
    return found


def _answer(estimates: list[Estimate], tests: pl.DataFrame) -> str:
    known = {e.name for e in estimates}
    words = (
        "The median burden is {median_burden}, the mean {mean_burden}; it is high for certain in {tmb_high} of samples."
        if "median_burden" in known
        else "The burden per Mb of {profiled_samples} samples is not known: no assay states its size."
    )
    if "msi_high_recorded" in known:
        words += " {msi_high_recorded} of the samples are MSI-H as recorded."
    if "msi_high_predicted" in known:
        words += " By the mutations, {msi_high_predicted} of the samples are MSI-H."
    if tests.height and (first := tests.row(0, named=True))["q_value"] < 0.05:
        groups = f"{braceless(first['group_a'])} and {braceless(first['group_b'])}"
        words += f" The burden differs most between {groups} ({first['method']})."
    return words


def _headline(estimates: list[Estimate]) -> Headline:
    by = {e.name: e for e in estimates}
    samples = by["profiled_samples"]
    n = int(samples.value or 0)
    if "median_burden" not in by:
        return cannot(said("headline.burden.unsized", samples=n), said("reason.not_recorded"), samples.name)
    middle = by["median_burden"]
    return rated(said("headline.burden.median", samples=middle.n, burden=middle), middle, middle.name)


def _values(cohort: Cohort, sized: pl.DataFrame, params: BurdenParams) -> pl.DataFrame:
    """measure, sample_id, patient_id, group, value; by MSI as recorded where no group is named."""
    named = cohort.sample_groups(params.group_by or cohort.params(LandscapeParams).group_by)
    if named is None:
        groups = sized.select("sample_id", group=pl.col("msi_recorded"))
    else:
        groups = named.select("sample_id", "group")
    joined = sized.join(groups, on="sample_id", how="left", maintain_order="left")
    columns = ("sample_id", "patient_id", "group")
    return joined.select(pl.lit("tmb_per_mb").alias("measure"), *columns, value="tmb_per_mb")


def _unstable(cohort: Cohort, samples: pl.DataFrame, params: BurdenParams) -> pl.DataFrame:
    """measure, sample_id, patient_id, group, value (MSI-H): by the named group, else by the lesion's role."""
    named = cohort.sample_groups(params.group_by or cohort.params(LandscapeParams).group_by)
    groups = group_of_samples(cohort.study, "role") if named is None else named
    joined = samples.join(groups.select("sample_id", "group"), on="sample_id", how="left", maintain_order="left")
    said = joined.with_columns(
        recorded=pl.when(pl.col("msi_recorded").is_in(["MSI-H", "not MSI-H"])).then(pl.col("msi_recorded") == "MSI-H"),
        predicted=pl.when(pl.col("msi_predicted") != "uncertain").then(pl.col("msi_predicted") == "MSI-H"),
    )
    columns = ("sample_id", "patient_id", "group")
    return pl.concat(
        said.select(pl.lit(words).alias("measure"), *columns, value=name)
        for name, words in (("recorded", "MSI-H as recorded"), ("predicted", "MSI-H by the mutations"))
    )


def _tcga_rows(sized: pl.DataFrame, params: BurdenParams) -> list[dict[str, Any]]:
    if sized.is_empty():
        return []
    own = sized["tmb_per_mb"].to_numpy()
    middle = float(np.median(own))
    rows = []
    for name, values in [(OWN, own), *((c, v / params.exome_mb) for c, v in sorted(tcga_burden().items()))]:
        rows.append(
            {
                "cohort": name,
                "n": len(values),
                "mean_per_mb": float(np.mean(values)),
                "median_per_mb": float(np.median(values)),
                "q25": float(np.quantile(values, 0.25)),
                "q75": float(np.quantile(values, 0.75)),
                "share_below": float(np.mean(np.asarray(values) < middle)),
            }
        )
    return rows


def _notes(samples: pl.DataFrame, unsized: int) -> tuple[str, ...]:
    notes = []
    if unsized:
        notes.append(
            f"{unsized} samples have no burden per Mb and no MSI by mutations: assays.callable_mb gives the size."
        )
    reported = samples["tmb_reported"].drop_nulls()
    if reported.len():
        notes.append(
            f"The source itself gives a burden of {reported.len()} samples (median "
            f"{float(np.median(reported)):.3g} per Mb): table burden/samples, column tmb_reported."
        )
    silent = samples.filter(pl.col("tmb_per_mb").is_not_null() & pl.col("msi_predicted").is_null()).height
    if silent:
        notes.append(
            f"In {silent} samples of assays without one insertion or deletion MSI is not told by the mutations: "
            "they were not called, or not kept."
        )
    uncertain = int((samples["msi_predicted"] == "uncertain").sum())
    if uncertain:
        notes.append(f"The mutations leave MSI of {uncertain} samples open: they are in no share of MSI-H.")
    small = int((samples["caution"] == "small panel").sum())
    if small:
        notes.append(f"{small} samples are of panels below 1 Mb: their burden is uncertain beside that of exomes.")
    conflicts = int(samples["conflict"].is_not_null().sum())
    if conflicts:
        notes.append(f"In {conflicts} samples the sources of MSI disagree: table burden/samples, column conflict.")
    notes.append(
        "Published burdens are often means (MSK 2017: 1.74, 2.08, 4.02 per Mb by state): compare like with like."
    )
    return tuple(notes)


def _rainfall(cohort: Cohort, steps: pl.DataFrame, foci: pl.DataFrame) -> list[Figure]:
    """The samples with most mutations in a focus, then with most mutations."""
    from oncourse.genome.cytobands import CHROMOSOMES
    from oncourse.plots.rainfall import Rain, rainfall_svg

    sizes = steps.group_by("patient_id", "sample_id").len()
    most = foci.group_by("sample_id").agg(pl.col("n_mutations").max())
    order = sizes.join(most, on="sample_id", how="left").sort(
        "n_mutations", "len", "sample_id", descending=[True, True, False], nulls_last=True
    )
    order = order.filter(pl.col("n_mutations").is_not_null() | (pl.col("len") >= MIN_RAIN))
    order = order.unique("patient_id", keep="first", maintain_order=True)
    if order.is_empty():
        return []
    furthest = steps.group_by("chrom").agg(pl.col("pos").max())
    known = dict(furthest.iter_rows())
    ends = {c: int(known[c]) for c in CHROMOSOMES if c in known}
    drawn = steps.filter(pl.col("chrom").is_in(list(ends)) & pl.col("distance").is_not_null())
    rains = []
    for sample in order["sample_id"].head(RAINFALLS):
        own, spots = drawn.filter(pl.col("sample_id") == sample), foci.filter(pl.col("sample_id") == sample)
        patient = order.filter(pl.col("sample_id") == sample)["patient_id"][0]
        spots = spots.filter(pl.col("chrom").is_in(list(ends))).with_columns(pos="start")
        rains.append(
            Rain(
                sample,
                along_genome(own, ends),
                own["distance"].cast(pl.Float64).to_numpy(),
                own["change"].to_list(),
                along_genome(spots, ends).tolist(),
                patient,
            )
        )
    return [
        Figure(
            "rainfall",
            "Where mutations lie close together",
            "Each point a substitution: its place, and how many "
            "bases it lies behind the one before. An arrow marks a focus (table burden/foci). On exomes and panels "
            "distances are also those of the places looked at: see the expected number.",
            partial(rainfall_svg, rains, ends),
        )
    ]


def _figures(sized: pl.DataFrame, values: pl.DataFrame, params: BurdenParams) -> list[Figure]:
    from oncourse.plots.bars import grouped_points
    from oncourse.plots.cohort_burden import cohort_burden_svg

    if sized.is_empty():
        return []
    cohorts = {name: counts / params.exome_mb for name, counts in tcga_burden().items()}
    cohorts[OWN] = sized["tmb_per_mb"].to_numpy()
    figures = [
        Figure(
            "tcga",
            "Burden beside the TCGA cohorts",
            "Non-silent mutations per Mb of every sample, sorted "
            "within each cohort, cohorts by their median (line); this study in colour. Table burden/tcga.",
            partial(cohort_burden_svg, cohorts, OWN, sized["patient_id"].unique().sort().to_list()),
        )
    ]
    known = values.drop_nulls("group")
    sorted_groups = sorted(known.group_by(["group"], maintain_order=True))
    parts = {str(k[0]): g["value"].to_list() for k, g in sorted_groups}
    who = {str(k[0]): g["patient_id"].to_list() for k, g in sorted_groups}
    if len(parts) > 1:
        parts = dict(sorted(parts.items(), key=lambda item: -len(item[1]))[:8])
        figures.append(
            Figure(
                "groups",
                "Burden by group",
                "Mutations per Mb of each sample, sorted; the line is the "
                "median, the diamond the mean. Tables burden/groups and burden/tests.",
                partial(grouped_points, parts, ylabel="mutations per Mb", people=who),
            )
        )
    return figures
