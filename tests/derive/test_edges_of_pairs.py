"""Do two samples share a tumour, and what goes with their discordance: ratios, verdicts, levels and facts of pairs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.days import DAYS_PER_YEAR
from oncourse.derive.concordance import concordance_summary as cs
from oncourse.derive.concordance import discordance as di
from oncourse.derive.concordance import persons as pe
from oncourse.derive.concordance import presence_inputs as pi
from oncourse.derive.concordance import relatedness as re
from oncourse.derive.concordance.callability import CallabilityParams, callability


def test_the_ratio_of_common_origin_is_its_integral_over_the_share_in_common():
    """Product over variants, averaged over Beta(2, 2) on the grid; pairs apart."""
    pair, shared = np.array([0, 0, 0, 2]), np.array([True, True, False, False])
    p = np.array([0.14, 0.01, 0.01, 0.3])
    xi = np.linspace(0.02, 0.98, 49)
    belief = xi * (1 - xi) / (xi * (1 - xi)).sum()
    expected = []
    for k in range(3):
        like = np.ones(49)
        for q, both in zip(p[pair == k], shared[pair == k], strict=True):
            norm = xi * q + (1 - xi) * (2 * q - q * q)
            origin = (xi * q + (1 - xi) * q * q) / norm if both else (1 - xi) * 2 * q * (1 - q) / norm
            apart = (q * q if both else 2 * q * (1 - q)) / (2 * q - q * q)
            like *= origin / apart
        expected.append(np.log10((like * belief).sum()))
    np.testing.assert_allclose(re.log10_likelihood_ratio(pair, shared, p, 3), expected, atol=1e-9)
    assert expected[1] == 0  # a pair without a variant


def test_a_variant_is_as_common_as_in_the_other_patients_and_outside():
    """Two of eleven patients have it: (1 + 100 x outside) / (10 + 100)."""
    cells = pl.DataFrame(
        {
            "site": [0, 0, 1, 2],
            "patient_id": ["A", "A", "B", "A"],
            "variant_id": ["v", "v", "v", "w"],
            "gene": ["KRAS", "KRAS", "KRAS", "TTN"],
            "hgvs_p": ["p.G12D", "p.G12D", "p.G12D", None],
        }
    )
    found = re.population_frequency(cells, 11).to_list()
    assert found[:3] == pytest.approx([(1 + 14) / 110] * 3) and found[3] == pytest.approx(0.01 / 110)
    words = pl.DataFrame({"gene": ["APC", "TP53"], "hgvs_p": ["p.E1309Dfs*4", "p.R213*"]})
    assert words.select(re.change_expr())["change"].to_list() == ["APC E1309FS", "TP53 R213*"]


def verdict(shared, private, *, snps=None, frequency="rare", lost=False, basis="reads"):
    """Verdict on one pair with so many shared and private variants; `snps`: (same, different) germline genotypes."""
    n = shared + private
    gene, change = ("KRAS", "p.G12D") if frequency == "hotspot" else ("TTN", None)
    cells = pl.DataFrame(
        {"site": range(n), "patient_id": ["P"] * n, "variant_id": [f"v{k}" for k in range(n)]}
        | {"gene": [gene] * n, "hgvs_p": pl.Series([change] * n, dtype=pl.String)}
    )
    variants = pl.DataFrame(
        {"pair": [0] * n, "state": ["shared"] * shared + ["private_a"] * private, "cell_a": range(n)},
        schema={"pair": pl.Int64, "state": pl.String, "cell_a": pl.Int64},
    ).with_columns(blood=pl.lit(None, pl.String), is_lost=pl.lit(lost), basis=pl.lit(basis))
    pairs = {
        "pair": [0],
        "patient_id": ["P"],
        "comparison": ["x"],
        "sample_a": ["A"],
        "sample_b": ["B"],
        "is_main": [True],
    }
    calls = []
    for k in range(sum(snps or ())):
        calls += [("A", f"s{k}", 50, 100), ("B", f"s{k}", 50 if k < snps[0] else 0, 100)]
    calls = pl.DataFrame(
        calls,
        schema={"sample_id": pl.String, "variant_id": pl.String, "alt_count": pl.Int64, "depth": pl.Int64},
        orient="row",
    )
    study = {"calls": calls.with_columns(origin=pl.lit("germline"))}
    presence = SimpleNamespace(cells=cells, samples=pl.DataFrame({"patient_id": ["P"]}))
    table = re.relatedness_table(study, presence, SimpleNamespace(pairs=pl.DataFrame(pairs), variants=variants))
    row = table.row(0, named=True)
    return row["verdict"], row["n_shared"], row["n_private"], row["n_snp"], row["snp_identity"]


def test_a_verdict_needs_evidence_of_ten_to_one_on_three_variants():
    assert verdict(3, 0)[:3] == ("related", 3, 0) and verdict(0, 0)[0] == "uninformative"
    assert verdict(1, 0)[0] == "related"  # a shared passenger alone: more than a thousand to one
    assert verdict(1, 0, frequency="hotspot")[0] == "uninformative" and verdict(0, 2)[0] == "uninformative"
    # nobody counted reads in a sample that shows nothing of its own: it lacks nothing
    assert verdict(0, 20, basis="assumed")[:3] == ("uninformative", 0, 0)
    own = re.MIN_OWN
    assert [verdict(k, 20, basis="assumed")[2] for k in (own - 1, own)] == [0, 20]
    assert verdict(0, 20)[0] == "unrelated" and verdict(5, 0, lost=True)[:2] == ("uninformative", 0)


def test_germline_variants_tell_a_swap_from_a_second_primary():
    """From ten judged in both; four fifths alike are one person."""
    assert verdict(0, 20, snps=(8, 2))[0] == "second_primary" and verdict(0, 20, snps=(7, 3))[0] == "swap"
    assert verdict(5, 0, snps=(7, 3))[0] == "swap" and verdict(5, 0, snps=(8, 2)) == ("related", 5, 0, 10, 0.8)
    assert verdict(0, 20, snps=(6, 3))[0] == "unrelated"  # nine are too few


def test_genotypes_are_read_from_the_fraction_where_ten_reads_are():
    rows = [("A", "a", 9, 100), ("B", "a", 0, 100), ("A", "b", 10, 100), ("B", "b", 84, 100)]
    rows += [
        ("A", "c", 85, 100),
        ("B", "c", 100, 100),
        ("A", "d", 9, 9),
        ("B", "d", 9, 9),
        ("A", "e", 9, 100),
        ("B", "e", 10, 100),
    ]
    calls = pl.DataFrame(rows, schema=["sample_id", "variant_id", "alt_count", "depth"], orient="row")
    pairs = pl.DataFrame({"pair": [0], "sample_a": ["A"], "sample_b": ["B"]})
    found = re._snp_identity({"calls": calls.with_columns(origin=pl.lit("germline"))}, pairs).row(0)
    assert found == (0, 4, 0.75)  # a, b, c alike, e not; d at nine reads is not read


RULE = di.LeastData(min_patients=4, min_level_patients=2, min_outcome=2, min_outcome_per_term=3, clonal_ccf=0.9)


def rows(n=8, **columns):
    made = {
        "patient_id": [f"P{k}" for k in range(n)],
        "variant": range(n),
        "is_discordant": [k % 2 == 0 for k in range(n)],
    }
    made |= {
        "weight": [1.0] * n,
        "time gap": [float(k) for k in range(n)],
        "site": ["liver"] * n,
        "clonality": ["clonal"] * n,
    }
    made |= {"therapy in between": ["yes"] * n, "depth of the other sample": [0.0] * n}
    return pl.DataFrame(made | columns, schema_overrides={"site": pl.String, "time gap": pl.Float64})


def test_rare_sites_are_pooled_where_together_they_are_enough():
    part = rows(site=["liver"] * 4 + ["lung"] * 2 + ["bone", "skin"])
    column, reference, levels = di._pooled(part, RULE)
    assert (reference, levels) == ("liver", ("lung", "other")) and column.to_list()[6:] == ["other", "other"]
    few, reference, levels = di._pooled(rows(site=["liver"] * 4 + ["lung"] * 3 + ["bone"]), RULE)
    assert (reference, levels) == ("liver", ("lung",)) and few.to_list()[7] is None
    assert di._pooled(rows(site=[None] * 8), RULE)[1:] == (None, ())


def terms(part, name):
    return next(t for t in di._terms(part, RULE) if t.name == name)


def test_why_a_predictor_cannot_be_estimated_is_said():
    part = rows()
    gap = terms(part, "time gap")
    assert di._too_little(part, [gap], gap.known, RULE) is None
    assert di._too_little(part, [gap], np.zeros(8, bool), RULE) == "it is not recorded"
    three = np.arange(8) < 3
    assert di._too_little(part, [gap], three, RULE) == "3 patients where it is known, 4 needed"
    four = np.arange(8) < 4
    assert di._too_little(part, [gap], four, RULE) == "2 discordant and 2 shared variants, 3 of each needed"
    flat = rows(**{"time gap": [0.0, 1.0] * 4})
    assert di._too_little(flat, [terms(flat, "time gap")], gap.known, RULE) == "time gap takes fewer than three values"
    site = terms(part, "site")
    assert di._too_little(part, [site], site.known, RULE) == "every patient is in one level"
    one = rows(clonality=["subclonal"] + ["clonal"] * 7)
    clonal = terms(one, "clonality")
    assert di._too_little(one, [clonal], clonal.known, RULE) == "clonality is subclonal in 1 patients, 2 needed"
    rest = rows(clonality=["clonal"] + ["subclonal"] * 7)
    assert di._too_little(rest, [terms(rest, "clonality")], clonal.known, RULE).startswith("clonality is clonal in 1")
    two = rows(clonality=["subclonal"] * 2 + ["clonal"] * 6)
    assert di._too_little(two, [terms(two, "clonality")], clonal.known, RULE) is None


def samples(days=(0, 400), roles=("primary", "metastasis"), depths=(100.0, 400.0)):
    return pl.DataFrame({"day": days, "role": roles, "site": ["colon", "liver"], "depth": depths}, strict=False)


class Tables(dict):
    def has(self, name):
        return name in self


def facts(comparison, treated=None, **more):
    main = pl.DataFrame({"pair": [0], "comparison": [comparison], "patient_id": ["P"], "row_a": [0], "row_b": [1]})
    runs = {"patient_id": ["P"], "start_day": [treated[0]], "stop_day": [treated[1]]} if treated else None
    kinds = {"stop_day": pl.Int64}
    study = Tables(treatments=pl.DataFrame(runs, schema_overrides=kinds)) if treated else Tables()
    found = di._pair_facts(study, samples(**more), main).row(0, named=True)
    return found["time gap"], found["therapy in between"], found["site"]


def test_between_two_samples_lie_years_therapy_and_the_site_of_the_metastasis():
    lesions, blood = di.COMPARED
    assert facts(lesions) == (400 / DAYS_PER_YEAR, None, "liver")
    assert facts(blood)[2] == "primary" and facts(blood, roles=("metastasis", "plasma"))[2] == "colon"
    assert facts(blood, roles=("tissue", "plasma"))[2] is None
    assert facts(lesions, days=(400, 0))[0] == 400 / DAYS_PER_YEAR and facts(lesions, days=(None, 0))[:2] == (
        None,
        None,
    )
    told = {run: facts(lesions, run)[1] for run in ((399, None), (400, None), (-50, 1), (-50, 0), (10, 20), (-9, None))}
    assert list(told.values()) == ["yes", "no", "yes", "no", "yes", "yes"]
    assert facts(lesions, (10, 20), days=(None, 0))[1] is None


def test_depth_is_held_against_the_mean_of_its_side():
    """Plasma is deeper than tissue: what counts is the doubling over the others of that side."""
    frame = pl.DataFrame({"pair": [0, 2], "comparison": ["x", "x"], "row_a": [0, 1], "row_b": [1, 0]})
    assert di._relative_depth(samples(), frame, "a").to_list() == [-1, None, 1]
    assert di._relative_depth(samples(depths=(0.0, 400.0)), frame, "a").to_list() == [None, None, 0]


def test_a_shared_variant_counts_half_from_either_side_and_a_private_one_whole():
    variants = pl.DataFrame(
        {
            "pair": [0] * 4,
            "state": ["shared", "private_a", "private_b", "shared"],
            "cell_a": [0, 1, 2, 3],
            "cell_b": [4, 5, 6, 7],
        }
    ).with_columns(
        blood=pl.Series([None, None, None, "chip"], dtype=pl.String), basis=pl.lit("reads"), is_lost=pl.lit(False)
    )
    main = pl.DataFrame({"pair": [0], "comparison": [di.COMPARED[0]], "patient_id": ["P"], "row_a": [0], "row_b": [1]})
    cells = pl.DataFrame({"ccf": [0.95, 0.9, 0.1, 0.5, 0.89, None, 0.2, 0.5]})
    presence = SimpleNamespace(samples=samples(), cells=cells)
    found = di.discordance_rows(Tables(), presence, SimpleNamespace(variants=variants), main, 0.9)
    told = found.select("variant", "weight", "is_discordant", "clonality").rows()
    assert sorted(told, key=str) == [
        (0, 0.5, False, "clonal"),
        (0, 0.5, False, "subclonal"),
        (1, 1.0, True, "clonal"),
        (2, 1.0, True, "subclonal"),
    ]
    pairs = pl.DataFrame(
        {"sample_a": ["A", "C"], "sample_b": ["B", "D"], "is_main": [True, True], "comparison": list(di.COMPARED)}
    )
    kept = di.main_pairs(SimpleNamespace(pairs=pairs), pl.DataFrame({"sample_a": ["A"], "sample_b": ["B"]}))
    assert kept["sample_a"].to_list() == ["C"]


def indels(bases, other, distance, change=None, other_change=None, genes=("EGFR", "EGFR")):
    return pi._same_indel(
        {
            "bases": bases,
            "bases_2": other,
            "pos": 100,
            "pos_2": 100 + distance,
            "gene": genes[0],
            "gene_2": genes[1],
            "hgvs_p": change,
            "hgvs_p_2": other_change,
        }
    )


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        (("AC", "AC", 30), True),
        (("AC", "CA", 31), False),  # too far for a repeat
        (("A", "A", 10), True),
        (("A", "A", 11), False),  # and for a run of one base
        (("AC", "CA", 1), True),  # turned by its distance
        (("AC", "CA", 2), False),
        (("AC", "AC", 2, None, None, ("EGFR", "KRAS")), False),
        (("AC", "AC", 2, None, None, ("EGFR", None)), True),
        (("AC", "AC", 40, "p.K437Rfs*5", "p.Lys437fs"), True),  # one change of the protein, however far
        (("AC", "AC", 2, "p.K437fs", "p.R440fs"), False),  # two frameshifts begin at two residues
        (("ACT", "ACT", 3, "p.A775_G776insYVMA", "p.Y772_A775dup"), True),  # an insertion written as a duplication
        (("ACT", "ACT", 33, "p.A775_G776insYVMA", "p.Y772_A775dup"), False),
        (("ACT", "ACT", 3, "p.A775_G776insYVMA", "p.E746_A750del"), False),
    ],
)
def test_two_indels_are_one_unless_their_place_gene_or_protein_speaks_against_it(asked, same):
    assert indels(*asked) is same


def test_altered_megabases_are_those_of_other_than_two_copies_on_autosomes():
    """From half a copy on; of a segment without copies, from a log ratio of 0.1 on; X is left out."""
    rows = [
        ("S", "1", 1, 10_000_000, 3.0, None),
        ("S", "1", 10_000_001, 12_000_000, 2.5, None),
        ("S", "2", 1, 50_000_000, 2.4, 0.9),  # the copies are told: the ratio is not asked
        ("S", "3", 1, 4_000_000, None, -0.1),
        ("S", "4", 1, 90_000_000, None, 0.09),
        ("S", "5", 1, 90_000_000, None, None),
        ("S", "X", 1, 90_000_000, 1.0, None),
        ("T", "1", 1, 90_000_000, 2.0, None),
    ]
    names = ["sample_id", "chrom", "start", "end", "total_cn", "log2_ratio"]
    found = pi.altered_megabases(pl.DataFrame(rows, schema=names, orient="row"))
    assert found.rows() == [("S", pytest.approx(16.0))]


def test_genotypes_of_a_site_have_the_shares_of_hardy_and_weinberg():
    """Patients' genotypes 0, 1, 1, 2 and one not known: q = (4 + 0.5) / (2 x 4 + 1); the shares sum to one."""
    genotype = np.array([[0], [1], [1], [2], [-1], [1]], np.int8)
    columns, weight = pe._weights(genotype, np.array([1, 2, 3, 4, 5, 5]))
    own = np.array([[pe.SAME, 0.05, pe.OPPOSITE], [0.05, pe.SAME, 0.05], [pe.OPPOSITE, 0.05, pe.SAME]])
    own /= own.sum(axis=1, keepdims=True)
    shares = np.diag(own) / 10 ** np.diag(weight)
    assert shares == pytest.approx([0.25, 0.5, 0.25], rel=1e-5) and shares.sum() == pytest.approx(1)
    assert weight[0, 2] == pytest.approx(np.log10(own[0, 2] / 0.25), rel=1e-5) and np.allclose(weight, weight.T)
    assert columns.tolist()[4] == [0, 0, 0]


