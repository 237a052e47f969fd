"""The landscape on real studies: counts as their sources and R maftools have them."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.genes.gene_pairs import burden_model, co_occurrence
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.derive.genes.pairs_apart import hypermutated, with_apart
from oncourse.report.execute import run_one
from oncourse.stats.rng import generator


def landscape(study, **settings):
    outcome = run_one(registry()["landscape"], Cohort(study, {"landscape": settings}), draw=False)
    assert outcome.status == "done", outcome.detail
    return outcome.result


def genes(result) -> dict[str, dict]:
    return {row["gene"]: row for row in result.tables["landscape/genes"].iter_rows(named=True)}


@pytest.fixture(scope="module")
def prostate(loaded):
    return loaded("prostate_msk_2024")


@pytest.fixture(scope="module")
def answer(prostate):
    return landscape(prostate)


def test_prostate_panels_have_their_own_denominators(prostate):
    """IMPACT341 / 410 / 468 / 505 were run on 136 / 480 / 1,477 / 167 samples (data_gene_panel_matrix.txt)."""
    found = genes(landscape(prostate, unit="sample"))
    assert found["TP53"]["n_profiled"] == 2260
    # CARM1 is on IMPACT468 and 505 only, ZFHX3 on all but IMPACT341
    assert found["CARM1"]["n_profiled"] == 1477 + 167
    assert found["ZFHX3"]["n_profiled"] == 2260 - 136


def test_prostate_patients_and_msi(prostate, answer):
    estimates = {e.name: e for e in answer.estimates}
    assert estimates["profiled_patients"].value == 2257
    assert estimates["profiled_samples"].value == 2260
    burden = answer.tables["landscape/samples"]
    assert burden["sample_id"].n_unique() == 2260
    # the source's own burden, from its own callable size; ours rests on the coding length of the panel
    own = prostate["samples"].select("sample_id", "tmb_per_mb").drop_nulls()
    both = burden.join(own, on="sample_id", suffix="_source").filter(pl.col("tmb_per_mb_source") > 0)
    ratio = (both["tmb_per_mb"] / both["tmb_per_mb_source"]).median()
    assert 0.85 < ratio < 1.15


def test_prostate_knows_that_spop_excludes_erg(answer):
    """Cancer Genome Atlas 2015 (doi 10.1016/j.cell.2015.10.025): SPOP mutations and ETS fusions exclude each other."""
    result, pairs = answer, answer.tables["landscape/pairs"]
    # ELOC and AGO2 of chromosome 8, gained together, would stand first
    near = next(e for e in result.estimates if e.name == "gene_pairs_near")
    assert 0 < near.value < near.n and "ERG and SPOP (exclusivity)" in result.answer and "AGO2" not in result.answer
    assert "TMPRSS2 and SPOP" not in result.answer  # the same fusion
    row = pairs.filter((pl.col("gene_a") == "ERG") & (pl.col("gene_b") == "SPOP")).row(0, named=True)
    assert row["direction"] == "exclusivity" and row["q_value"] < 1e-6


def test_tcga_prostate_counts_equal_maftools(loaded):
    """R maftools 2.22 getGeneSummary on the same MAF: TP53 59, SPOP 56, TTN 54 samples; it has 495 samples as it drops
    those without a non-silent call, here all 498 profiled samples are in the denominator."""
    found = genes(landscape(loaded("tcga_crc_prad_maf", "mc3_PRAD.maf.gz"), unit="sample"))
    assert {g: found[g]["n_mutated"] for g in ("TP53", "SPOP", "TTN")} == {"TP53": 59, "SPOP": 56, "TTN": 54}
    assert found["TP53"]["n_profiled"] == 498


@pytest.mark.parametrize("cohort", ["PRAD", pytest.param("READ", marks=pytest.mark.slow)])
def test_tcga_counts_equal_maftools_of_the_rows_that_are_called(cohort, shared_data, tmp_path):
    """maftools' MutatedSamples: samples per gene with one of its nine non-silent classes. Rows that their FILTER
    rejects are no calls here; given without them, every gene's count is the same, former symbols apart."""
    from oncourse.io import load_study

    rows = pl.read_csv(shared_data("tcga_crc_prad_maf", f"mc3_{cohort}.maf.gz"), separator="\t", infer_schema=False)
    rows = rows.filter(pl.col("FILTER").is_in(["PASS", "wga"]))
    rows.write_csv(tmp_path / "called.maf", separator="\t")
    silent = [
        "Silent",
        "Intron",
        "RNA",
        "3'UTR",
        "5'UTR",
        "3'Flank",
        "5'Flank",
        "IGR",
        "Splice_Region",
        "Targeted_Region",
    ]
    theirs = rows.filter(~pl.col("Variant_Classification").is_in(silent)).group_by("Hugo_Symbol")
    theirs = dict(theirs.agg(pl.col("Tumor_Sample_Barcode").n_unique()).iter_rows())
    found = (
        Cohort(load_study(tmp_path / "called.maf"))
        .gene_status.altered.filter("is_mutated")
        .group_by("gene")
        .agg(pl.col("sample_id").n_unique())
    )
    ours = dict(found.iter_rows())
    same = [g for g in theirs if g in ours]
    assert len(same) > 0.97 * len(theirs)
    # a residue's place decides where it differs from the annotation: at most one gene in a thousand
    assert sum(ours[g] != theirs[g] for g in same) <= len(same) / 1000


