"""The simulated tumour obeys its own truth."""

import numpy as np
import polars as pl
import pytest

from oncourse.evolution.simulate import MetastasisPlan, SamplePlan, TumourPlan, default_plan, simulate_tumour
from oncourse.evolution.simulate_reads import subtree_sums

LATE = MetastasisPlan("met_1", "liver", "late", 1, found_day=200)


def test_same_seed_and_name_give_the_same_tumour():
    plan = default_plan(3, "a")
    first, again = simulate_tumour(3, "a", plan), simulate_tumour(3, "a", plan)
    assert first.counts.equals(again.counts) and first.variants.equals(again.variants)
    assert not first.counts.equals(simulate_tumour(4, "a", plan).counts)


@pytest.mark.parametrize("number", range(8))
def test_fractions_sum_to_one_and_parents_are_born_first(number):
    tumour = simulate_tumour(1, f"p{number}", default_plan(1, f"p{number}", n_metastases=3))
    total = tumour.fractions.group_by("sample_id").agg(pl.col("fraction").sum())["fraction"].to_numpy()
    np.testing.assert_allclose(total, 1, atol=1e-9)
    born = dict(zip(tumour.clones["clone_id"], tumour.clones["born_day"], strict=True))
    ccf = {(s, c): x for s, c, x in tumour.fractions.select("sample_id", "clone_id", "ccf").iter_rows()}
    for child, parent in tumour.parent.items():
        if parent is not None:
            assert born[parent] <= born[child]
            assert all(x <= ccf[s, parent] + 1e-9 for (s, c), x in ccf.items() if c == child)


def test_counts_follow_the_expected_allele_fraction():
    """Mean of alt/depth equals purity * ccf * m / (purity * C + (1 - purity) * 2), see `vaf.expected_vaf`."""
    from oncourse.evolution.vaf import expected_vaf

    samples = tuple(SamplePlan(f"s{i}", "primary", 0, "wes", purity=0.6) for i in range(3))
    plan = TumourPlan((), samples, mean_trunk_variants=1500, neutral_tail=0, p_segment_event=0.6)
    tumour = simulate_tumour(5, "vaf", plan)
    rows = (
        tumour.counts.with_columns(pl.col("variant_id").str.split(":").list.first().alias("chrom"))
        .join(tumour.segments, on=["sample_id", "chrom"])
        .filter(pl.col("is_present") & (pl.col("depth") > 0))
    )
    assert rows["multiplicity"].n_unique() > 1 and rows["total_cn"].n_unique() > 1
    vaf = expected_vaf(0.6, rows["total_cn"], ccf=rows["ccf"], multiplicity=rows["multiplicity"])
    residual = rows["alt_count"].to_numpy() / rows["depth"].to_numpy() - vaf
    assert abs(residual.mean()) < 4 * residual.std() / np.sqrt(len(residual)) + 1e-3


def test_early_metastasis_lacks_variants_that_are_clonal_in_the_primary():
    plan = TumourPlan(
        (MetastasisPlan("met_1", "liver", "early", 1, found_day=200),),
        (SamplePlan("p", "primary"), SamplePlan("m", "met_1", 200)),
    )
    tumour = simulate_tumour(2, "early", plan)
    ccf = tumour.fractions.pivot(on="sample_id", index="clone_id", values="ccf")
    assert ((ccf["p"] > 0.98) & (ccf["m"] == 0)).sum() == 1
    assert tumour.lesions.filter(lesion_id="met_1")["divergence"].item() == "early"


def test_polyclonal_seeding_records_every_founder():
    plan = TumourPlan((MetastasisPlan("met_1", "liver", "late", 3),), (SamplePlan("m", "met_1", 0),), n_subclones=5)
    seen = {simulate_tumour(s, "poly", plan).migrations.height for s in range(20)}
    assert max(seen) > 1
    for s in range(20):
        tumour = simulate_tumour(s, "poly", plan)
        clonality = tumour.lesions.filter(lesion_id="met_1")["clonality"].item()
        assert (clonality == "polyclonal") == (tumour.migrations.height > 1)


def test_lost_chromosome_takes_older_variants_with_it():
    plan = TumourPlan((LATE,), (SamplePlan("m", "met_1", 200),), p_lesion_loss=0.9, p_wgd=0, p_segment_event=0)
    counts = simulate_tumour(1, "loss", plan).counts
    lost = counts.filter(pl.col("multiplicity") == 0)
    assert lost.height > 5 and not lost["is_present"].any()
    assert lost["alt_count"].sum() < 0.01 * lost["depth"].sum()


def test_resistant_clone_grows_through_treatment_in_plasma():
    plan = TumourPlan(
        (),
        tuple(SamplePlan(f"t{d}", "", d, "ctdna", 0.3) for d in (0, 300)),
        treatments=((0, 300),),
        n_subclones=5,
        p_resistant=0.5,
    )
    rose = []
    for seed in range(12):
        tumour = simulate_tumour(seed, "t", plan)
        wide = tumour.fractions.pivot(on="sample_id", index="clone_id", values="fraction").join(
            tumour.clones, on="clone_id"
        )
        if wide["is_resistant"].any():
            resistant = wide.filter("is_resistant")
            rose.append(resistant["t300"].sum() > resistant["t0"].sum())
    assert len(rose) > 5 and all(rose)


def test_ffpe_artefacts_are_private_and_low():
    plan = TumourPlan((), (SamplePlan("a", "primary", is_ffpe=True), SamplePlan("b", "primary")), ffpe_artefacts=40)
    tumour = simulate_tumour(1, "ffpe", plan)
    artefacts = tumour.variants.filter(pl.col("kind") == "artefact")
    assert set(artefacts["ref"] + artefacts["alt"]) == {"CT", "GA"}
    vaf = (
        tumour.counts.join(artefacts, on="variant_id", how="semi")
        .group_by("sample_id")
        .agg((pl.col("alt_count").sum() / pl.col("depth").sum()).alias("vaf"))
    )
    vaf = dict(vaf.iter_rows())
    assert 0.02 < vaf["a"] < 0.08 and vaf["b"] < 0.005


def test_subtree_sums_by_definition():
    parent = np.array([-1, 0, 0, 1, 1])
    eta = np.arange(5.0)[:, None]
    # 0 holds all (10), 1 holds 1 + 3 + 4 = 8
    assert subtree_sums(parent, eta).ravel().tolist() == [10, 8, 2, 3, 4]


def test_a_sample_of_a_lesion_not_yet_there_is_refused():
    with pytest.raises(ValueError, match="does not exist"):
        simulate_tumour(1, "x", TumourPlan((LATE,), (SamplePlan("m", "met_1", -5000),)))
