"""Planted swaps, second primaries and true pairs, through the analysis from reads to verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.stats.rng import generator
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

HOTSPOT = "12:25398284:C:T"


def planted(n, seed=1, n_variant=(24, 60), with_snps=False):
    """Return a study of n true pairs (T), n swaps of metastases (S), n second primaries (D), n panel pairs (F).

    A true pair shares 15 to 95 % of its mutations. Half of all tumours have KRAS G12D. Depth 60-200, purity
    0.25-0.8; F has one mutation of its own besides. `with_snps`: 40 germline variants, each carried by half of all.
    """
    rng = generator(seed, "planted pairs")
    calls, samples, lesions, patients, truth = [], [], [], [], {}
    tumours = {}

    def tumour(owner, label, size):
        own = [
            f"{1 + int(c)}:{int(p)}:C:T"
            for c, p in zip(rng.integers(0, 20, size), rng.integers(1, 4e7, size), strict=True)
        ]
        tumours[owner, label] = own + ([HOTSPOT] if rng.random() < 0.5 else [])
        return tumours[owner, label]

    for kind in "TSDF":
        for i in range(n):
            patient = f"{kind}{i:03d}"
            truth[patient] = kind
            size = int(rng.integers(*n_variant)) if kind != "F" else 1
            first = tumour(patient, "P", size)
            if kind in "TF":
                share = rng.uniform(0.15, 0.95)
                trunk = [v for v in first if rng.random() < share or v == HOTSPOT]
                private = [] if kind == "F" else [v for v in tumour(patient, "x", size) if v != HOTSPOT]
                tumours[patient, "M"] = (trunk + private[: size - len(trunk)]) if kind == "T" else first
            else:
                tumour(patient, "M", size)
    owner = {p: p for p in truth}
    swapped = [p for p, kind in truth.items() if kind == "S"]
    owner |= dict(zip(swapped, swapped[1:] + swapped[:1], strict=True))  # each metastasis tube holds the next patient's
    snps = [f"22:{1000 + 10 * k}:A:G" for k in range(40)]
    genotype = {p: rng.random(40) < 0.5 for p in truth}
    for patient in truth:
        patients.append({"patient_id": patient})
        holds = {"P": tumours[patient, "P"], "M": tumours[owner[patient], "M"]}
        union = sorted({*holds["P"], *holds["M"]})
        for side, role in (("P", "primary"), ("M", "metastasis")):
            sample = f"{patient}{side}"
            purity, depth = rng.uniform(0.25, 0.8), rng.integers(60, 200)
            lesions.append({"lesion_id": sample, "patient_id": patient, "role": role})
            samples.append(
                {
                    "sample_id": sample,
                    "patient_id": patient,
                    "material": "tissue",
                    "lesion_id": sample,
                    "purity": purity,
                }
            )
            for v in union:
                n_read = int(rng.poisson(depth))
                fraction = purity / 2 if v in holds[side] else 1e-3
                calls.append(
                    {
                        "sample_id": sample,
                        "variant_id": v,
                        "alt_count": int(rng.binomial(n_read, fraction)),
                        "depth": n_read,
                    }
                )
            if with_snps:
                person = patient if side == "P" else owner[patient]
                for snp, carried in zip(snps, genotype[person], strict=True):
                    calls.append(
                        {
                            "sample_id": sample,
                            "variant_id": snp,
                            "alt_count": 50 if carried else 0,
                            "depth": 100,
                            "origin": "germline",
                            "is_called": bool(carried),
                        }
                    )
    ids = sorted({c["variant_id"] for c in calls})
    variants = [
        {
            "variant_id": v,
            "gene": "KRAS" if v == HOTSPOT else "G",
            "hgvs_p": "p.G12D" if v == HOTSPOT else None,
        }
        for v in ids
    ]
    full = {}
    for name, rows in (
        ("patients", patients),
        ("samples", samples),
        ("lesions", lesions),
        ("calls", calls),
        ("variants", variants),
    ):
        frame = pl.DataFrame(rows, infer_schema_length=None)
        full[name] = frame.select(
            (pl.col(c) if c in frame.columns else pl.lit(None)).cast(s.dtype).alias(c)
            for c, s in TABLES[name].by_name.items()
        )
    return Study(StudyConfig(genome_build="GRCh37"), full)


def verdicts(study):
    table = registry()["concordance"].run(Cohort(study)).tables["concordance/relatedness"]
    table = table.with_columns(kind=pl.col("patient_id").str.head(1), n=pl.col("n_shared") + pl.col("n_private"))
    return table


def share(table, kind, verdict, least=20):
    rows = table.filter((pl.col("kind") == kind) & (pl.col("n") >= least))
    assert rows.height >= 0.8 * table.filter(pl.col("kind") == kind).height
    return float(np.mean([v in verdict for v in rows["verdict"]]))


@pytest.mark.slow
def test_swaps_and_second_primaries_are_flagged_and_true_pairs_are_not():
    """300 of each: at least 99 % of the planted flagged, at most 1 % of the true pairs; few variants say nothing."""
    table = verdicts(planted(300))
    assert share(table, "S", ("unrelated",)) >= 0.99 and share(table, "D", ("unrelated",)) >= 0.99
    assert share(table, "T", ("unrelated", "swap", "second_primary", "uninformative")) <= 0.01


def test_a_few_of_each_and_panels_of_less_than_three_variants():
    table = verdicts(planted(25, seed=2))
    assert (
        share(table, "S", ("unrelated",)) == share(table, "D", ("unrelated",)) == share(table, "T", ("related",)) == 1
    )
    few = table.filter((pl.col("kind") == "F") & (pl.col("n") < 3))
    # one private passenger in common is evidence (1000 to 1); a hotspot alone or nothing assessable is none
    assert few.height >= 20 and not set(few["verdict"]) - {"uninformative", "related"}
    assert set(few.filter(pl.col("log10_likelihood_ratio") < 3)["verdict"]) <= {"uninformative"}


def test_germline_variants_tell_a_swap_from_a_second_primary():
    table = verdicts(planted(15, seed=3, with_snps=True))
    assert (
        share(table, "S", ("swap",)) == share(table, "D", ("second_primary",)) == share(table, "T", ("related",)) == 1
    )


def test_a_sample_in_which_nobody_counted_reads_and_nothing_was_called_is_nobody_elses():
    """Plasma without tumour DNA lacks every variant of the tissue; by calls alone it was 'unrelated' and left every
    answer. Tumours that show their own variants are still told apart."""
    study = planted(5)
    calls = study["calls"].filter(pl.col("alt_count") / pl.col("depth") > 0.05)
    empty = ["T000M", "S001M"]
    tables = {**study.tables, "calls": calls.filter(~pl.col("sample_id").is_in(empty))}
    found = dict(verdicts(replace(study, tables=tables)).select("patient_id", "verdict").iter_rows())
    assert found["T000"] == found["S001"] == "uninformative"
    assert {v for p, v in found.items() if p[0] in "SD" and p != "S001"} == {"unrelated"}
    assert "unrelated" not in {v for p, v in found.items() if p[0] in "TF"}