def test_coad_kras_and_braf_exclude_each_other(loaded):
    """Fisher's test misses it (p = .07) where hypermutated samples carry both; given burden it is plain among 200
    genes too. The RTK-RAS genes together exclude each other (Sanchez-Vega 2018, doi 10.1016/j.cell.2018.03.035)."""
    result = landscape(loaded("tcga_crc_prad_maf", "fh_COAD.maf.gz"), pair_genes=200)
    pairs = result.table("pairs")
    assert pairs.height == 200 * 199 / 2
    row = pairs.filter((pl.col("gene_a") == "KRAS") & (pl.col("gene_b") == "BRAF")).row(0, named=True)
    assert row["direction"] == "exclusivity" and row["q_value"] < 0.001 and row["power_exclusivity"] > 0.8
    group = result.table("gene_groups").filter(pl.col("gene_group") == "RTK-RAS").row(0, named=True)
    assert group["direction"] == "exclusivity" and group["q_value"] < 0.01
    assert "exclusivity" in [f.name for f in result.figures]
    assert all(f.svg.startswith("<svg") for f in result.figures)


def three_lesions(make_study):
    """Ten patients, gene AAA in the primary of five of them, BBB in the two later samples of the same."""
    samples, calls = [], []
    for i in range(10):
        for j, day in (("a", 0), ("b", 400), ("c", 800)):
            samples.append({"sample_id": f"P{i}{j}", "patient_id": f"P{i}", "material": "tissue", "day": day})
            if i < 5:
                variant = "1:1:A:C" if j == "a" else "1:2:A:C"
                calls.append({"sample_id": f"P{i}{j}", "variant_id": variant, "is_called": True})
    named = ((1, "AAA"), (2, "BBB"))
    variants = [{"variant_id": f"1:{n}:A:C", "gene": g, "consequence": "nonsense"} for n, g in named]
    patients = [{"patient_id": f"P{i}"} for i in range(10)]
    return make_study(patients=patients, samples=samples, calls=calls, variants=variants)


@pytest.mark.parametrize(
    ("rule", "altered"), [("all", {"AAA": 5, "BBB": 5}), ("first", {"AAA": 5}), ("last", {"BBB": 5})]
)
def test_patient_with_several_samples_counts_once_by_the_rule_that_is_printed(make_study, rule, altered):
    result = landscape(three_lesions(make_study), per_patient=rule)
    found = {g: r["n_altered"] for g, r in genes(result).items() if r["n_altered"]}
    assert found == altered and {r["n_profiled"] for r in genes(result).values()} == {10}
    words = {"all": "all their samples", "first": "their first sample", "last": "their last sample"}[rule]
    assert any(words in line for line in result.methods)


def two_groups(make_study):
    """Gene A altered in 8 of 10 metastases and 1 of 10 primaries; R: fisher.test(matrix(c(8,2,1,9),2))."""
    patients = [{"patient_id": f"P{i:02d}"} for i in range(20)]
    lesions = [
        {"lesion_id": f"L{i:02d}", "patient_id": f"P{i:02d}", "role": "metastasis" if i < 10 else "primary"}
        for i in range(20)
    ]
    samples = [
        {"sample_id": f"S{i:02d}", "patient_id": f"P{i:02d}", "material": "tissue", "lesion_id": f"L{i:02d}"}
        for i in range(20)
    ]
    calls = [{"sample_id": f"S{i:02d}", "variant_id": "1:100:A:C", "is_called": True} for i in (*range(8), 15)]
    variants = [{"variant_id": "1:100:A:C", "gene": "AAA", "consequence": "nonsense"}]
    return make_study(patients=patients, lesions=lesions, samples=samples, calls=calls, variants=variants)


