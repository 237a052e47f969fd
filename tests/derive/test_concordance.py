"""Pairs, states, statuses and relatedness of small studies whose answers are known by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.concordance.pairs import pair_counts
from oncourse.derive.concordance.relatedness import log10_likelihood_ratio, relatedness_table
from oncourse.errors import ConfigError, NotEnoughData
from oncourse.facts.statuses import parse_status
from oncourse.stats.rng import generator
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def study(**tables):
    """Return a Study of the given rows (lists of dicts), missing columns null."""
    full = {}
    for name, rows in tables.items():
        spec = TABLES[name].by_name
        frame = pl.DataFrame(rows, infer_schema_length=None) if rows else TABLES[name].empty()
        full[name] = frame.select(
            (pl.col(c) if c in frame.columns else pl.lit(None)).cast(s.dtype).alias(c) for c, s in spec.items()
        )
    return Study(StudyConfig(genome_build="GRCh37"), full)


def call(sample, variant, alt=None, depth=None, **more):
    return {"sample_id": sample, "variant_id": variant, "alt_count": alt, "depth": depth, **more}


TRUNK = [f"1:{1000 + i}:C:T" for i in range(12)]


def primary_and_metastasis(extra_calls=(), purity_b=0.6, assays=(), assay_b=None, variants=(), **more):
    """Twelve clonal trunk mutations in P1 (purity 0.6, 200x) and M1, counted in both."""
    calls = [call(s, v, 60, 200) for v in TRUNK for s in ("P1", "M1")]
    if purity_b != 0.6:
        calls = [
            call(c["sample_id"], c["variant_id"], round(100 * purity_b) if c["sample_id"] == "M1" else 60, 200)
            for c in calls
        ]
    return study(
        patients=[{"patient_id": "A", "sex": "female"}],
        lesions=[
            {"lesion_id": "P", "patient_id": "A", "role": "primary"},
            {"lesion_id": "M", "patient_id": "A", "role": "metastasis"},
        ],
        samples=[
            {"sample_id": "P1", "patient_id": "A", "material": "tissue", "lesion_id": "P", "purity": 0.6},
            {
                "sample_id": "M1",
                "patient_id": "A",
                "material": "tissue",
                "lesion_id": "M",
                "purity": purity_b,
                "assay_id": assay_b,
            },
        ],
        assays=list(assays),
        variants=[{"variant_id": v, "gene": f"G{i}"} for i, v in enumerate(TRUNK)] + list(variants),
        calls=calls + list(extra_calls),
        **more,
    )


def fate(cohort, variant):
    rows = registry()["concordance"].run(cohort).tables["concordance/variants"].filter(pl.col("variant_id") == variant)
    return rows.row(0, named=True)


def test_a_private_mutation_needs_power_in_the_other_sample():
    """0 of 200 reads at purity 0.6 is absent; 0 of 8 is not assessable: a clone would give 2.4 reads."""
    cohort = Cohort(
        primary_and_metastasis(
            [
                call("P1", "2:1:A:G", 60, 200),
                call("M1", "2:1:A:G", 0, 200),
                call("P1", "2:2:A:G", 60, 200),
                call("M1", "2:2:A:G", 0, 8),
            ]
        )
    )
    deep, shallow = fate(cohort, "2:1:A:G"), fate(cohort, "2:2:A:G")
    assert (deep["state"], deep["basis"], deep["reason_b"]) == ("private_a", "counted", "no_reads")
    assert (shallow["state"], shallow["reason_b"]) == ("not_assessable", "low_depth")
    counts = pair_counts(cohort.pairs).row(0, named=True)
    assert (counts["n_shared"], counts["n_private_a"], counts["n_not_assessable"]) == (12, 1, 1)


def test_low_purity_is_told_apart_from_low_depth():
    """0 of 60 reads at purity 0.08: 2.4 reads expected, though 60 reads of pure tumour would show 30."""
    cohort = Cohort(
        primary_and_metastasis([call("P1", "2:1:A:G", 60, 200), call("M1", "2:1:A:G", 0, 60)], purity_b=0.08)
    )
    assert fate(cohort, "2:1:A:G")["reason_b"] == "low_purity"


@pytest.mark.parametrize("material, column", [("tissue", "purity"), ("plasma", "tumor_fraction")])
def test_absent_is_not_said_where_the_interval_of_the_tumour_fraction_leaves_it_open(material, column):
    """0 of 80 reads at 0.3: absent; were the fraction 0.05 to 0.9, two reads or none may be a clone's."""
    calls = [call("P1", "2:1:A:G", 60, 200), call("M1", "2:1:A:G", 0, 80)]
    said = []
    for ends in ((None, None), (0.05, 0.9)):
        made = primary_and_metastasis(calls, purity_b=0.3)
        own = pl.col("sample_id") == "M1"
        given = {column: 0.3, f"{column}_ci_low": ends[0], f"{column}_ci_high": ends[1], "material": material}
        samples = made["samples"].with_columns(
            pl.when(own).then(pl.lit(value)).otherwise(name).alias(name) for name, value in given.items()
        )
        made = Study(made.config, {**made.tables, "samples": samples})
        said.append(Cohort(made).presence.cells.filter(variant_id="2:1:A:G", sample_id="M1").row(0, named=True))
    assert [x["state"] for x in said] == ["absent", "not_assessable"]
    assert said[1]["reason"] == "low_purity" and said[1]["power"] < 0.95 <= said[0]["power"]


