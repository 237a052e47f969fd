"""Signatures end to end: a genome, mutations drawn by known signatures, and what is said of them."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.errors import InputError
from oncourse.genome.contexts import ID83, SBS96, classes_of
from oncourse.genome.fasta import Fasta
from oncourse.genome.signatures import read_signatures
from oncourse.io import load_study
from oncourse.plots.signatures import stacked_svg
from oncourse.report.execute import run_one
from oncourse.stats.exposures import fit_exposures
from oncourse.stats.rng import generator

#: Made-up signatures: ageing-like (C>T before G), one of C>A, one flat.
NAMES = ("SBS1", "SBSx", "SBSflat")


def matrix() -> np.ndarray:
    first = np.array([10.0 if c[2:5] == "C>T" and c.endswith("G") else 0.01 for c in SBS96])
    second = np.array([3.0 if c[2:5] == "C>A" and c[0] in "CT" else 0.01 for c in SBS96])
    out = np.array([first, second, np.ones(96)])
    return out / out.sum(1, keepdims=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A genome of 60,000 random bases, a table of signatures, a MAF: B 200 mutations of SBS1, C 200 of SBSx, D 20."""
    path = tmp_path_factory.mktemp("signatures")
    rng = generator(1, "genome")
    genome = "".join(rng.choice(list("ACGT"), 60_000))
    (path / "genome.fa").write_text(">chr1\n" + "\n".join(genome[i : i + 60] for i in range(0, 60_000, 60)) + "\n")
    table = pl.DataFrame({"Type": SBS96} | dict(zip(NAMES, matrix(), strict=True)))
    table.write_csv(path / "table.tsv", separator="\t")
    places: dict[str, list[int]] = {}
    pair = str.maketrans("ACGT", "TGCA")
    for i in range(1, len(genome) - 1):
        three = genome[i - 1 : i + 2]
        key = three if three[1] in "CT" else three.translate(pair)[::-1]
        places.setdefault(key, []).append(i)
    rows = []
    for sample, (which, n) in {"B": (0, 200), "C": (1, 200), "D": (0, 20)}.items():
        for c in rng.choice(96, n, p=matrix()[which]):
            word = SBS96[c]
            i = int(rng.choice(places[word[0] + word[2] + word[-1]]))
            ref = genome[i]
            alt = word[4] if ref in "CT" else word[4].translate(pair)
            rows.append((f"{sample}1", "1", i + 1, ref, alt, genome[i - 5 : i + 6]))
    names = ["Tumor_Sample_Barcode", "Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2", "CONTEXT"]
    maf = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.lit("GENE").alias("Hugo_Symbol"), pl.lit("Missense_Mutation").alias("Variant_Classification")
    )
    maf.write_csv(path / "with_context.maf", separator="\t")
    maf.drop("CONTEXT").write_csv(path / "without.maf", separator="\t")
    return path


def run(study, **settings):
    return run_one(registry()["signatures"], Cohort(study, {"signatures": {"replicates": 20} | settings}), draw=False)


@pytest.mark.parametrize(("maf", "fasta"), [("with_context.maf", False), ("without.maf", True)])
def test_context_column_and_fasta_give_the_same_signatures(folder, maf, fasta):
    settings = {"table": str(folder / "table.tsv")} | ({"fasta": str(folder / "genome.fa")} if fasta else {})
    outcome = run(load_study(folder / maf), **settings)
    assert outcome.status == "done", outcome.detail
    mine = outcome.result.table("exposures").filter(pl.col("part") == "sample")
    assert mine.select("sample_id", "signature").rows() == [("B1", "SBS1"), ("C1", "SBSx")]
    assert (mine["needed"] == 1.0).all() and (mine["ci_low"] > 0.8).all()
    fits = outcome.result.table("fits").filter(pl.col("part") == "sample")
    fits = {r["sample_id"]: r for r in fits.iter_rows(named=True)}
    assert fits["D1"]["status"] == "too few mutations" and fits["D1"]["cosine"] is None
    assert [f.name for f in outcome.result.figures] == ["spectrum", "cohort", "samples"]
    assert outcome.result.excluded["sample_id"].to_list() == ["D1"]


def test_without_contexts_the_way_is_told_and_nothing_is_guessed(folder):
    outcome = run(load_study(folder / "without.maf"), table=str(folder / "table.tsv"))
    assert outcome.status == "too_few" and "--fasta" in outcome.message and "CONTEXT" in outcome.message


def test_reference_base_that_does_not_fit_gives_no_class():
    rows = pl.DataFrame({"variant_id": ["1:5:C:T", "1:6:C:T", "1:7:C:T"], "context": ["ACG", "AGG", None]})
    assert classes_of(rows)["class"].to_list() == ["A[C>T]G", None, None]


def test_indels_are_classed_by_repeats_and_microhomology(tmp_path):
    """Counted by hand on CCATTTTGCACACAGGATCGAATCGTC: one T of four; CA of three; ATCGA, followed by four of its bases
    again; an inserted G before GG."""
    (tmp_path / "g.fa").write_text(">1\nCCATTTTGCACACAGGATCGAATCGTC\n")
    ids = ["1:4:T:-", "1:9:CA:-", "1:17:ATCGA:-", "1:14:-:G"]
    rows = pl.DataFrame(
        {"variant_id": ids, "context": [None] * 4}, schema={"variant_id": pl.String, "context": pl.String}
    )
    with Fasta(tmp_path / "g.fa") as fasta:
        found = dict(classes_of(rows, fasta).select("variant_id", "class").iter_rows())
    assert [found[i] for i in ids] == ["1:Del:T:3", "2:Del:R:2", "5:Del:M:4", "1:Ins:C:2"]
    assert set(found.values()) <= set(ID83)