def test_groups_are_compared_as_r_fisher_test_does(make_study):
    result = landscape(two_groups(make_study), group_by="role")
    row = result.tables["landscape/groups"].row(0, named=True)
    assert (row["group_a"], row["n_altered_a"], row["n_profiled_a"]) == ("metastasis", 8, 10)
    assert (row["group_b"], row["n_altered_b"], row["n_profiled_b"]) == ("primary", 1, 10)
    # scipy.stats.contingency.odds_ratio([[8, 2], [1, 9]]); R's fisher.test gives p 0.0054774946, odds ratio 27.32632
    # and (2.0579988, 1740.0817): its root finder stops at a relative 1.5e-2 on the upper limit
    assert row["p_value"] == pytest.approx(0.005477494641581329, rel=1e-9)
    assert row["odds_ratio"] == pytest.approx(27.326807509325075, rel=1e-6)
    assert row["ci_low"] == pytest.approx(2.057967559193594, rel=1e-6)
    assert row["ci_high"] == pytest.approx(1766.9503569057117, rel=1e-6)


@pytest.mark.parametrize(("column", "tracks"), [("role", {"lesion"}), ("disease", {"lesion", "group"})])
def test_a_group_that_is_a_track_already_is_drawn_once(make_study, column, tracks):
    """landscape.group_by = role of MSK 2024: lesion and group were the same track twice, with two legends."""
    from oncourse.analyses._landscape_figures import oncoprint_data

    cohort = Cohort(two_groups(make_study))
    group = pl.when(pl.col("sample_id") < "S05").then(pl.lit("x")).otherwise(pl.lit("y"))
    groups = (
        cohort.sample_groups("role") if column == "role" else cohort.study["samples"].select("sample_id", group=group)
    )
    top = pl.DataFrame({"gene": ["AAA"], "frequency": [0.45]})
    assert set(oncoprint_data(cohort, cohort.gene_status, top, cohort.burden, groups).tracks) == tracks


def test_reference_table_is_compared(make_study, tmp_path):
    (tmp_path / "reference.tsv").write_text("gene\tn_altered\tn_profiled\nAAA\t10\t100\nBBB\t1\t100\n")
    result = landscape(two_groups(make_study), reference=str(tmp_path / "reference.tsv"))
    row = result.tables["landscape/groups"].row(0, named=True)
    assert (row["group_b"], row["n_altered_a"], row["n_altered_b"]) == ("reference", 9, 10)


def test_oncoprint_marks_both_alleles_and_germline(make_study):
    """A: two losses of APC in one sample (the other has none); B: a germline loss of BRCA2 marked on its tumour
    sample."""
    from oncourse.analyses._landscape_figures import oncoprint_data

    rows = [
        ("A1", "1:1:A:C", "APC", "nonsense", "somatic"),
        ("A1", "1:2:A:C", "APC", "frameshift", "somatic"),
        ("B1", "1:3:A:C", "BRCA2", "nonsense", "germline"),
        ("B1", "1:4:A:C", "BRCA2", "missense", "somatic"),
    ]
    cohort = Cohort(
        make_study(
            patients=[{"patient_id": "A"}, {"patient_id": "B"}],
            samples=[{"sample_id": s, "patient_id": s[0], "material": "tissue"} for s in ("A1", "A2", "B1")],
            calls=[{"sample_id": s, "variant_id": v, "is_called": True, "origin": o} for s, v, _, _, o in rows],
            variants=[{"variant_id": v, "gene": g, "consequence": c} for _, v, g, c, _ in rows],
        )
    )
    top = pl.DataFrame({"gene": ["APC", "BRCA2"], "frequency": [0.5, 0.5]})
    marks = oncoprint_data(cohort, cohort.gene_status, top, cohort.burden, None).marks
    assert marks is not None and marks.tolist() == [[1, 0, 0], [0, 0, 2]]


def test_a_gene_hit_in_the_germline_alone_has_its_row(make_study):
    """Of an exome, whose genes nobody lists, BRCA2 of an inherited loss alone stood in no row."""
    one = make_study(
        patients=[{"patient_id": "A"}, {"patient_id": "B"}],
        samples=[{"sample_id": s, "patient_id": s[0], "material": "tissue"} for s in ("A1", "B1")],
        calls=[
            {"sample_id": "A1", "variant_id": "1:1:A:C", "is_called": True, "origin": "somatic"},
            {"sample_id": "B1", "variant_id": "1:3:A:C", "is_called": True, "origin": "germline"},
        ],
        variants=[
            {"variant_id": v, "gene": g, "consequence": "nonsense"}
            for v, g in (("1:1:A:C", "APC"), ("1:3:A:C", "BRCA2"))
        ],
    )
    row = genes(landscape(one))["BRCA2"]
    assert (row["n_profiled"], row["n_altered"], row["n_germline"]) == (2, 0, 1)