def test_a_call_without_counts_in_the_other_sample_is_assumed():
    found = fate(Cohort(primary_and_metastasis([call("P1", "2:1:A:G", 60, 200)])), "2:1:A:G")
    assert (found["state"], found["basis"], found["depth_b"]) == ("private_a", "assumed", None)


def test_a_gene_off_the_other_panel_is_not_assessable():
    made = primary_and_metastasis(
        [call("P1", "2:1:A:G", 60, 200)],
        assays=[{"assay_id": "small", "targets": ";".join(f"G{i}" for i in range(12))}],
        assay_b="small",
        variants=[{"variant_id": "2:1:A:G", "gene": "OFF"}],
    )
    found = fate(Cohort(made), "2:1:A:G")
    assert (found["state"], found["reason_b"], found["plain_state"]) == (
        "not_assessable",
        "not_covered",
        "not_assessable",
    )


def test_a_variant_gone_with_its_locus_is_absent_by_loss():
    """One copy left in M1 without reads, both alleles in P1: lost, not private; it counts as shared ancestry."""
    segments = [
        {"sample_id": s, "chrom": "2", "start": 1, "end": 100, "total_cn": cn, "minor_cn": minor}
        for s, cn, minor in (("P1", 2, 1), ("M1", 1, 0))
    ]
    cohort = Cohort(
        primary_and_metastasis([call("P1", "2:1:A:G", 60, 200), call("M1", "2:1:A:G", 0, 200)], segments=segments)
    )
    found = fate(cohort, "2:1:A:G")
    assert (found["reason_b"], found["is_lost"]) == ("lost_locus", True)
    row = registry()["concordance"].run(cohort).tables["concordance/pairs"].row(0, named=True)
    assert (row["n_lost"], row["n_private_a"], row["shared_fraction"]) == (1, 0, 1.0)


def test_a_handful_of_reads_in_one_lesion_is_no_proof():
    """4 of 200 reads in P1 alone, called: background gives that as easily, so the call is not assessable."""
    found = fate(
        Cohort(primary_and_metastasis([call("P1", "2:1:A:G", 4, 200, is_called=True), call("M1", "2:1:A:G", 0, 200)])),
        "2:1:A:G",
    )
    assert (found["state"], found["reason_a"], found["plain_state"]) == (
        "not_assessable",
        "weak_call",
        "private_a",
    )


def test_a_recorded_call_is_never_called_absent():
    """3 of 480 reads look like background, but someone called them: not assessable."""
    extra = [call("M1", "2:1:A:G", 3, 480, is_called=True), call("P1", "2:1:A:G", 0, 480)]
    found = fate(Cohort(primary_and_metastasis(extra)), "2:1:A:G")
    assert (found["state"], found["reason_b"]) == ("not_assessable", "weak_call")