@pytest.mark.parametrize(
    ("material", "tumour", "depth", "told"),
    [
        ("plasma", {}, 400, ("assumed", "tumour fraction not known")),
        ("tissue", {}, 400, ("assumed", "purity not known")),
        ("tissue", {"purity": 0.5}, 400, ("measured", "power")),
        ("plasma", {"tumor_fraction": 0.5}, 400, ("measured", "power")),
        ("tissue", {"purity": 0.5}, 4, ("underpowered", "too few reads or too little tumour")),
        ("tissue", {}, 0, ("not_covered", "no reads")),
        ("tissue", {"purity": 0.5}, None, ("not_covered", "gene not on the assay")),
    ],
)
def test_why_a_codon_can_or_cannot_be_told(make_study, material, tumour, depth, told):
    """Plasma has a tumour fraction, tissue a purity: the reason names the one to look up."""
    study = make_study(
        patients=[{"patient_id": "P1"}],
        samples=[{"sample_id": "S1", "patient_id": "P1", "material": material, "assay_id": "A", **tumour}],
        assays=[{"assay_id": "A", "kind": "panel", "targets": "TP53"}],
        calls=[],
        variants=[],
        coverage=[] if depth is None else [{"sample_id": "S1", "gene": "KRAS", "codon": 12, "min_depth": depth}],
    )
    rows = callability(study, Cohort(study).panels, CallabilityParams(), codons={"KRAS": (12,)})
    assert rows.select("state", "reason").rows() == [told]