def test_classes_are_those_of_cosmic(shared_data):
    for kind, words in (("SBS", SBS96), ("ID", ID83)):
        table = read_signatures(shared_data("kb-signatures", f"COSMIC_v3.5_{kind}_GRCh37.txt"))
        assert set(table.classes) == set(words)


def test_table_of_another_form_is_refused(tmp_path):
    (tmp_path / "t.tsv").write_text("a\tb\nx\ty\n")
    with pytest.raises(InputError, match="96"):
        read_signatures(tmp_path / "t.tsv")


def test_refit_of_cosmic_mixtures_finds_what_is_there(shared_data):
    """2,000 mutations, half SBS1, a third SBS10b, a sixth SBS17b: each within 5 points, nothing else above 3 %."""
    table = read_signatures(shared_data("kb-signatures", "COSMIC_v3.5_SBS_GRCh37_exome.txt"))
    true = {"SBS1": 0.5, "SBS10b": 1 / 3, "SBS17b": 1 / 6}
    mean = sum(share * table.matrix[table.names.index(name)] for name, share in true.items())
    counts = generator(4, "mix").multinomial(2000, mean / mean.sum()).astype(float)
    found = dict(zip(table.names, fit_exposures(counts, table.matrix).counts / 2000, strict=True))
    assert all(abs(found[name] - share) < 0.05 for name, share in true.items())
    assert all(share < 0.03 for name, share in found.items() if name not in true)


def shared_and_private(make_study, shared: int = 20, private: int = 10):
    """Mutations in both samples (C>T in CG), and in the second alone, absent in the first by its reads (C>A in CC)."""
    samples = [
        {"sample_id": s, "patient_id": "P", "material": "tissue", "day": d, "purity": 0.8, "mean_depth": 200.0}
        for s, d in (("S1", 0), ("S2", 300))
    ]
    calls, variants = [], []
    for i in range(shared + private):
        variant = f"1:{1000 + i}:C:{'T' if i < shared else 'A'}"
        context = "ACG" if i < shared else "CCC"
        variants.append({"variant_id": variant, "gene": "G", "consequence": "missense", "context": context})
        for s in ("S1", "S2"):
            there = i < shared or s == "S2"
            calls.append(
                {
                    "sample_id": s,
                    "variant_id": variant,
                    "alt_count": 80 if there else 0,
                    "depth": 200,
                    "is_called": there,
                }
            )
    return make_study(patients=[{"patient_id": "P"}], samples=samples, calls=calls, variants=variants)


def test_shared_and_private_mutations_are_fitted_apart(make_study):
    """Twenty mutations in both samples, ten in the second alone and absent in the first by its reads."""
    counts = Cohort(shared_and_private(make_study)).spectra
    counts = counts.group_by("part", "sample_id").agg(pl.col("n").sum())
    found = {(part, sample): n for part, sample, n in counts.iter_rows()}
    assert found == {("sample", "S1"): 20, ("sample", "S2"): 30, ("shared", None): 20, ("private", "S2"): 10}


def test_what_came_early_and_what_came_late_stand_side_by_side(make_study, folder):
    """Sixty shared mutations of the ageing-like signature, seventy of the second lesion alone of the other."""
    found = run(shared_and_private(make_study, 60, 70), table=str(folder / "table.tsv")).result
    told = re.findall(r"<title>([^<]*)</title>", found.figure("early_late").svg)
    assert "P early: SBS1 100 % of 60" in told and "S2 late: SBSx 100 % of 70" in told
    # on the same axis from zero: bars of 60 and 70 on a logarithm began at 60
    assert found.figure("early_late").svg.count('data-people="P"') == len(told)


def test_the_rarer_signatures_of_a_bar_lead_to_their_patients():
    """Nine are drawn by name at most; what stood for the others was no mark."""
    shares = {f"SBS{i}": [0.1, 0.0] for i in range(1, 10)} | {"SBS10": [0.1, 1.0]}
    svg = stacked_svg(["a", "b"], shares, [90, 900], ["P", "Q"])
    told = re.findall(r"<title>([^<]*)</title>", svg)
    assert any(re.fullmatch("a: SBS. 10 %, SBS. 10 %", words) for words in told) and "b: no others" in told
    assert svg.count('data-people="P"') == svg.count('data-people="Q"') == 9


def test_the_signature_that_comes_next_has_the_largest_score_test():
    """Rao's score test of one weight more, the weights inside being fitted: score^2 / efficient information."""
    from oncourse.stats.exposures import _next, _refit

    random = np.random.default_rng(8)
    chosen = set()
    for _ in range(12):
        signatures = random.dirichlet(np.full(30, 0.3), 6)
        counts = random.poisson(400 * (random.dirichlet(np.ones(6)) @ signatures)).astype(float)
        inside = [0, 1]
        weights, _ = _refit(counts, signatures[inside], np.array([200.0, 200.0]))
        mean = np.maximum(weights @ signatures[inside], 1e-9)
        information = (signatures / mean) @ signatures.T
        score = signatures @ (counts / mean - 1)
        tests = {}
        for k in range(2, 6):
            across = information[k, inside]
            own = information[k, k] - across @ np.linalg.solve(information[np.ix_(inside, inside)], across)
            tests[k] = score[k] ** 2 / own if score[k] > 0 else -1.0
        best = max(tests, key=tests.get)
        assert _next(counts, signatures, inside, weights) == (best if tests[best] > 0 else None)
        chosen.add(best)
    assert len(chosen) > 2