def test_one_indel_written_in_two_places_is_one_variant():
    """Deletion of T in a run of T, at 100 by one caller and 104 by the other."""
    extra = [call("P1", "3:100:T:-", 60, 200), call("M1", "3:104:T:-", 60, 200)]
    found = fate(Cohort(primary_and_metastasis(extra)), "3:100:T:-")
    assert found["state"] == "shared"
    # in one sample both: two variants
    both = [*extra, call("P1", "3:104:T:-", 60, 200)]
    assert fate(Cohort(primary_and_metastasis(both)), "3:100:T:-")["state"] == "private_a"


def test_two_alleles_at_one_site_are_related_and_merged_only_on_request():
    extra = [
        call("P1", "3:100:C:T", 60, 200),
        call("M1", "3:100:C:T", 0, 200),
        call("M1", "3:100:C:A", 60, 200),
        call("P1", "3:100:C:A", 0, 200),
    ]
    made = primary_and_metastasis(extra)
    found = fate(Cohort(made), "3:100:C:T")
    assert (found["state"], found["related_variant_id"]) == ("private_a", "3:100:C:A")
    merged = fate(Cohort(made, {"concordance": {"merge_same_site": True}}), "3:100:C:A")
    assert (merged["state"], merged["related_variant_id"]) == ("shared", None)


def test_germline_is_left_out_and_white_cells_make_chip():
    made = study(
        patients=[{"patient_id": "A"}],
        lesions=[{"lesion_id": "P", "patient_id": "A", "role": "primary"}],
        samples=[
            {"sample_id": "T", "patient_id": "A", "material": "tissue", "lesion_id": "P", "purity": 0.6},
            {"sample_id": "B", "patient_id": "A", "material": "plasma", "tumor_fraction": 0.2},
            {"sample_id": "W", "patient_id": "A", "material": "white_cells"},
        ],
        variants=[{"variant_id": v, "gene": "G"} for v in TRUNK]
        + [{"variant_id": "2:1:A:G", "gene": "DNMT3A"}, {"variant_id": "2:9:A:G", "gene": "BRCA2"}],
        calls=[call(s, v, k, 800) for v in TRUNK for s, k in (("T", 240), ("B", 80))]
        + [call("T", "2:1:A:G", 6, 800), call("B", "2:1:A:G", 40, 800), call("W", "2:1:A:G", 42, 800)]
        + [call("T", "2:9:A:G", 400, 800), call("B", "2:9:A:G", 390, 800), call("W", "2:9:A:G", 410, 800)],
    )
    result = registry()["concordance"].run(Cohort(made))
    states = result.tables["concordance/states"]
    assert set(states.filter(pl.col("variant_id") == "2:1:A:G")["reason"]) == {"chip"}
    assert set(states.filter(pl.col("variant_id") == "2:9:A:G")["reason"]) == {"germline"}
    assert "2:9:A:G" not in set(result.tables["concordance/variants"]["variant_id"])
    summary = result.tables["concordance/summary"].filter(pl.col("estimand") == "shared_fraction_called")
    assert dict(summary.filter(pl.col("set") == "all").select("chip", "n_variants").iter_rows()) == {
        "with": 13,
        "without": 12,
    }


def test_main_pairs_are_the_deepest_then_the_first():
    made = primary_and_metastasis()
    samples = (
        made["samples"]
        .vstack(
            made["samples"]
            .filter(pl.col("sample_id") == "M1")
            .with_columns(sample_id=pl.lit("M0"), mean_depth=pl.lit(50.0))
        )
        .vstack(made["samples"].filter(pl.col("sample_id") == "M1").with_columns(sample_id=pl.lit("M2")))
    )
    calls = made["calls"].vstack(made["calls"].filter(pl.col("sample_id") == "M1").with_columns(sample_id=pl.lit("M2")))
    cohort = Cohort(Study(made.config, {**made.tables, "samples": samples, "calls": calls}))
    main = cohort.pairs.pairs.filter(pl.col("is_main") & (pl.col("comparison") == "primary v metastasis"))
    assert main.select("sample_a", "sample_b").row(0) == ("P1", "M1")
    assert set(cohort.pairs.pairs["comparison"]) == {"primary v metastasis", "within lesion"}