def test_the_fusion_of_tmprss2_and_erg_is_one_line_of_the_answer(answer):
    """data_sv.txt: 379 patients have an event that joins the two; the table holds both genes as they are."""
    estimates = {e.name: e for e in answer.estimates}
    assert estimates["frequency:TMPRSS2::ERG"].value == pytest.approx(379 / 2257)
    assert not {"frequency:TMPRSS2", "frequency:ERG"} <= set(estimates) or estimates["frequency:ERG"].value < 0.1
    assert genes(answer)["ERG"]["n_altered"] == 556 and "TMPRSS2::ERG" not in genes(answer)


def test_one_pair_of_genes_is_told_and_not_drawn(simulated_study):
    """A figure of one cell stood on the page; from three pairs on there is one."""
    few, more = (landscape(simulated_study("crc"), min_pair=n) for n in (5, 3))
    assert few.tables["landscape/pairs"].height == 1 and "exclusivity" not in {f.name for f in few.figures}
    assert few.notes[0] == "APC and TP53: 4 have both, 4.0 expected (P 1); too few pairs for a figure."
    assert "exclusivity" in {f.name for f in more.figures}
    assert not any("too few pairs" in note for note in more.notes)


def test_what_may_be_of_the_blood_is_said_beside_the_share():
    """Plasma alone, no white cells: DNMT3A R882H, whose gene no rule asks for, led the page without a word."""
    ids = [f"P{i}" for i in range(8)]
    found = {"2:25457242:C:T": ("DNMT3A", "p.R882H"), "12:25398284:C:T": ("KRAS", "p.G12D")}
    one = study(
        {"design": "crc", "genome_build": "GRCh37"},
        patients=[{"patient_id": p} for p in ids],
        samples=[{"sample_id": f"{p}-P", "patient_id": p, "material": "plasma", "day": 0} for p in ids],
        calls=[
            {"sample_id": f"{p}-P", "variant_id": v, "alt_count": 60 if (i + j) % 2 else 0, "depth": 1500}
            for i, p in enumerate(ids)
            for j, v in enumerate(found)
        ],
        variants=[{"variant_id": v, "gene": g, "hgvs_p": h, "consequence": "missense"} for v, (g, h) in found.items()],
    )
    result = landscape(one)
    table = genes(result)
    assert (table["DNMT3A"]["n_altered"], table["DNMT3A"]["n_maybe_blood"], table["KRAS"]["n_maybe_blood"]) == (4, 4, 0)
    assert "of a blood clone (in white cells, or in plasma only): DNMT3A 4." in result.answer


def test_what_white_cells_hold_too_is_said_as_concordance_says_it():
    """6 of 100 reads in white cells, 5 % of plasma: concordance called it of a blood clone, the landscape led with it."""
    found = {"2:25457242:C:T": ("DNMT3A", "p.R882H"), "12:25398284:C:T": ("KRAS", "p.G12D")}
    reads = {"P-T": (1, 20), "P-B": (5, 0), "P-W": (6, 0)}  # of 100, of DNMT3A and KRAS
    one = study(
        {"design": "crc", "genome_build": "GRCh37"},
        patients=[{"patient_id": "P"}],
        samples=[
            {"sample_id": s, "patient_id": "P", "material": m, "day": 0}
            for s, m in (("P-T", "tissue"), ("P-B", "plasma"), ("P-W", "white_cells"))
        ],
        calls=[
            {"sample_id": s, "variant_id": v, "alt_count": alt, "depth": 100, "is_called": alt > 3}
            for s, of in reads.items()
            for v, alt in zip(found, of, strict=True)
        ],
        variants=[{"variant_id": v, "gene": g, "hgvs_p": h, "consequence": "missense"} for v, (g, h) in found.items()],
    )
    result = landscape(one)
    assert genes(result)["DNMT3A"]["n_maybe_blood"] == 1 and genes(result)["KRAS"]["n_maybe_blood"] == 0
    assert "of a blood clone (in white cells, or in plasma only): DNMT3A 1." in result.answer


