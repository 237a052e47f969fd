"""What nobody looked at is never said to be absent, lost, new or wild type without that word (calls alone)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.concordance.status_tables import IF_MEASURED
from oncourse.derive.status.variants import _words, where_seen
from oncourse.io import load_study

KRAS, TP53, SMAD4 = "12:25245350:C:T", "17:7675088:C:T", "18:51065549:G:A"
CALLED = {"P": (KRAS, TP53), "M": (TP53, SMAD4), "B": (TP53,)}


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / f"{name}.tsv", separator="\t")


def study_of(folder: Path, *, counted: bool, n: int = 6) -> Cohort:
    """A study with primary, metastasis and plasma; a variant not called has 0 of 900 reads (counted) or no row."""
    people = [f"P{i}" for i in range(n)]
    write(folder, "patients", [{"patient_id": p, "disease": "colorectal cancer"} for p in people])
    lesions = [
        {"lesion_id": f"{p}-{s}", "patient_id": p, "role": role, "site": site}
        for p in people
        for s, role, site in (("P", "primary", "colon"), ("M", "metastasis", "liver"))
    ]
    write(folder, "lesions", lesions)
    write(
        folder,
        "samples",
        [
            {
                "sample_id": f"{p}-{s}",
                "patient_id": p,
                "material": "plasma" if s == "B" else "tissue",
                "lesion_id": None if s == "B" else f"{p}-{s}",
                "assay_id": "A",
                "day": day,
                "purity": None if s == "B" else 0.6,
                "tumor_fraction": 0.4 if s == "B" else None,
            }
            for p in people
            for s, day in (("P", 0), ("M", 400), ("B", 405))
        ],
    )
    write(folder, "assays", [{"assay_id": "A", "kind": "panel", "targets": "KRAS;NRAS;BRAF;TP53;SMAD4"}])
    write(
        folder,
        "follow_up",
        [{"patient_id": p, "last_contact_day": 900, "is_dead": False, "recurrence_day": 395} for p in people],
    )
    names = {KRAS: ("KRAS", "p.G12D"), TP53: ("TP53", "p.R175H"), SMAD4: ("SMAD4", "p.R361H")}
    write(
        folder,
        "variants",
        [{"variant_id": v, "gene": g, "hgvs_p": p, "consequence": "missense_variant"} for v, (g, p) in names.items()],
    )
    calls = [
        {
            "sample_id": f"{p}-{s}",
            "variant_id": v,
            "alt_count": 200 if v in CALLED[s] else 0,
            "depth": 900,
            "is_called": v in CALLED[s],
        }
        for p in people
        for s in CALLED
        for v in names
        if counted or v in CALLED[s]
    ]
    write(folder, "calls", calls)
    (folder / "study.yaml").write_text("disease: colorectal cancer\ngenome_build: GRCh38\ndesign: crc\n")
    return Cohort(load_study(folder))


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cohort]:
    return {word: study_of(tmp_path_factory.mktemp(word), counted=word == "counted") for word in ("counted", "called")}


def test_a_variant_nobody_looked_for_is_not_said_to_be_absent_or_lost(cohorts):
    words = where_seen(cohorts["called"].presence)[("P0", KRAS)]
    assert "absent" not in words
    assert "not called in P0-M, where its reads were not counted" in words
    assert "lost in the latest metastasis by calls alone" in words
    assert "in 0 of 1 plasma samples (1 by calls alone)" in words
    words = where_seen(cohorts["counted"].presence)[("P0", KRAS)]
    assert "absent in P0-M; lost in the latest metastasis; in 0 of 1 plasma samples; " in words
    assert "by calls" not in words


@pytest.mark.parametrize(("kind", "cell"), [("called", "not called"), ("counted", "absent")])
def test_the_grid_of_the_patient_page_says_what_an_absence_rests_on(cohorts, kind, cell):
    from oncourse.report.patient_page import patient_page

    page = patient_page(cohorts[kind], "P0", clones=False)
    assert f">{cell}</td>" in page
    assert (f">{'absent' if kind == 'called' else 'not called'}</td>") not in page


def test_every_table_of_differences_counts_those_by_calls_alone(cohorts):
    for kind, n in (("called", 6), ("counted", 0)):
        changes = {row["gene"]: row for row in cohorts[kind].recurrence_genes.iter_rows(named=True)}
        assert (changes["SMAD4"]["n_new"], changes["SMAD4"]["n_by_calls"]) == (6, n)
        assert (changes["KRAS"]["n_lost"], changes["KRAS"]["n_by_calls"]) == (6, n)
        assert changes["TP53"]["n_by_calls"] == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("concordance", "12 of 12 differences are assumed (reads not counted)"),
        ("discordance", "(12 assumed: reads not counted)"),
        ("ras_status", "negative assumed in 6"),
        ("tissue_blood", "6 of 6 misses assumed (reads not counted)"),
    ],
)
def test_the_sentence_of_page_one_says_what_rests_on_calls_alone(cohorts, name, words):
    from oncourse.analyses._base import registry

    entry = registry()[name]
    for kind in ("called", "counted"):
        text = entry.run(cohorts[kind]).headline.text
        assert (words in text.text()) == (kind == "called" or name == "ras_status"), text.text()
        assert len(text.text().split()) <= 25
        assert "{" not in text.text("zh")


def test_what_a_lost_ras_mutation_means_waits_for_reads(cohorts):
    from oncourse.analyses._base import registry

    flips = registry()["ras_status"].run(cohorts["called"]).tables["ras_status/flips"]
    lost = flips.filter((pl.col("state_b") == "negative") & (pl.col("status") == "RAS"))
    assert lost.height and lost["consequence_for_therapy"].str.starts_with(IF_MEASURED).all()


def test_patients_who_are_all_alike_prove_no_share(cohorts):
    """Half of four mutations shared in each of six patients gave 50 % with limits 50-50: drawing again shows
    nothing."""
    from oncourse.analyses._base import registry

    result = registry()["concordance"].run(cohorts["counted"])
    share = result.estimate("shared_fraction_assessable.primary_v_metastasis")
    assert share.ci_low < 0.2 < share.value < 0.5 < share.ci_high


#: What was seen of a variant in two tissue samples and no plasma.
SEEN = {"n": 2, "yes": 2, "absent": "", "uncalled": "", "unclear": "", "n_plasma": 0, "plasma": 0}
SEEN |= {"plasma_uncalled": 0, "plasma_unclear": 0, "last": "present", "last_uncalled": False, "earlier": True}
SEEN |= {"low": None, "high": None}
ONE = {"yes": 1, "n": 3}
BLOOD = {"yes": 0, "n": 1, "n_plasma": 2, "plasma": 1, "earlier": False}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({}, "in both tissue samples"),
        ({"n": 1, "yes": 1}, "in the tissue sample"),
        (ONE | {"absent": "T2, T3"}, "in 1 of 3 tissue samples; absent in T2, T3"),
        (ONE | {"uncalled": "T2"}, "in 1 of 3 tissue samples; not called in T2, where its reads were not counted"),
        (ONE | {"unclear": "T2"}, "in 1 of 3 tissue samples; not assessable in T2"),
        (BLOOD | {"absent": "T1"}, "only in plasma; absent in T1"),
        (
            BLOOD | {"uncalled": "T1"},
            "only in plasma, by calls alone; not called in T1, where its reads were not counted",
        ),
        (BLOOD | {"unclear": "T1"}, "in plasma; not assessable in T1"),
        (BLOOD | {"n": 0}, "in plasma"),
        ({"yes": 0, "n": 2, "absent": "T1, T2"}, ""),  # in no sample: nothing is absent from anywhere
        ({"last": "absent"}, "in both tissue samples; lost in the latest metastasis"),
        (
            {"last": "absent", "last_uncalled": True},
            "in both tissue samples; lost in the latest metastasis by calls alone",
        ),
        (BLOOD | {"absent": "T1", "last": "absent"}, "only in plasma; absent in T1"),  # it was in no tissue to be lost
        ({"n_plasma": 3, "plasma": 3}, "in both tissue samples; in all 3 plasma samples"),
        (
            {"n_plasma": 3, "plasma": 1, "plasma_uncalled": 1, "plasma_unclear": 1},
            "in both tissue samples; in 1 of 3 plasma samples (1 by calls alone, 1 not assessable)",
        ),
        (
            {"n_plasma": 3, "plasma": 2, "plasma_unclear": 1},
            "in both tissue samples; in 2 of 3 plasma samples (1 not assessable)",
        ),
        ({"n_plasma": 3, "plasma": 0}, "in both tissue samples; in 0 of 3 plasma samples"),
        ({"low": 0.8, "high": 1.0}, "in both tissue samples; clonal"),
        ({"low": 0.2, "high": 0.79}, "in both tissue samples; subclonal"),
        ({"low": 0.2, "high": 0.8}, "in both tissue samples; clonal in some samples"),
    ],
)
def test_where_a_variant_was_seen_is_said_of_the_samples_that_could_tell(seen, words):
    assert _words(SEEN | seen) == words