def ras_study(change_a, depth_b, alt_b, coverage=()):
    extra = [call("P1", "12:25398284:C:T", 60, 200)]
    if depth_b is not None:
        extra.append(call("M1", "12:25398284:C:T", alt_b, depth_b))
    variants = [{"variant_id": "12:25398284:C:T", "gene": "KRAS", "hgvs_p": change_a, "consequence": "missense"}]
    return primary_and_metastasis(extra, variants=variants, coverage=list(coverage))


def ras_of(made):
    cohort = Cohort(made)
    found = cohort.statuses.filter(pl.col("status") == "RAS")
    return {r["sample_id"]: (r["state"], r["basis"]) for r in found.iter_rows(named=True)}


def test_ras_wild_type_has_a_basis():
    assert ras_of(ras_study("p.G12D", 200, 0)) == {
        "P1": ("positive", "counted"),
        # the codon of the primary's mutation was counted, the other eleven were not: no measured wild type
        "M1": ("negative", "assumed"),
    }
    assert ras_of(ras_study("p.G12D", None, None))["M1"] == ("negative", "assumed")
    assert ras_of(ras_study("p.G12D", 6, 0))["M1"] == ("not_assessable", None)
    # codon 12 by position where no protein change is given; another codon of the gene is no RAS mutation
    assert ras_of(ras_study(None, 200, 0))["P1"] == ("positive", "counted")
    assert ras_of(ras_study("p.T35I", 200, 0))["P1"] == ("negative", "assumed")


def test_coverage_makes_a_wild_type_measured_or_not_assessable():
    def rows(depth):
        return [
            {"sample_id": "M1", "gene": g, "codon": c, "min_depth": depth}
            for g in ("KRAS", "NRAS")
            for c in (12, 13, 59, 61, 117, 146)
        ]

    other = "p.T35I"  # no RAS codon: only coverage can make the wild type measured
    assert ras_of(ras_study(other, 200, 60, rows(200)))["M1"] == ("negative", "measured")
    assert ras_of(ras_study(other, 200, 60, rows(5)))["M1"] == ("not_assessable", None)


def test_a_lost_ras_mutation_is_listed_with_its_counts():
    result = registry()["ras_status"].run(Cohort(ras_study("p.G12D", 200, 0)))
    flip = result.tables["ras_status/flips"].row(0, named=True)
    assert (flip["state_a"], flip["state_b"], flip["alt_a"], flip["depth_b"]) == (
        "positive",
        "negative",
        60,
        200,
    )
    assert "wild type in the second sample" in flip["consequence_for_therapy"]
    table = (
        result.tables["ras_status/statuses"]
        .filter((pl.col("status") == "RAS") & (pl.col("set") == "all"))
        .row(0, named=True)
    )
    assert (table["n_both"], table["n_a_only"], table["discordance_high"]) == (0, 1, 1.0)


def test_a_status_of_the_study_is_read_and_nonsense_is_refused():
    status = parse_status("mine", ["EGFR codon 790", "MET amplification", "BRCA2", "KRAS p.G12C"])
    assert status.codons == {"EGFR": (790,), "BRCA2": (), "KRAS": (12,)} and status.amplified == ("MET",)
    with pytest.raises(ConfigError, match="not understood"):
        parse_status("mine", ["KRAS twelve"])


def test_swaps_are_flagged_and_true_pairs_are_not():
    """1,000 pairs each: 25 assessable variants; true pairs share 10-90 %, strangers at most a hotspot."""
    rng, n = generator(3, "swap"), 1000
    pair = np.repeat(np.arange(n), 25)
    frequency = np.where(np.arange(len(pair)) % 25 == 0, 0.14, 1e-4)
    share = np.repeat(rng.uniform(0.1, 0.9, n), 25)
    true = log10_likelihood_ratio(pair, rng.random(len(pair)) < share, frequency, n)
    strangers = log10_likelihood_ratio(pair, rng.random(len(pair)) < frequency, frequency, n)
    assert (true < 1).mean() <= 0.01
    assert (strangers >= 1).mean() <= 0.01


