"""Rules of one line each, at both sides of their cut-offs; by hand."""

import math
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from tests.studies import study

from oncourse.derive.clones.heterogeneity import _frequencies, _subclonal_share
from oncourse.derive.concordance.discordance import LeastData, predictor_table
from oncourse.derive.concordance.identity import identity_table
from oncourse.derive.concordance.informative import informative_by_status, informative_plasma
from oncourse.derive.outcomes.clone_features import seeding_blocks
from oncourse.derive.outcomes.outcome_scan import _limit, _number, _ratio
from oncourse.derive.outcomes.treatment_pairs import _why_unused


@pytest.mark.parametrize(
    ("values", "rare", "why"),
    [
        ([1.0, None, None], 1, "known in 1 of 3"),
        ([1.0, None], 1, "the same in all"),
        ([0.0, 0.0, 1.0, 1.0, 1.0], 2, ""),
        ([0.0, 0.0, 1.0, 1.0, 1.0], 3, "only 2 of 5 differ"),
        ([0.0, 0.0, None, 0.0], 1, "the same in all"),
        ([1.5, 1.5], 9, "the same in all"),
        ([1.5, 2.0], 9, ""),
    ],
)
def test_a_column_enters_a_comparison_where_it_is_known_and_differs(values, rare, why):
    assert _why_unused(pl.Series(values, dtype=pl.Float64), rare) == why


def test_numbers_past_any_number_are_none_and_limits_are_infinite():
    """exp(709.78) is the largest number."""
    assert [_number(v) for v in (1.0, math.inf, math.nan)] == [1.0, None, None]
    assert _ratio(math.log(2.0)) == pytest.approx(2.0)
    assert [_ratio(v) for v in (700.0, -700.0, math.nan, math.inf)] == [None] * 4
    assert _ratio(-699.9) == pytest.approx(math.exp(-699.9))
    assert (_limit(math.nan), _limit(709.5), _limit(math.inf), _limit(-math.inf)) == (None, math.inf, math.inf, 0.0)
    assert _limit(709.0) == pytest.approx(math.exp(709.0))


def test_plasma_tells_by_the_evidence_of_other_genes():
    """Of one per cent tumour fraction, a variant of another gene that is not of the blood, or 50 altered megabases: and
    positive."""
    samples = [
        # sample, material, tumour fraction, altered megabases
        ("tissue", "tissue", None, None),
        ("fraction", "plasma", 0.01, None),
        ("less", "plasma", 0.0099, 49.9),
        ("copies", "plasma", None, 50.0),
        ("other gene", "plasma", None, None),
        ("own gene", "plasma", None, None),
        ("blood", "plasma", None, None),
        ("absent", "plasma", None, None),
        ("not positive", "plasma", 0.5, 90.0),
    ]
    schema = ["sample_id", "material", "given_purity", "altered_mb"]
    table = pl.DataFrame(samples, schema=schema, orient="row").with_row_index("sample")
    number = {name: k for k, (name, *_) in enumerate(samples)}
    cells = [
        (number["other gene"], "TP53", "present", None),
        (number["own gene"], "KRAS", "present", None),
        (number["blood"], "DNMT3A", "present", "chip"),
        (number["absent"], "TP53", "absent", None),
        (number["tissue"], "TP53", "present", None),
    ]
    cells = pl.DataFrame(cells, schema=["sample", "gene", "state", "blood"], orient="row").cast({"sample": pl.UInt32})
    presence = SimpleNamespace(samples=table, cells=cells)
    positive = pl.DataFrame({"sample_id": table["sample_id"], "has_tumour": table["sample_id"] != "not positive"})
    status = SimpleNamespace(name="KRAS", genes=("KRAS",))
    told = informative_by_status(presence, positive, [status])["KRAS"]
    of_kras = dict(zip(table["sample_id"], told["is_informative"], strict=True))
    assert [name for name, yes in of_kras.items() if yes] == ["tissue", "fraction", "copies", "other gene"]
    every = informative_plasma(presence, positive)
    names = [name for name, yes in zip(table["sample_id"], every["is_informative"], strict=True) if yes]
    assert names == ["tissue", "fraction", "copies", "other gene", "own gene"]