@pytest.fixture
def two_kinds(make_study):
    """Two kinds of tumours, 120 and 40 patients: STABLE is altered in nine of ten of the first alone, UNSTABLE in as many
    of the second; ONE and OTHER exclude each other in both; twelve further genes by chance. All assayed on 30 Mb."""
    rng = generator(7, "two kinds of tumours")
    calls, variants = [], []
    for i in range(160):
        first, either = i < 120, rng.random() < 0.5
        chance = {
            "STABLE": 0.9 * first,
            "UNSTABLE": 0.9 * (not first),
            "ONE": 0.9 * either,
            "OTHER": 0.9 * (not either),
        }
        chance |= {f"G{k}": 0.3 for k in range(12)}
        for gene in (g for g, p in chance.items() if rng.random() < p):
            variant = f"1:{len(variants) + 1}:A:C"
            variants.append({"variant_id": variant, "gene": gene, "consequence": "missense"})
            calls.append({"sample_id": f"S{i:03}", "variant_id": variant, "is_called": True})
    return make_study(
        patients=[{"patient_id": f"P{i:03}"} for i in range(160)],
        assays=[{"assay_id": "wes", "kind": "wes", "callable_mb": 30.0}],
        samples=[
            {"sample_id": f"S{i:03}", "patient_id": f"P{i:03}", "material": "tissue", "assay_id": "wes"}
            for i in range(160)
        ],
        calls=calls,
        variants=variants,
    )


def test_pairs_of_genes_that_part_hypermutated_tumours_from_others_do_not_hold_apart(two_kinds):
    """TCGA COAD: 105 of 1,225 pairs exclude or accompany each other, six where hypermutated tumours are strata."""
    params, cohort = LandscapeParams(), Cohort(two_kinds)
    pairs = co_occurrence(burden_model(two_kinds, cohort.gene_status, params), params)
    kinds = pl.DataFrame({"patient_id": [f"P{i:03}" for i in range(120, 160)], "kind": ["MSI-H"] * 40})
    found = with_apart(pairs, two_kinds, cohort.gene_status, params, kinds)
    q = {frozenset(row[:2]): row[2:] for row in found.select("gene_a", "gene_b", "q_value", "q_apart").iter_rows()}
    kind, true = q[frozenset(("STABLE", "UNSTABLE"))], q[frozenset(("ONE", "OTHER"))]
    assert kind[0] < 1e-6 and kind[1] > 0.05
    assert true[0] < 1e-6 and true[1] < 1e-6
    few = with_apart(pairs, two_kinds, cohort.gene_status, params, kinds.head(4))
    assert few["q_apart"].null_count() == few.height


def test_tumours_are_hypermutated_by_their_mutations_one_row_a_patient():
    """MSI-H by the mutations stands before a load alone; a patient with one such sample of two is one."""
    samples = pl.DataFrame(
        {
            "patient_id": ["A", "A", "B", "C", "D"],
            "msi_predicted": ["not MSI-H", "MSI-H", "not MSI-H", "uncertain", None],
            "p_hypermutated": [0.1, 0.0, 0.9, 0.2, None],
        }
    )
    assert hypermutated(samples).rows() == [("A", "MSI-H"), ("B", "hypermutated")]


def test_genes_that_no_patient_was_looked_at_for_both_are_no_pair(make_study):
    """TP53 on one panel, BRCA2 on the other, KRAS on both: two pairs, not three."""
    panels = {"a": "TP53;KRAS", "b": "BRCA2;KRAS"}
    variants = {"TP53": "17:1:C:T", "BRCA2": "13:1:C:T", "KRAS": "12:1:C:T"}
    of = {i: ["TP53" if i % 2 else "BRCA2"] * (i % 4 < 2) + ["KRAS"] * (i % 3 == 0) for i in range(80)}
    study = make_study(
        patients=[{"patient_id": f"P{i}"} for i in of],
        assays=[{"assay_id": a, "kind": "panel", "targets": genes} for a, genes in panels.items()],
        samples=[
            {"sample_id": f"S{i}", "patient_id": f"P{i}", "material": "tissue", "assay_id": "ba"[i % 2]} for i in of
        ],
        calls=[
            {"sample_id": f"S{i}", "variant_id": variants[g], "is_called": True}
            for i, genes in of.items()
            for g in genes
        ],
        variants=[{"variant_id": v, "gene": g, "consequence": "nonsense"} for g, v in variants.items()],
    )
    pairs = landscape(study).table("pairs")
    assert set(pairs.select("gene_a", "gene_b").iter_rows()) == {("KRAS", "TP53"), ("KRAS", "BRCA2")}
    assert pairs["n_patients"].to_list() == [40, 40]
