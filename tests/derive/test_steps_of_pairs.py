"""Steps from pairs of samples to what is said of genes, tests and bands, each asked alone and worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.concordance import discordance
from oncourse.derive.concordance.status_truth import truth_rows
from oncourse.derive.genes import copy_recurrence
from oncourse.derive.outcomes.feature_blocks import SampleOrder
from oncourse.derive.outcomes.gene_features import new_in_metastasis

ASSAYS = {"two": frozenset({"AAA", "BBB"}), "three": frozenset({"AAA", "BBB", "ZZZ"}), "exome": None}
FIRST = "primary v metastasis"
VARIANTS = [
    # pair, state, is_lost, basis, blood, gene, consequence
    (0, "private_b", False, "counted", None, "AAA", "missense"),
    (0, "private_b", False, "counted", None, "BBB", "synonymous"),
    (0, "private_b", True, "counted", None, "BBB", "missense"),  # lost since: may have been there
    (0, "private_b", False, "counted", "possible_chip", "BBB", "missense"),
    (0, "private_b", False, "counted", None, "CCC", "missense"),  # off both panels
    (0, "private_b", False, "counted", None, None, "missense"),
    (0, "shared", False, "counted", None, "BBB", "missense"),
    (0, "private_a", False, "counted", None, "BBB", "missense"),
    (1, "private_b", False, "assumed", None, "AAA", "nonsense"),
    (1, "private_b", False, "assumed", None, "AAA", "missense"),  # two of a gene: one patient, two of its burden
    (1, "private_b", False, "assumed", None, "ZZZ", "missense"),
    (2, "private_b", False, "counted", None, "AAA", "missense"),  # the primary's assay is not known
    (4, "private_b", False, "counted", None, "BBB", "missense"),  # tissue and plasma
    (1, "private_b", False, "assumed", None, "QQQ", None),  # of unknown effect
    (3, "private_a", True, "counted", None, "AAA", "missense"),  # the metastasis has lost it
]
PAIRS = [(0, "P1", FIRST), (1, "P2", FIRST), (2, "P3", FIRST), (3, "P4", FIRST), (4, "P4", "tissue v plasma")]
OF_SAMPLES = {"P4b": "two", "P1a": "two", "P1b": "three", "P2a": "exome", "P2b": "exome", "P3a": None, "P3b": "two"}
OF_SAMPLES |= {"P4a": "exome"}


def paired():
    names = ["pair", "state", "is_lost", "basis", "blood", "gene", "consequence"]
    rows = pl.DataFrame(VARIANTS, schema=names, orient="row").with_row_index("cell_b")
    cells = rows.select("gene", "consequence", variant_id=pl.format("v{}", "cell_b"))
    pairs = pl.DataFrame(PAIRS, schema=["pair", "patient_id", "comparison"], orient="row").with_columns(
        sample_a=pl.col("patient_id") + "a", sample_b=pl.col("patient_id") + "b", is_main=True
    )
    return SimpleNamespace(cells=cells), SimpleNamespace(variants=rows.drop("gene", "consequence"), pairs=pairs)


def test_new_mutations_are_held_against_burden_and_length(monkeypatch):
    """P1 has one new mutation in 0.4 Mb, P2 three in 1 Mb, P4 none. AAA of 0.1 Mb: 1/4 and 1 - 0.9^3."""
    size = {"AAA": 0.1, "BBB": 0.3, "TP53": 0.2}
    monkeypatch.setattr(discordance, "coding_mb", lambda genes: sum(size[g] for g in genes))
    monkeypatch.setattr(discordance, "gene_table", lambda: pl.DataFrame({"gene": list(size)}))
    presence, pairs = paired()
    samples = pl.DataFrame({"sample_id": list(OF_SAMPLES), "mutation": list(OF_SAMPLES.values())})
    panels = SimpleNamespace(samples=samples, genes=ASSAYS)

    def asked(least, exome_mb=1.0):
        return discordance.new_mutation_table(
            panels, presence, pairs, pairs.pairs, exome_mb=exome_mb, min_patients=least
        )

    table, n_new = asked(2)
    assert n_new == 4
    aaa, bbb = 0.25 + 0.271, 0.75 + 0.657
    expected = [
        ("AAA", 2, 1, 3, aaa, 2 / aaa, 0.25 * 0.271, 3 * 0.25 * 0.271, "P1;P2"),
        ("BBB", 0, 0, 3, bbb, 0.0, 1.0, 1.0, None),
        ("TP53", 0, 0, 1, 0.488, 0.0, 1.0, 1.0, None),
        ("ZZZ", 1, 1, 1, None, None, None, None, "P2"),  # of unknown length
    ]
    for row, hand in zip(table.rows(), expected, strict=True):
        assert row == tuple(pytest.approx(x) if isinstance(x, float) else x for x in hand)
    few, n_new = asked(3)
    assert n_new == 4 and few.select("gene", "n_new").rows() == [("AAA", 2), ("ZZZ", 1), ("BBB", 0), ("TP53", 0)]
    assert few["expected"].null_count() == few["p_value"].null_count() == few["q_value"].null_count() == 4
    short = asked(2, exome_mb=0.15)[0].filter(gene="TP53")  # no share is above 1
    assert short["expected"].item() == 1.0


def test_what_is_new_in_the_metastasis_is_a_feature_of_those_looked_at():
    """Of P1 BBB cannot be told: lost with its locus, or of the blood. Of 7 assessable mutations of P1 two are shared or
    lost: 2/7, as concordance/pairs has it; of the four of P2 none."""
    presence, pairs = paired()
    ids = tuple(OF_SAMPLES)
    patients = ("P1", "P2", "P3", "P4", "P5")
    samples = SampleOrder(
        patients,
        ids,
        np.array([patients.index(s[:2]) for s in ids]),
        np.arange(10.0, 18.0),
        ("primary", "metastasis") * 4,
        tuple(OF_SAMPLES.values()),
        {s: k for k, s in enumerate(ids)},
    )
    variants = presence.cells.select("variant_id", "gene")
    tables = SimpleNamespace(
        pairs=pairs, presence=presence, study={"variants": variants}, panels=SimpleNamespace(genes=ASSAYS)
    )
    blocks = {b.names[0]: b for b in new_in_metastasis(tables, samples, 2)}
    assert list(blocks) == ["concordance:shared_fraction", "new:AAA"]
    new = blocks["new:AAA"]
    assert new.kinds == ("new",) and new.values.tolist() == [[1], [1], [1], [0], [-1]]
    assert new.sample_id == ("P1b", "P2b", "P3b", "P4b", None)
    assert new.day.tolist()[:4] == [12.0, 14.0, 16.0, 10.0] and math.isnan(new.day[4])
    share = blocks["concordance:shared_fraction"]
    assert share.values.shape == (5, 1)
    assert share.values[:, 0].tolist() == pytest.approx([10 * 2 / 7, 0.0, 0.0, 10.0, math.nan], nan_ok=True)
    assert share.sample_id == ("P1b", "P2b", "P3b", "P4b", None)
    of_one = {b.names[0]: b.values[:, 0].tolist() for b in new_in_metastasis(tables, samples, 1)}
    assert not {"new:BBB", "new:QQQ"} & set(of_one) and of_one["new:ZZZ"] == [-1, 1, -1, -1, -1]
    pairs.variants = pairs.variants.with_columns(
        state=pl.when(pl.col("cell_b") == 0).then(pl.lit("not_assessable")).otherwise("state"),
        pair=pl.when(pl.col("cell_b") == 12).then(3).otherwise("pair"),
    )
    later = {b.names[0]: b.values[:, 0].tolist() for b in new_in_metastasis(tables, samples, 1)}
    assert later["new:AAA"] == [-1, 1, 1, 0, -1] and later["new:BBB"] == [-1, 0, -1, 1, -1]
    tables.pairs = SimpleNamespace(variants=pairs.variants, pairs=pairs.pairs.with_columns(is_main=False))
    assert new_in_metastasis(tables, samples, 1) == []


#: state of tissue, state of plasma
JUDGED = [
    ("positive", "positive"),
    ("positive", "negative"),
    ("negative", "positive"),
    ("negative", "not_assessable"),  # counts as negative
    ("negative", "negative"),
    ("not_assessable", "positive"),  # tissue was not judged
    ("positive", None),
]
POWERS = {0: [0.9, 0.7, None], 2: [1.0], 4: [0.6], 6: [None], 8: [0.8], 1: [0.5], 3: [0.25, 0.75], 10: [0.0]}


def test_what_is_true_of_a_status_rests_on_the_power_of_the_samples(monkeypatch):
    """Power of tissue 0.8, of plasma 0.5, five pairs: priors of 0.8 x 5 + 0.5 and 0.2 x 5 + 0.5."""
    asked = []

    def estimated(counts, priors, dependences):
        asked.append((counts, priors))
        names = ["prevalence", *priors]
        known = SimpleNamespace(
            mean={n: 0.1 + k for k, n in enumerate(names)},
            low={n: 0.0 + k for k, n in enumerate(names)},
            high=dict.fromkeys(names, math.nan),
        )
        nothing = dict.fromkeys(names, math.nan)
        return (known, *(SimpleNamespace(mean=nothing, low=nothing, high=nothing) for _ in dependences[1:]))

    monkeypatch.setattr("oncourse.stats.latent_class.latent_class", estimated)
    powers = [(s, p) for s, of in POWERS.items() for p in of]
    presence = SimpleNamespace(cells=pl.DataFrame(powers, schema=["sample", "power"], orient="row"))
    main = pl.DataFrame({"row_a": range(0, 14, 2), "row_b": range(1, 14, 2)})
    states = [("RAS", s, state) for s, state in enumerate(x for pair in JUDGED for x in pair) if state]
    states += [("BRAF", s, "positive") for s in range(14)]
    states = pl.DataFrame(states, schema=["status", "sample", "state"], orient="row")
    rows, why = truth_rows(presence, main, states, "RAS")
    (counts, priors), *_ = asked
    assert counts == (1, 1, 1, 2) and why is None and len(rows) == 15
    assert priors["sensitivity_a"] == pytest.approx((4.5, 1.5)) and priors["sensitivity_b"] == pytest.approx((3.0, 3.0))
    assert priors["specificity_a"] == priors["specificity_b"] == (199.0, 1.0)
    names = ["dependence", "parameter", "n_patients", "prior_mean", "prior_patients", "estimate", "ci_low", "ci_high"]
    told = [tuple(row[n] for n in names) for row in rows]
    assert told[0] == (0.0, "prevalence", 5, None, None, 0.1, 0.0, None)
    assert told[1] == (0.0, "sensitivity of tissue", 5, pytest.approx(0.75), pytest.approx(6.0), 1.1, 1.0, None)
    assert told[2] == (0.0, "sensitivity of plasma", 5, 0.5, 6.0, 2.1, 2.0, None)
    assert told[4] == (0.0, "specificity of plasma", 5, 0.995, 200.0, 4.1, 4.0, None)
    assert told[5] == (0.25, "prevalence", 5, None, None, None, None, None)
    truth_rows(presence, pl.concat([main] * 5), states, "RAS")
    assert asked[1][1]["sensitivity_a"] == pytest.approx((16.5, 4.5))  # of 25 patients: 20 at most
    no_power = "the power of the samples is not known, so that no prior can be stated"
    assert truth_rows(presence, main[2:3], states, "RAS") == ([], no_power)  # of this plasma nobody knows it
    assert truth_rows(presence, main, states, "HER2") == ([], no_power)
    nothing = SimpleNamespace(mean=dict.fromkeys(["prevalence", *priors], math.nan))
    nothing.low = nothing.high = nothing.mean
    monkeypatch.setattr("oncourse.stats.latent_class.latent_class", lambda *_, **__: (nothing,) * 3)
    rows, why = truth_rows(presence, main, states, "RAS")
    assert len(rows) == 15 and why == "data and priors contradict each other"


def test_a_band_is_hit_by_chance_as_events_turn_along_the_arms_that_can_hold_them(monkeypatch):
    """Bands of 100 on an arm of 200, of 300 and (X) of 400 bases alone on theirs; an event may fill half of an arm. Room
    for one below 100: 200 + 300 (+ 400) bases; from 100 on: 300 (+ 400)."""
    monkeypatch.setattr(copy_recurrence, "_starts_of_chromosomes", lambda: {"1": 0, "X": 1000})
    bands = [("p1", "1p", 100, 200), ("p2", "1p", 100, 200), ("q1", "1q", 300, 300), ("x1", "Xp", 400, 400)]
    bands = pl.DataFrame(bands, schema=["band", "arm", "size", "length"], orient="row")
    longest, rest = copy_recurrence._room(bands, 0.5)
    assert longest.tolist() == [100.0, 150.0, 200.0] and rest.tolist() == [900, 700, 400]
    runs = [
        ("b", "woman", "X", 1, 50),
        ("a", "man", "1", 10, 29),  # 20 bases, 170 free behind it
        ("a", "man", "1", 200, 319),  # 120 bases: too long for 1p
        ("c", "third", "1", 1, 100),  # as long as half of 1p: not focal there
        ("d", "two", "1", 10, 19),  # 40 bases free behind it
        ("d", "two", "1", 60, 69),
        ("e", "whole", "X", 1, 250),  # focal nowhere
    ]
    runs = pl.DataFrame(runs, schema=["sample_id", "patient_id", "chrom", "start", "end"], orient="row")
    hit = copy_recurrence._hit_chances(runs, bands.filter(pl.col("band") != "p2"), bands, 0.5, {"woman", "third"})
    man = [(20 + 100) / 500, 1 - 1e-9, 0.0]  # of 1q (20 + 170) / 500 + (120 + 300) / 300: more than 1
    third, woman = [0.0, 400 / 700, 500 / 700], [150 / 900, 350 / 900, 450 / 900]
    two = [(10 + 40 + 10 + 100) / 500, (10 + 40 + 10 + 300) / 500, 0.0]
    assert hit.T.tolist() == [pytest.approx(p) for p in (man, third, two, [0.0] * 3, woman)] and hit.max() < 1
    one = copy_recurrence._hit_chances(runs[1:2], bands[2:3], bands, 0.5, set())
    assert one.tolist() == [[pytest.approx((20 + 300) / 500)]]