def test_seeding_is_a_feature_from_so_many_patients_on_and_one_that_is_rarer_is_counted(monkeypatch):
    """Of A to D one is polyclonal, one cannot be judged; nobody is polyphyletic: no feature, and nothing left out."""
    words = {"A": "polyclonal", "B": "monoclonal", "C": "monoclonal", "D": "not_assessable"}
    rows = {p: [{"role": "metastasis", "clonality": w, "phyleticity": "monophyletic"}] for p, w in words.items()}
    rows["B"].append({"role": "primary", "clonality": "polyclonal", "phyleticity": "polyphyletic"})
    monkeypatch.setattr(
        "oncourse.derive.clones.evolution_tables.seeding_rows", lambda patient: rows[patient.patient_id]
    )
    samples = {p: pl.DataFrame({"sample_id": [f"{p}1", f"{p}2"]}) for p in words}
    trees = [SimpleNamespace(patient_id=p, samples=samples[p]) for p in words]
    days = {"A1": 5, "A2": 90, "B1": 8, "B2": None, "C1": 0, "C2": 0, "D1": 1, "D2": 2}
    sampled = pl.DataFrame({"sample_id": list(days), "day": list(days.values())})
    left_out = {}
    (block,) = seeding_blocks(trees, sampled, tuple(words), 1, left_out)
    assert (block.names, left_out) == (("clones:polyclonal_seeding",), {})
    assert block.values[:, 0].tolist() == [1, 0, 0, -1]
    assert [None if math.isnan(d) else d for d in block.day] == [90.0, None, 0.0, None]
    assert block.sample_id == ("A2", None, "C2", None)
    assert seeding_blocks(trees, sampled, tuple(words), 2, left_out) == []
    assert left_out == {"clones": 1}


@pytest.mark.parametrize(("shared", "finding"), [(4, "same tumour"), (3, "contaminated")])
def test_four_fifths_in_common_are_one_tumour_whatever_the_levels(shared, finding):
    """Of 5 rare variants of each sample; those in common stand at a fifth of their level."""
    own = [*range(shared), *range(5, 10 - shared)]
    rows = {"A": [(k, 40) for k in own], "B": [(k, 8) for k in range(5)]}
    calls = [
        {"sample_id": s, "variant_id": f"1:{1000 + k}:A:T", "alt_count": alt, "depth": 100}
        for s, told in rows.items()
        for k, alt in told
    ]
    found = identity_table(
        study(
            {"genome_build": "GRCh37"},
            patients=[{"patient_id": s} for s in rows],
            samples=[{"sample_id": s, "patient_id": s, "material": "tissue"} for s in rows],
            calls=calls,
            variants=[{"variant_id": v, "gene": "TTN"} for v in sorted({c["variant_id"] for c in calls})],
        )
    )
    told = {(r["sample_id"], r["finding"]) for r in found.iter_rows(named=True)}
    assert ("B", finding) in told and (("A", finding) in told) == (finding == "same tumour")


def test_patients_at_rare_sites_are_counted_and_those_without_a_site_are_not():
    """Six at the liver, one at the lung and one in the brain, too few together for a level; three of no known site."""
    site = ["liver"] * 6 + ["lung", "brain"] + [None] * 3
    rows = pl.DataFrame({"patient_id": [f"P{k}" for k in range(11)], "variant": range(11), "site": site}).with_columns(
        pl.lit("primary v metastasis").alias("comparison"),
        pl.lit(1.0).alias("weight"),
        (pl.col("variant") % 2 == 0).alias("is_discordant"),
        *(pl.lit(None, pl.Float64).alias(name) for name in ("time gap", "depth of the other sample")),
        *(pl.lit(None, pl.String).alias(name) for name in ("therapy in between", "clonality")),
    )
    reasons = predictor_table(rows, LeastData(5, 3, 1, 1, 0.9))[1]
    assert [text for text in reasons if "rare" in text] == [
        "primary v metastasis, site: 2 patients at rare levels, too few together, are in no level."
    ]


@pytest.mark.parametrize(("learned", "purity"), [(np.array([0.5]), 0.5), (None, 0.8)])
def test_frequencies_are_read_at_the_purity_in_use(learned, purity):
    """40 of 200 reads on 2 copies: 2 x 0.2 / purity of the cells; half of that is the frequency. Nothing is thinned."""
    of = lambda value: np.array([[value], [value]])  # noqa: E731
    counts = SimpleNamespace(
        alt_count=of(40), depth=of(200), purity=of(0.8), major_cn=of(1.0), minor_cn=of(1.0), normal_cn=of(2.0)
    )
    patient = SimpleNamespace(
        data=SimpleNamespace(counts=counts), clustering=SimpleNamespace(purity=learned, multiplicity=of(1))
    )
    frequency, kept = _frequencies(patient, 0, np.array([True, False]), depth=200, n_draw=3, seed=1)
    assert frequency.tolist() == [[pytest.approx(0.2 / purity), 0.0]] * 3 and kept.tolist() == [200, 0]


def test_the_subclonal_share_is_what_is_present_and_not_clonal():
    assert _subclonal_share(np.array([3.0, 0.0, 4.0]), np.array([4.0, 2.0, 4.0])).tolist() == [0.25, 1.0, 0.0]