def test_few_variants_are_uninformative_and_a_swap_is_unrelated():
    few = primary_and_metastasis()
    keep = pl.col("variant_id").is_in(TRUNK[:2])
    private = study(
        **{k: few[k].to_dicts() for k in ("patients", "lesions", "samples")},
        variants=[],
        calls=[call("P1", v, 60, 200) for v in TRUNK]
        + [call("M1", v, 0, 200) for v in TRUNK]
        + [call("M1", f"5:{i}:A:C", 60, 200) for i in range(12)]
        + [call("P1", f"5:{i}:A:C", 0, 200) for i in range(12)],
    )
    verdicts = []
    for made in (
        few,
        Study(few.config, {**few.tables, "calls": few["calls"].filter(keep & (pl.col("sample_id") == "P1"))}),
        private,
    ):
        cohort = Cohort(made)
        verdicts.append(relatedness_table(made, cohort.presence, cohort.pairs)["verdict"][0])
    assert verdicts == ["related", "uninformative", "unrelated"]


def test_swapping_the_samples_swaps_the_answer():
    extra = [call("P1", "2:1:A:G", 60, 200), call("M1", "2:1:A:G", 0, 200)]
    made = primary_and_metastasis(extra)
    turned = made["lesions"].with_columns(
        role=pl.col("role").replace({"primary": "metastasis", "metastasis": "primary"})
    )
    one = pair_counts(Cohort(made).pairs).row(0, named=True)
    other = pair_counts(Cohort(Study(made.config, {**made.tables, "lesions": turned})).pairs).row(0, named=True)
    assert (one["sample_a"], one["n_private_a"], one["n_private_b"]) == ("P1", 1, 0)
    assert (other["sample_a"], other["n_private_a"], other["n_private_b"]) == ("M1", 0, 1)


def test_one_sample_per_patient_is_said():
    made = primary_and_metastasis()
    alone = made.select(without_samples=["M1"])
    with pytest.raises(NotEnoughData, match="two tumour samples"):
        registry()["concordance"].run(Cohort(alone))


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        ("p.K437Rfs*5", "p.K437fs", "shared"),
        ("p.K437fs*5", "p.L441fs*1", "private_a"),
        (None, "p.K437fs", "shared"),
    ],
)
def test_a_frameshift_is_known_by_where_it_begins(one, other, state):
    """Annotators write its new amino acid and length, or do not; another codon is another event."""
    extra = [call("P1", "3:100:T:-", 60, 200), call("M1", "3:104:T:-", 60, 200)]
    names = [
        {"variant_id": "3:100:T:-", "gene": "ACVR2A", "hgvs_p": one},
        {"variant_id": "3:104:T:-", "gene": "ACVR2A", "hgvs_p": other},
    ]
    assert fate(Cohort(primary_and_metastasis(extra, variants=names)), "3:100:T:-")["state"] == state


def test_calls_below_the_assays_own_rule_do_not_stand_for_others():
    """Ten recorded calls of 4 of 500 reads (rule: 2 %) in M1 alone: no chance of such a call is known."""
    weak = [call("M1", f"5:{i}:A:G", 4, 500, is_called=True) for i in range(10)]
    weak += [call("P1", f"5:{i}:A:G", 0, 500) for i in range(10)]
    made = two_patients(primary_and_metastasis(weak))
    summary = registry()["concordance"].run(Cohort(made)).tables["concordance/summary"]
    latent = summary.filter((pl.col("estimand") == "shared_fraction_latent") & (pl.col("set") == "all"))
    assert latent["n_variants"].unique().to_list() == [24] and latent["estimate"].min() > 0.95
    assert latent["n_patients"].unique().to_list() == [2]


def two_patients(made):
    """Return the study of patient A with a copy of A as patient B."""
    tables = dict(made.tables)
    for name in ("patients", "lesions", "samples", "calls"):
        keys = [c for c in ("patient_id", "lesion_id", "sample_id") if c in made[name].columns]
        copy = made[name].with_columns(
            pl.lit("B").alias(c) if c == "patient_id" else pl.col(c).str.replace("^", "B") for c in keys
        )
        tables[name] = pl.concat([made[name], copy])
    return Study(made.config, tables)


