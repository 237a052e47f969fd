"""Steps of the search for drivers in a world of four genes, each asked alone and worked by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.genes import driver_genes as steps
from oncourse.derive.genes.panels import Panels

LENGTHS = {"AAA": 100, "BBB": 200, "CCC": 700, "TP53": 1000}
#: A small panel (one name of no known length on it), another, and an exome.
ASSAYS = {"small": frozenset({"AAA", "NOPE"}), "other": frozenset({"BBB"}), "exome": None}


@pytest.fixture
def four_genes(monkeypatch):
    """AAA, BBB and CCC of no known role, the suppressor TP53."""
    monkeypatch.setattr(steps, "protein_lengths", lambda: LENGTHS)
    monkeypatch.setattr(steps, "gene_table", lambda: pl.DataFrame({"gene": ["TP53"], "role": ["suppressor"]}))


def panels_of(*rows):
    """Patients and the assay of each of their samples."""
    names = {"sample_id": pl.String, "patient_id": pl.String, "mutation": pl.String}
    return Panels(pl.DataFrame([(f"S{k}", *r) for k, r in enumerate(rows)], schema=names, orient="row"), ASSAYS)


SEEN_BY = (("P1", "small"), ("P2", "exome"), ("P2", "small"), ("P3", "small"), ("P3", "other"), ("P4", "small"))


def test_the_genes_and_codons_that_a_patient_was_looked_at_for():
    panels = panels_of(*SEEN_BY, ("P4", None), ("P5", None))
    looked, codons = steps._looked(panels, ["P4", "P1", "P2", "P3"], ["AAA", "CCC"], LENGTHS)
    assert looked.tolist() == [[True, True, True, True], [False, False, True, False]]
    assert codons.tolist() == [100.0, 100.0, 2000.0, 300.0]  # two assays: the genes of either, each once
    assert steps._of_exomes(panels).to_list() == ["P2"]
    rows = [("P1", "AAA"), ("P1", "BBB"), ("P3", "BBB"), ("P2", "CCC"), ("P5", "AAA"), ("P9", "AAA")]
    asked = pl.DataFrame(rows, schema=["patient_id", "gene"], orient="row")
    assert steps._on_panel(asked, panels).to_list() == [True, False, True, True, False, False]


CHANGES = [
    # patient, variant, gene, consequence, is_altering, protein
    ("P1", "v1", "AAA", "missense", True, "p.G12D"),
    ("P1", "v1", "AAA", "missense", True, "p.G12D"),  # of another sample of the patient: once
    ("P1", "v2", "BBB", "missense", True, "p.G13D"),  # not on the patient's panel
    ("P1", "v3", "AAA", "synonymous", False, "p.A7="),
    ("P1", "v4", "NOPE", "missense", True, None),  # of no known length, on a panel of genes: no burden
    ("P2", "v1", "AAA", "missense", True, "p.G12D"),
    ("P2", "v5", "NOPE", "missense", True, None),  # of an exome: burden
    ("P2", "v6", "NOPE", "synonymous", False, None),
    ("P2", "v7", None, "missense", True, None),
    ("P2", "v8", "CCC", "intron", False, None),  # neither altering nor silent
    ("P9", "v9", "AAA", "missense", True, None),  # nobody of those asked for
]


def test_changes_on_the_panels_and_those_that_make_the_burden(four_genes):
    names = ["patient_id", "variant_id", "gene", "consequence", "is_altering", "hgvs_p"]
    calls = pl.DataFrame(CHANGES, schema=names, orient="row")
    rows, altering, quiet = steps._changes(calls, panels_of(*SEEN_BY), ["P1", "P2"])
    short = ["patient_id", "variant_id", "codon"]
    ours = [("P1", "v1", 12), ("P1", "v3", 7), ("P2", "v1", 12), ("P2", "v8", None)]
    assert sorted(rows.select(short).rows()) == ours
    assert altering.select(short).rows() == [("P1", "v1", 12), ("P2", "v1", 12), ("P2", "v5", None), ("P2", "v7", None)]
    assert quiet.select(short).rows() == [("P1", "v3", 7), ("P2", "v6", None)]
    assert steps.tested_genes(calls, ["P1", "P2"], steps.DriverParams(min_mutated=2)) == ["AAA"]
    assert steps.tested_genes(calls, ["P1", "P2"], steps.DriverParams(min_mutated=3)) == []
    assert steps.tested_genes(calls, ["P1", "P2", "P9"], steps.DriverParams(min_mutated=3)) == ["AAA"]


def test_a_gene_is_counted_by_patient_and_by_the_codon_hit_in_most():
    rows = [
        ("AAA", "P2", "missense", 12),
        ("AAA", "P1", "missense", 12),
        ("AAA", "P1", "missense", 12),
        ("AAA", "P3", "nonsense", 12),  # truncating: at no codon
        ("AAA", "P3", "frameshift", 7),
        ("AAA", "P2", "missense", 7),
        ("AAA", "P3", "missense", None),
        ("BBB", "P1", "missense", 9),  # a tie: the first codon
        ("BBB", "P2", "missense", 3),
        ("CCC", "P1", "frameshift", 5),
    ]
    counts = steps._counts(pl.DataFrame(rows, schema=["gene", "patient_id", "consequence", "codon"], orient="row"))
    names = ["gene", "n_mutated", "n_changes", "n_truncating", "n_coded", "patients", "top_codon", "n_top_codon"]
    assert counts.select(names).rows() == [
        ("AAA", 3, 7, 2, 4, "P1;P2;P3", 12, 2),
        ("BBB", 2, 2, 0, 2, "P1;P2", 3, 1),
        ("CCC", 1, 1, 1, 0, "P1", None, 0),
    ]


def test_changes_expected_of_a_gene_come_from_the_patients_other_changes():
    """P1 has 4 changes in 300 codons; without the two of AAA 2 in 200 codons: 1 in the 100 of AAA. P2's panel is AAA
    alone: what is left of it is one codon."""
    altering = [("P1", "AAA"), ("P1", "AAA"), ("P1", "BBB"), ("P1", None), ("P2", "AAA"), ("P2", "DDD")]
    silent = [("P1", "AAA"), ("P1", "AAA"), ("P1", None), ("P2", "DDD")]
    a, s = (pl.DataFrame(rows, schema=["patient_id", "gene"], orient="row") for rows in (altering, silent))
    looked = np.array([[True, True], [True, False]])
    size, codons = np.array([100.0, 200.0]), np.array([300.0, 100.0])
    chance, seen, expected = steps._expected(a, s, ["P1", "P2"], ["AAA", "BBB"], size, looked, codons)
    assert chance.tolist() == [[1.0, 100.0], [6.0, 0.0]]
    assert seen.tolist() == [2.0, 0.0]
    assert expected.tolist() == [2.0, 2.0]  # (3 / 300 + 1 / 100) 100; (3 / 300) 200


def test_one_codon_in_half_of_the_patients_is_doubted_in_a_gene_of_no_known_role(four_genes):
    rows = [("AAA", 3, 6), ("AAA", 3, 7), ("AAA", 2, 2), ("AAA", 4, 8), ("AAA", 4, 5), ("AAA", 3, 2), ("TP53", 3, 3)]
    frame = pl.DataFrame(rows, schema=["gene", "n_top_codon", "n_mutated"], orient="row")
    doubted = frame.select(steps._caution().is_not_null()).to_series().to_list()
    assert doubted == [True, False, False, True, True, True, False]


def test_the_share_of_truncating_changes_follows_the_nonsense_among_them(four_genes):
    """Of genes of no known role 4 of 10 changes truncate, 1 of 4 of them by nonsense: a gene of twice the chance of
    nonsense has 0.4 (0.25 (2 - 1) + 1)."""
    others = pl.DataFrame({"n_truncating": [3, 1], "n_changes": [4, 6]})
    kinds = ["nonsense", "frameshift", "splice_site", "frameshift", "missense"]
    rows = pl.DataFrame({"gene": "AAA", "consequence": kinds})
    known = pl.DataFrame({"gene": "TP53", "consequence": ["nonsense"] * 9})
    share = steps._truncating_share(others, pl.concat([rows, known]))
    assert share(np.array([1.0, 2.0, 0.0, 100.0, -100.0])).tolist() == pytest.approx([0.4, 0.5, 0.3, 0.999, 1e-3])
    one = steps._truncating_share(pl.DataFrame({"n_truncating": [1], "n_changes": [1]}), rows.head(1))
    assert one(np.array([0.5, 1.0])).tolist() == pytest.approx([0.5, 0.999])
    none = steps._truncating_share(others.clear(), rows.clear())
    assert none(np.array([1.0, 3.0])).tolist() == pytest.approx([0.1, 0.1])


def test_the_spread_of_rates_is_learned_from_all_genes_of_no_known_role(four_genes, monkeypatch):
    """P1 has 2 changes in 100 codons (AAA), P2 one in 2,000; a gene of 100 codons is expected in 1 - e^-2 + 1 -
    e^-0.05 of both."""
    monkeypatch.setattr(steps, "rate_spread", lambda seen, expected: (seen.tolist(), expected.tolist()))
    counts = pl.DataFrame({"gene": ["AAA", "TP53"], "n_mutated": [2, 1]})
    altering = pl.DataFrame({"patient_id": ["P1", "P1", "P2"]})
    panels, patients = panels_of(("P1", "small"), ("P2", "exome"), ("P3", "exome")), ["P1", "P2", "P3"]

    def hit(*of_each):
        return sum(1 - np.exp(-x) for x in of_each)

    seen, expected = steps._spread(counts, altering, panels, patients, LENGTHS)
    assert seen == [2, 0, 0]
    assert expected == pytest.approx([hit(2, 0.05), hit(0.1), hit(0.35)])
    drawn = SimpleNamespace(drawn=["CCC", "AAA", "TP53", "NOPE"], ratio=lambda g: {"AAA": (9, 3, 9)}.get(g))
    monkeypatch.setattr(steps, "MIN_DRAWN", 2)  # CCC and AAA; the bases of AAA are known
    assert steps._spread(counts, altering, panels, patients, LENGTHS, drawn)[1] == pytest.approx([hit(6, 0.15)])
    monkeypatch.setattr(steps, "MIN_DRAWN", 3)
    assert steps._spread(counts, altering, panels, patients, LENGTHS, drawn)[1] == pytest.approx(expected)
    nobody = panels_of(("P1", "small"), ("P2", "small"))
    assert steps._spread(counts, altering.head(2), nobody, ["P1", "P2"], LENGTHS)[0] == [2]  # looked at for AAA alone


def test_the_least_frequency_that_would_be_found(four_genes, monkeypatch):
    """Two genes of 100 and 200 codons: 0.05 / 2 is reached from 2 of 10 patients. Of 27.1 % two of ten are seen in
    0.8: 1 - 0.729^10 - 10 x 0.271 x 0.729^9 = 0.8000; of 27.0 % in 0.798."""
    asked = {}

    def p_of(counts, chance, silent, silent_expected, shape):
        asked.update(counts=counts.tolist(), chance=chance, silent=(silent.sum(), silent_expected.sum()))
        return None, np.where(counts < 2, 0.03, np.where(counts < 3, 0.025, 0.001))

    monkeypatch.setattr(steps, "burden_p", p_of)
    patients = [f"P{k}" for k in range(10)]
    panels = panels_of(*((p, a) for p in patients for a in ("small", "other")))
    calls = pl.DataFrame(
        {"patient_id": ["P0", "P0", "P1"], "variant_id": ["v1", "v2", "v1"], "gene": ["AAA", "BBB", "AAA"]}
    ).with_columns(consequence=pl.lit("missense"), is_altering=True, hgvs_p=pl.lit("p.G12D"))
    assert steps.least_found(calls, panels, patients) == (2, 0.271)
    assert asked["counts"] == list(range(1, 11)) and asked["silent"] == (0, 0)
    assert asked["chance"].shape == (10, 10)
    assert asked["chance"][3].tolist() == pytest.approx([1.0, 0.5] + [0.0] * 8)  # 2 / 300 codons x 150, the median
    monkeypatch.setattr(steps, "burden_p", lambda counts, *_: (None, np.full(len(counts), 0.03)))
    assert steps.least_found(calls, panels, patients) is None
    assert steps.least_found(calls, panels_of(("P0", None)), ["P0"]) is None


def test_a_search_is_put_together_from_its_three_questions(four_genes, monkeypatch):
    """AAA is changed in two patients, TP53 in one: `min_mutated` is 2. Four genes were looked at: four tests, and one
    of p 0.01 has q 0.04. One of its three changes truncates, by nonsense. A silent mutation of P1 in 2,000 codons:
    0.05 in AAA."""
    asked = {}

    def kept(name, answer):
        def question(*given):
            asked[name] = [g.tolist() if isinstance(g, np.ndarray) else g for g in given]
            return answer

        monkeypatch.setattr(steps, name, question)

    kept("burden_p", (np.array([0.25]), np.array([0.5])))
    kept("truncating_p", np.array([0.6]))
    kept("hotspot_p", np.array([0.2]))
    kept("mutable_share", 0.1)
    kept("cauchy_combination", np.array([0.01]))
    kept("rate_spread", 7.0)
    kept("codon_p", 0.3)
    rows = [("P1", "v1", "AAA", 12), ("P2", "v1", "AAA", 12), ("P2", "v2", "TP53", 5), ("P3", "v3", "CCC", 5)]
    calls = pl.DataFrame(rows, schema=["patient_id", "variant_id", "gene", "c"], orient="row").with_columns(
        consequence=pl.lit("missense"), is_altering=True, hgvs_p=pl.format("p.G{}D", "c")
    )
    more = calls.head(2).with_columns(
        variant_id=pl.Series(["v4", "v5"]),
        patient_id=pl.Series(["P2", "P1"]),
        gene=pl.Series(["AAA", "CCC"]),
        consequence=pl.Series(["nonsense", "synonymous"]),
        is_altering=pl.Series([True, False]),
    )
    calls = pl.concat([calls, more])
    panels, patients = panels_of(("P1", "exome"), ("P2", "exome"), ("P3", "exome")), ["P1", "P2", "P3"]
    params = steps.DriverParams(min_mutated=2)
    told = steps.driver_genes(calls, panels, patients, params)
    row = {"gene": "AAA", "n_patients": 3, "n_mutated": 2, "expected": 0.25, "ratio": 8.0, "context_ratio": None}
    row |= {"n_changes": 3, "n_truncating": 1, "top_codon": 12, "n_top_codon": 2, "p_burden": 0.5}
    row |= {"p_truncating": 0.6, "p_hotspot": 0.2, "p_value": 0.01, "q_value": 0.04, "role": None, "caution": None}
    assert told.to_dicts() == [row | {"patients": "P1;P2"}]
    chance = [[0.0, 100 / 1900, 100 / 1900]]  # the other changes, over the codons of the other genes
    assert asked["burden_p"] == [[2], [pytest.approx(chance[0])], [0.0], [pytest.approx(0.05)], 7.0]
    assert asked["truncating_p"] == [[1], [3], [pytest.approx(1 / 3)]]
    assert asked["mutable_share"] == [[2], [2], [100.0]] and asked["hotspot_p"] == [[2], [2], [100.0], 0.1]
    assert asked["cauchy_combination"] == [[[0.5, 0.6, 0.2]]] and "codon_p" not in asked
    bases = SimpleNamespace(drawn=(), ratio=lambda g: (2.0, 4.0, 0.5), codons=lambda g: "weights")
    told = steps.driver_genes(calls, panels, patients, params, bases)
    assert told.select("context_ratio", "p_hotspot").rows() == [(4.0, 0.3)]
    assert asked["burden_p"][1] == [pytest.approx([4 * x for x in chance[0]])]
    assert asked["burden_p"][3] == [pytest.approx(0.1)] and asked["truncating_p"][2] == [pytest.approx(1 / 6)]
    assert asked["codon_p"] == [2, 2, "weights"]
    unknown = SimpleNamespace(drawn=(), ratio=lambda g: None, codons=lambda g: None)
    told = steps.driver_genes(calls, panels, patients, params, unknown)
    assert told.select("context_ratio", "p_hotspot").rows() == [(None, 0.2)]
    assert steps.driver_genes(calls, panels, patients, steps.DriverParams(min_mutated=3)).schema == steps.DRIVER_SCHEMA