def test_variants_too_many_for_the_latent_share_are_thinned_evenly(monkeypatch):
    """Of 9 variants 5: the first, the last, and as many between; each pair keeps its part."""
    asked = {}

    def latent(a, b, seen_a, seen_b, unit):
        asked.update(a=a[:, 0].tolist(), unit=unit.tolist())
        return SimpleNamespace(share=0.5, ci_low=np.nan, ci_high=np.nan)

    monkeypatch.setattr("oncourse.stats.sharing.latent_share", latent)
    monkeypatch.setattr(cs, "MAX_LATENT", 5)
    at = np.arange(9)
    monkeypatch.setattr(cs, "_usable", lambda *_: (at, at, np.array([3] * 5 + [7] * 4)))
    grid = np.repeat(at[:, None], 5, axis=1).astype(float)
    kernel = SimpleNamespace(ccfs=np.array(cs.LEVELS), likelihood=grid, detection=grid)
    (row,) = cs.latent_rows(SimpleNamespace(kernel=kernel), pl.DataFrame({"state": ["shared"]}), {"comparison": "c"})
    assert asked == {"a": [0, 2, 4, 6, 8], "unit": [0, 0, 0, 1, 1]}
    assert (row["n_patients"], row["n_variants"], row["ci_low"]) == (2, 5, None)
