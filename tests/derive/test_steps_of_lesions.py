"""Steps between the lesions of a patient, each asked alone on few variants and worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.clones import evolution
from oncourse.derive.clones.evolution import EvolutionParams, evolve
from oncourse.derive.clones.evolution_tables import driver_rows
from oncourse.derive.clones.heterogeneity import HeterogeneityParams, _pairs
from oncourse.derive.concordance.discordance import LeastData, predictor_table


def driven(p_lost, p_present, depth, *, primary=0, labels=None):
    """Rows of drivers on samples of the primary, of the metastases a (two samples) and b, and of no lesion."""
    n = len(p_lost)
    variants = {"variant_id": [f"v{i}" for i in range(n)], "gene": "TTN", "consequence": "missense", "hgvs_p": None}
    variants = pl.DataFrame(variants).with_columns(pl.col("hgvs_p").cast(pl.String))
    patient = SimpleNamespace(
        patient_id="P",
        clustering=SimpleNamespace(
            p_lost=np.array(p_lost), variant_p_present=np.array(p_present), labels=np.array(labels or [0] * n)
        ),
        clones=SimpleNamespace(variants=variants, depth=np.array(depth)),
        site_of_sample=np.array([0, 1, 1, 2, -1]),
        lesions=("p", "a", "b"),
        primary=primary,
        roles={f"v{i}": "oncogene" for i in range(n) if i != 3},
    )
    names = ("variant_id", "clone_id", "in_primary", "n_metastases_present", "n_metastases_assessed")
    return [tuple(row[n] for n in (*names, "n_metastases_lost")) for row in driver_rows(patient)]


def test_a_driver_is_in_a_lesion_above_one_half_where_it_was_looked_at_and_not_lost():
    none, deep = [0.0] * 5, [90] * 5
    lost = [none, [0.5, 0.51, 0.0, 0.51, 0.0], none, none, [1.0] * 5, none]
    present = [[0.5, 0.51, 0.5, 0.51, 1], [1.0] * 5, [1.0] * 5, [1.0] * 5, [1.0] * 5, [0.0] * 5]
    depth = [deep, deep, [0, 1, 0, 0, 9], deep, [9, 0, 9, 0, 9], deep]
    assert driven(lost, present, depth, labels=[0, 4, -1, 0, 1, 0]) == [
        ("v0", 1, False, 2, 2, 0),  # present above a half, not at it
        ("v1", 5, True, 1, 1, 2),  # of a one sample has lost it and one shows it; b has lost it
        ("v2", None, None, 1, 1, 0),  # looked at in one sample of a alone; the sample of no lesion tells of none
        ("v4", 2, None, 0, 0, 1),  # v3 is of no known role; lost where it was looked at
        ("v5", 1, False, 0, 2, 0),
    ]
    without = driven(lost[:2], present[:2], depth[:2], primary=None)
    assert without == [("v0", 1, None, 2, 3, 0), ("v1", 1, None, 2, 2, 2)]


#: Of two samples in turn: alternate reads of 100, whether counted. Pure, two copies: the cells are twice the share.
SEEN = [((40, 10), (True, True))] * 3 + [((40, 10), (True, False)), ((10, 40), (False, True))]


def paired(seen=SEEN, *, depth=100, p_lost=(), copies=None, labels=None):
    n = len(seen)
    alt, counted = (np.array([row[k] for row in seen]) for k in (0, 1))
    both = np.ones((n, 2))
    counts = SimpleNamespace(
        n_sample=2, depth=np.full((n, 2), depth), alt_count=alt, purity=both, major_cn=both, minor_cn=both
    )
    counts.normal_cn, counts.depth = 2 * both, np.where(alt < 0, 1, counts.depth)
    counts.alt_count = np.maximum(alt, 0)
    lost = np.array([*p_lost, *[(0.0, 0.0)] * (n - len(p_lost))])
    posterior = np.array([[[0.0, 1.0], [0.0, 1.0]]])  # one cluster: present and clonal in both
    patient = SimpleNamespace(
        data=SimpleNamespace(counts=counts, sample_ids=("A", "B"), is_counted=counted),
        clustering=SimpleNamespace(
            labels=np.array(labels or [0] * n),
            p_lost=lost,
            assignment=np.ones((n, 1)),
            purity=None,
            posterior=posterior,
            grid=np.array([0.0, 1.0]),
            multiplicity=both,
        ),
    )
    rows = _pairs(patient, 100, copies or {}, HeterogeneityParams(min_variants=4, n_draw=20), 1)
    return {row.pop("measure"): row for row in rows}


def test_the_distance_of_two_samples_is_the_mean_difference_of_their_cell_fractions():
    """0.8 and 0.2 of the cells in each of five: 0.6; a variant that one of them has lost is left out, above a half."""
    found = paired()
    told = found["ccf_distance"]
    assert set(found) == {"jsi", "nei", "fst", "ccf_distance"}
    assert [(row["sample_a"], row["sample_b"], row["n"], row["n_assumed"]) for row in found.values()] == [
        ("A", "B", n, 2) for n in (0, 5, 5, 5)
    ]
    assert found["jsi"]["reason"] == "no variant private and clonal, or subclonal in both"  # all are clonal in both
    assert told["value"] == pytest.approx(0.6) and (told["ci_low"], told["ci_high"]) == pytest.approx((0.6, 0.6))
    assert told["reason"] is None
    unlike = [((50, 0), (True, True)), *SEEN]
    assert paired(unlike)["ccf_distance"]["value"] == pytest.approx((1.0 + 5 * 0.6) / 6)
    assert paired(unlike, p_lost=[(0.49, 0.49)])["ccf_distance"]["n"] == 6
    for lost in ((0.5, 0.0), (0.0, 0.5)):
        one = paired(unlike, p_lost=[lost])["ccf_distance"]
        assert (one["n"], one["value"]) == (5, pytest.approx(0.6))
    assert paired(unlike, labels=[-1, 0, 0, 0, 0, 0])["ccf_distance"]["n"] == 5
    assumed = paired([((-1, 40), (True, True)), *SEEN])["ccf_distance"]  # called there and not counted
    assert (assumed["n"], assumed["n_assumed"]) == (5, 2)


def test_pairs_of_fewer_variants_are_not_measured_and_copies_are_asked_of_both():
    few = paired(SEEN[:3])
    assert set(few) == {"jsi", "nei", "fst", "ccf_distance"}
    assert {(str(row["value"]), row["reason"]) for row in few.values()} == {
        ("nan", "fewer than 4 variants looked at in both")
    }
    assert len(paired(SEEN[:4])) == 4 and paired(SEEN[:4])["nei"]["n"] == 4
    segments = {"1": [np.array([x]) for x in (1, 100, 2.0, 1.0)]}
    other = {"1": [np.array([1, 26]), np.array([25, 100]), np.array([3.0, 2.0]), np.array([1.0, 1.0])]}
    assert "copy_number_divergence" not in paired(copies={"A": segments})
    assert "copy_number_divergence" not in paired(copies={"B": segments})
    assert paired(copies={"A": segments, "B": other})["copy_number_divergence"]["value"] == 0.25
    elsewhere = paired(copies={"A": segments, "B": {"2": segments["1"]}})["copy_number_divergence"]
    assert elsewhere["reason"] == "no base with copy number in both"


LAST = {"is_discordant": pl.Boolean, "patient_id": pl.String}


def discordant(*cells):
    """Variants of patients P0 to P3 in turn; each cell: therapy in between, clonality, of four how many discordant."""
    rows = [(therapy, clonality, k < n, f"P{k}") for therapy, clonality, n in cells for k in range(4)]
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(("therapy in between", "clonality"), pl.String) | LAST, orient="row"
    ).with_row_index("variant")
    empty = {"time gap": pl.Float64, "depth of the other sample": pl.Float64, "site": pl.String}
    frame = frame.with_columns(*(pl.lit(None, t).alias(name) for name, t in empty.items()))
    frame = frame.with_columns(comparison=pl.lit("primary v metastasis"), weight=pl.lit(1.0))
    return predictor_table(frame, LeastData(4, 2, 2, 1, 0.9))


def test_predictors_are_adjusted_for_one_another_where_two_can_be_told():
    """Odds of 1:3, 2:2, 2:2 and 3:1 are a third, times 3 for either: adjusted 3 each, alone (5:3) / (3:5) = 25/9."""
    cells = [("no", "clonal", 1), ("yes", "clonal", 2), ("no", "subclonal", 2), ("yes", "subclonal", 3)]
    table, reasons = discordant(*cells)
    told = table.filter(pl.col("odds_ratio").is_not_null())
    names = ("predictor", "level", "n_variants", "n_patients", "n_discordant")
    assert told.select(names).rows() == [
        ("therapy in between", "yes", 8, 4, 5),
        ("clonality", "subclonal", 8, 4, 5),
    ]
    assert told["odds_ratio"].to_list() == pytest.approx([25 / 9] * 2)
    assert told["adjusted_odds_ratio"].to_list() == pytest.approx([3.0] * 2)
    assert (told["adjusted_ci_low"] < 3).all() and (told["adjusted_ci_high"] > 3).all()
    not_recorded = [
        f"{name}: withheld, it is not recorded." for name in ("time gap", "site", "depth of the other sample")
    ]
    assert reasons == [f"primary v metastasis, {text}" for text in not_recorded]
    # of one that can be told there is nothing to adjust for, of none no model
    one, why = discordant(*((therapy, None, n) for therapy, _, n in cells))
    assert one["odds_ratio"].drop_nulls().to_list() == pytest.approx([25 / 9])
    assert one["adjusted_odds_ratio"].null_count() == one.height
    assert why[-2:] == [
        "primary v metastasis, depth of the other sample: withheld, it is not recorded.",
        "primary v metastasis, joint model: withheld, only one predictor is estimable.",
    ]
    none, why = discordant(*((None, None, n) for *_, n in cells))
    assert none["odds_ratio"].null_count() == none.height and not any("joint" in text for text in why)


@pytest.fixture
def asked(monkeypatch):
    """What `evolve` asks the kernels, each of which is replaced by one that tells it."""
    from oncourse.evolution.clustering import doubt
    from oncourse.evolution.seeding import divergence
    from oncourse.evolution.trees import posterior

    told = {"apart": []}

    def fit_trees(mean, var, *, wide, seed, name):
        told["tree"] = (var.tolist(), wide.tolist(), seed, name)

    def apart(first, other, n_variants, *, n_primary_regions):
        told["apart"].append((first, other, n_variants.tolist(), n_primary_regions))
        return divergence.Divergence("early", 0.9, 1, 2, 3, 4, 0.5)

    monkeypatch.setattr(posterior, "moments_from_grid", lambda log_lik, _: (log_lik[:, :, 0], log_lik[:, :, 1]))
    monkeypatch.setattr(posterior, "with_ccf_error", lambda _, var, error: var + error)
    monkeypatch.setattr(posterior, "fit_trees", fit_trees)
    monkeypatch.setattr(doubt, "chromosome_variance", lambda *_: np.array([[5.0] * 4, [0.0] * 4, [2.0] * 4]))
    monkeypatch.setattr(divergence, "lesion_state", lambda p, _, looked: (p[:, :, 0].tolist(), looked.tolist()))
    monkeypatch.setattr(divergence, "divergence", apart)
    monkeypatch.setattr(divergence, "sample_tree", lambda ccf, _, *, n_boot: (ccf.tolist(), n_boot))
    monkeypatch.setattr(evolution, "clone_doubt", lambda _, clusters: clusters)
    read = evolution._Read
    monkeypatch.setattr(read, "seeding", lambda self, _, mean, var, far: ("usual", self.site.tolist(), self.primary))
    monkeypatch.setattr(read, "without_copies", lambda _, usual, mean, var, far, data: (*usual, var[0, 0], far[0, 0]))
    return told


def evolved(lesions, roles, *, cn_known=True, copies_unknown=False, far=25.0):
    """Four samples; clusters 0 and 2 of three are the clones (1 has one variant), of 2 and 3 variants of six."""
    depth = np.full((6, 4), 9)
    depth[:2, 3] = 0  # of clone 0 nothing was counted in the last sample
    depth[2, 0] = 0
    found = SimpleNamespace(
        log_lik=np.stack(
            [np.arange(12.0).reshape(3, 4), np.array([[4.0] * 4, [0.0] * 4, [3.0, 1.0, 3.0, 1.0]])], axis=2
        ),
        grid=np.array([0.0, 1.0]),
        labels=np.array([0, 0, 2, 2, 2, 1]),
        n_variants=np.array([2, 1, 3]),
        n_cluster=3,
        posterior=np.arange(24.0).reshape(3, 4, 2),
        variant_ccf_mean=np.full((6, 4), 0.5),
    )
    counts = SimpleNamespace(depth=depth)
    told = SimpleNamespace(counts=counts, cn_known=np.array([cn_known]), copies_unknown=np.array([copies_unknown]))
    samples = pl.DataFrame(
        {"lesion_id": lesions, "role": roles}, schema=dict.fromkeys(("lesion_id", "role"), pl.String)
    )
    data = SimpleNamespace(data=told, clustering=found, patient_id="P")
    params = EvolutionParams(ccf_error=10.0, ccf_error_far=far, ccf_error_without_copy_number=30.0)
    return evolve(data, samples, {"v": "oncogene"}, params, 7)


def test_the_primary_is_the_first_of_the_lesions_and_each_metastasis_is_held_against_it(asked, monkeypatch):
    monkeypatch.setattr(evolution, "tree_clusters", lambda *_: (0, 2))
    made = evolved(["b", "p", None, "a"], ["metastasis", "primary", "plasma", "metastasis"])
    assert (made.lesions, made.site_of_sample.tolist(), made.primary) == (("p", "a", "b"), [2, 0, -1, 1], 0)
    assert (made.clusters, made.roles) == ((0, 2), {"v": "oncogene"})
    assert made.mean.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    # what leaving out a chromosome changes (5, 2) is the least error; none where nothing was counted; 10, far 25 more
    assert made.var.tolist() == [[15, 15, 15, 10], [13, 12, 13, 12]]
    far = [[30, 30, 30, 25], [28, 27, 28, 27]]
    assert asked["tree"] == (made.var.tolist(), far, 7, "evolution/P")
    assert made.seeding == ("usual", [2, 0, -1, 1], 0)
    primary = ([[2.0], [18.0]], [[True], [True]])
    a, b = ([[6.0], [22.0]], [[False], [True]]), ([[0.0], [16.0]], [[True], [True]])
    assert asked["apart"] == [(primary, a, [2, 3], 1), (primary, b, [2, 3], 1)]
    assert {m: (d.call, d.p_early) for m, d in made.divergences.items()} == {1: ("early", 0.9), 2: ("early", 0.9)}
    ccf, n_boot = made.sample_tree
    assert np.isnan(ccf).tolist() == [[False, False, False, True]] * 2 + [[True] + [False] * 3] + [[False] * 4] * 3
    assert n_boot == 100


def test_without_a_primary_two_metastases_differ_and_none_came_first(asked, monkeypatch):
    """Each is held against the first, the first against the second; the errors are those of unknown copies."""
    monkeypatch.setattr(evolution, "tree_clusters", lambda *_: (0, 2))
    roles = ["metastasis"] * 4
    made = evolved(["b", "a", "b", "c"], roles, cn_known=False, copies_unknown=True)
    assert (made.lesions, made.site_of_sample.tolist(), made.primary) == (("a", "b", "c"), [1, 0, 1, 2], None)
    assert made.var.tolist() == [[35, 35, 35, 30], [33, 32, 33, 32]]
    assert asked["tree"][1] == made.var.tolist()  # what is far off is no surer than what is near
    assert made.seeding == ("usual", [1, 0, 1, 2], None, 15, 30)  # weighed by the sharp and the wide error
    firsts = [(first[0], other[0], regions) for first, other, _, regions in asked["apart"]]
    a, b, c = [[2.0], [18.0]], [[0.0, 4.0], [16.0, 20.0]], [[6.0], [22.0]]
    assert firsts == [(b, a, 0), (a, b, 0), (a, c, 0)]
    assert {(d.call, d.p_early, d.n_missing) for d in made.divergences.values()} == {("not_assessable", None, 1)}
    regions = evolved(["p", "p", "a", None], ["primary", "primary", "metastasis", "plasma"])
    assert asked["apart"][-1][3] == 2 and list(regions.divergences) == [1]
    assert regions.seeding == ("usual", [0, 0, 1, -1], 0)  # two lesions are enough


def test_one_lesion_is_not_seeded_and_parts_from_none(asked, monkeypatch):
    monkeypatch.setattr(evolution, "tree_clusters", lambda *_: (0, 2))
    for lesions, role, primary in (
        (["p"] * 4, "primary", 0),
        (["a"] * 4, "metastasis", None),
        ([None] * 4, "plasma", None),
    ):
        made = evolved(lesions, [role] * 4, copies_unknown=True)
        assert (made.primary, made.seeding, made.divergences) == (primary, None, {})
    assert asked["apart"] == []