def test_without_any_depth_nothing_is_present_that_was_not_called():
    """Bare calls of twelve patients: 8 shared, 4 in each sample alone; the shares learned must not fill the gaps."""
    patients, lesions, samples, calls = [], [], [], []
    for i in range(12):
        p = f"A{i}"
        patients.append({"patient_id": p})
        for side, role in (("P", "primary"), ("M", "metastasis")):
            lesions.append({"lesion_id": p + side, "patient_id": p, "role": role})
            samples.append({"sample_id": p + side, "patient_id": p, "material": "tissue", "lesion_id": p + side})
            kept = [*range(8), *(range(8, 12) if side == "P" else range(12, 16))]
            calls += [call(p + side, f"{i + 1}:{100 + k}:C:T") for k in kept]
    ids = sorted({c["variant_id"] for c in calls})
    made = study(
        patients=patients,
        lesions=lesions,
        samples=samples,
        calls=calls,
        variants=[{"variant_id": v} for v in ids],
    )
    result = registry()["concordance"].run(Cohort(made))
    states = result.tables["concordance/states"]
    assert dict(states.group_by("reason").len().iter_rows()) == {"called": 288, "not_called": 96}
    assert states["power"].null_count() == states.height
    summary = result.tables["concordance/summary"].filter((pl.col("set") == "all") & (pl.col("chip") == "without"))
    found = dict(summary.select("estimand", "estimate").iter_rows())
    assert found["shared_fraction_assessable"] == found["shared_fraction_called"] == 0.5
    assert found["assumed_fraction"] == 1.0
    # a correction for power needs power
    assert "shared_fraction_latent" not in found and "excess_discordance" not in found
    open_ended = Cohort(made, {"presence": {"unknown_depth": "not_assessable"}})
    reasons = registry()["concordance"].run(open_ended).tables["concordance/states"]["reason"]
    assert set(reasons) == {"called", "depth_unknown"}


def test_identical_lesions_do_not_differ_because_reads_spread(monkeypatch):
    """Three studies of six patients, half of the variants subclonal, 60x, the same cell fractions in both lesions, reads
    of concentration 20: of twenty such studies 55 % were said to differ beyond noise, the spread being learned too
    small."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    import stress_evolution
    from oncourse.derive.concordance import concordance_summary

    def p_values():
        for cohort in cohorts:
            table = registry()["concordance"].run(cohort).tables["concordance/summary"]
            yield table.filter(pl.col("estimand") == "excess_discordance_p_value", pl.col("set") == "all")["estimate"][
                0
            ]

    made = [stress_evolution.cells(6, precision=20.0, identical=True, n_variant=40, seed=s)[0] for s in range(3)]
    cohorts = [Cohort(x) for x in made]
    assert sum(p < 0.05 for p in p_values()) <= 1
    monkeypatch.setattr(concordance_summary, "SPREADS_ASKED", np.array([]))
    cohorts = [Cohort(x) for x in made]
    assert sum(p < 0.05 for p in p_values()) >= 2


@pytest.mark.parametrize(("times", "is_given"), [(1, True), (10, False), (30, False)])
def test_no_shared_fraction_where_errors_hide_small_clones(times, is_given):
    """Three fifths shared, 8 patients at 60x. With errors thirty times those told .96 of what could be judged was shared,
    .94 corrected for power: what is usual beforehand, not what the reads say. With ten times as many it was uncertain,
    and up to .1 too high where errors differ between places."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    import stress_evolution

    made, _ = stress_evolution.cells(8, depth=60, error=1e-3 * times, n_variant=50, seed=2)
    result = registry()["concordance"].run(Cohort(made))
    rows = result.tables["concordance/summary"].filter(
        pl.col("estimand").is_in(["shared_fraction_assessable", "shared_fraction_latent"]), pl.col("set") == "all"
    )
    assert rows["estimate"].is_not_null().all() if is_given else rows["estimate"].is_null().all()
    hidden = any("as likely errors as a small clone" in note for note in result.notes)
    noisy = any("most samples have, or may have, more errors" in note for note in result.notes)
    assert (hidden, noisy) == (times == 30, times == 10)
    assert ("too many errors" in result.answer) == hidden
    if not is_given:
        why = "reason.read_errors" if hidden else "reason.noisy"
        assert (result.headline.light, result.headline.reason.key) == ("cannot", why)
