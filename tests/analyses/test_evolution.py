"""The analysis of clones on a study of known clones."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses.evolution import evolution
from oncourse.cohort import Cohort
from oncourse.derive.clones.evolution import EvolutionParams
from oncourse.evolution.simulate import MetastasisPlan, SamplePlan, TumourPlan, simulate_tumour
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.validate import validate

MET = MetastasisPlan("met", "liver", "late", 1, found_day=200)
PLAN = TumourPlan(
    (MET,),
    (
        SamplePlan("p1", "primary", 0, purity=0.7),
        SamplePlan("p2", "primary", 0, purity=0.6),
        SamplePlan("m1", "met", 200, purity=0.6),
        SamplePlan("b1", "", 210, "ctdna", 0.2),
        SamplePlan("b2", "", 310, "ctdna", 0.1),
    ),
    n_subclones=2,
    p_wgd=0.0,
    mean_trunk_variants=20,
)


def as_study(tumours):
    """A study whose patients are simulated tumours."""
    tables: dict[str, list[pl.DataFrame]] = {}

    def add(name, frame):
        tables.setdefault(name, []).append(frame)

    for patient, tumour in tumours.items():
        own = pl.concat_str(pl.lit(f"{patient}-"), pl.col("sample_id")).alias("sample_id")
        lesion = pl.concat_str(pl.lit(f"{patient}-"), pl.col("lesion_id")).alias("lesion_id")
        patient_id = pl.lit(patient).alias("patient_id")
        add("patients", pl.DataFrame({"patient_id": [patient], "sex": ["male"]}))
        add("lesions", tumour.lesions.select(lesion, patient_id, "role", "site"))
        add(
            "samples",
            tumour.samples.select(own, patient_id, "material", lesion, "day", "purity", "tumor_fraction"),
        )
        add(
            "variants",
            tumour.variants.select("variant_id", gene=pl.lit("TP53"), consequence=pl.lit("missense")),
        )
        add("calls", tumour.counts.select(own, "variant_id", "alt_count", "depth"))
        add("segments", tumour.segments.with_columns(own))
    frames = {k: pl.concat(v, how="vertical_relaxed").unique(maintain_order=True) for k, v in tables.items()}
    typed, problems = validate(frames, StudyConfig())
    assert not [str(p) for p in problems if p.severity == "error"]
    return Study(StudyConfig(), typed)


@pytest.fixture(scope="module")
def tumours():
    return {f"P{i}": simulate_tumour(i, "analysis", PLAN) for i in (1, 2, 3)}


@pytest.fixture(scope="module")
def result(tumours):
    cohort = Cohort(as_study(tumours), settings={"evolution": {"average": False, "max_figures": 6}})
    return evolution(cohort, cohort.params(EvolutionParams))


def test_a_monoclonal_metastasis_of_the_primary_is_called_so(result, tumours):
    rows = result.tables["evolution/seeding"]
    assert rows.height == len(tumours)
    for row in rows.iter_rows(named=True):
        assert row["source"] == f"{row['patient_id']}-primary"
        assert row["clonality"] == "monoclonal" and row["probability"] > 0.5
        # two regions of the primary, late metastasis: never early
        assert row["divergence"] != "early"


def test_fractions_obey_the_sum_rule_and_trees_hang_on_the_root(result):
    clones = result.tables["evolution/clones"]
    total = clones.group_by("patient_id", "sample_id").agg(pl.col("fraction").sum())["fraction"]
    assert (total <= 1 + 1e-9).all() and (clones["fraction"] >= 0).all()
    assert ((clones["ci_low"] <= clones["fraction"]) & (clones["fraction"] <= clones["ci_high"])).all()
    trees = result.tables["evolution/trees"].filter(tree_rank=1)
    for _, edges in trees.group_by("patient_id"):
        parent = dict(edges.select("child_cluster", "parent_cluster").iter_rows())
        for child in parent:
            steps = 0
            while child != 0:
                child, steps = parent[child], steps + 1
                assert steps <= len(parent)


def test_truncal_variants_are_in_one_clone_on_the_root(result, tumours):
    """Most variants of the true founder are in clusters that are the founder of the tree or descend from it."""
    variants = result.tables["evolution/variants"].select("patient_id", "variant_id", "cluster_id").unique()
    trees = result.tables["evolution/trees"].filter(tree_rank=1)
    for patient, tumour in tumours.items():
        top = trees.filter(patient_id=patient, parent_cluster=0)["child_cluster"].to_list()
        founder = tumour.variants.filter(pl.col("clone_id") == "C0")["variant_id"].implode()
        of_founder = variants.filter((pl.col("patient_id") == patient) & pl.col("variant_id").is_in(founder))
        assert of_founder["cluster_id"].is_in(top).mean() > 0.7


def test_series_and_figures_are_there(result):
    growth = result.tables["evolution/growth"]
    assert set(growth["series"]) == {"plasma"}
    assert (growth["ci_low"] <= growth["rate_per_day"]).all() and (growth["rate_per_day"] <= growth["ci_high"]).all()
    one_of_each = {f.name.split("_")[0]: f for f in result.figures}
    assert {"seeding", "tree", "ccf", "pairs", "migration", "fish"} <= set(one_of_each)
    assert all(f.svg.startswith("<svg") for f in one_of_each.values())


def test_one_region_of_the_primary_never_gives_early(tumours):
    """Without the second region a lack of primary-clonal variants is not assessable."""
    plan = TumourPlan(
        (MetastasisPlan("met", "liver", "early", 1, found_day=200),),
        (SamplePlan("p1", "primary", 0, purity=0.7), SamplePlan("m1", "met", 200, purity=0.6)),
        mean_trunk_variants=20,
    )
    cohort = Cohort(as_study({"E": simulate_tumour(4, "early", plan)}), settings={"evolution": {"average": False}})
    row = evolution(cohort, cohort.params(EvolutionParams)).tables["evolution/seeding"].row(0, named=True)
    assert row["divergence"] == "not_assessable" and row["n_missing_clonal"] > 1 and row["p_early"] < 0.5


def test_without_a_primary_the_source_is_named_unknown():
    plan = TumourPlan(
        (MET, MetastasisPlan("met_b", "lung", "late", 1, found_day=300)),
        (SamplePlan("m1", "met", 200, purity=0.7), SamplePlan("m2", "met_b", 300, purity=0.6)),
        mean_trunk_variants=20,
    )
    tumour = simulate_tumour(1, "no primary", plan)
    study = as_study({"N": tumour})
    cohort = Cohort(study, settings={"evolution": {"average": False}})
    result = evolution(cohort, cohort.params(EvolutionParams))
    rows = result.tables["evolution/seeding"]
    assert "unknown" in set(rows["source"]) and not (rows["divergence"] == "early").any()
    assert any("no sample of the primary" in note for note in result.notes)


def test_drivers_say_what_kind_and_labels_name_the_known_ones_first(tumours):
    """APC nonsense and KRAS G12D stand before AKT1 of unknown meaning, in the figure too."""
    from oncourse.derive.clones.evolution_tables import driver_labels, driver_rows

    tumour = tumours["P1"]
    study = as_study({"P1": tumour})
    trunk = tumour.variants.filter(pl.col("clone_id") == "C0")["variant_id"][:3].to_list()
    facts = [("AKT1", "p.R25H", "missense"), ("APC", "p.R230*", "nonsense"), ("KRAS", "p.G12D", "missense")]
    named = pl.DataFrame(
        [(v, *fact) for v, fact in zip(trunk, facts, strict=True)],
        schema=["variant_id", "gene", "hgvs_p", "consequence"],
        orient="row",
    )
    others = study["variants"].drop("gene", "hgvs_p", "consequence")
    variants = others.join(named, on="variant_id", how="left").select(study["variants"].columns)
    tables = {name: study[name] for name in ("patients", "lesions", "samples", "calls", "segments")}
    cohort = Cohort(Study(study.config, {**tables, "variants": variants}), settings={"evolution": {"average": False}})
    (patient,) = cohort.evolution
    kinds = {row["gene"]: row["kind"] for row in driver_rows(patient)}
    assert kinds == {"AKT1": "other", "APC": "truncating", "KRAS": "recurrent"}
    assert [label for label in driver_labels(patient) if label] == ["APC, KRAS, AKT1"]


def test_histories_without_copy_numbers_are_never_told_as_answered():
    """A lost allele looks like a second clone: of crc_hu2019, three metastases of three came from several clones without
    segments, one of six with them."""
    from oncourse.analyses._base import Estimate
    from oncourse.analyses.evolution import _headline

    poly = Estimate("polyclonal_fraction", 0.0, 0.0, 0.05, n=20, unit="fraction")
    told = (Estimate("n_patients", 20, n=20), poly, Estimate("absences_by_calls", 0, n=9))
    with_copies, without = _headline(told), _headline(told, without_copies=True)
    assert with_copies.light == "answered"
    assert without.light == "uncertain" and str(without.reason) == "without copy numbers"
