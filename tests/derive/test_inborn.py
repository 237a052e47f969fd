"""What a patient was born with is no mutation of the tumour, whatever the tumour's own row says: a caller of tumours alone
calls a germline variant somatic, and the matched normal shows it."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.facts.inborn import inborn

LOSS = "13:32340300:GT:-"


def carrier(**normal):
    """A tumour with a truncating BRCA2 variant called somatic, and what the normal's row says of it."""
    calls = [
        {"sample_id": "T", "variant_id": LOSS, "alt_count": 56, "depth": 158, "is_called": True, "origin": "somatic"},
        {"sample_id": "T", "variant_id": "17:7675088:C:T", "alt_count": 40, "depth": 100, "is_called": True},
    ]
    if normal:
        calls.append({"sample_id": "N", "variant_id": LOSS, "depth": 102, **normal})
    return study(
        {"design": "mcrpc", "genome_build": "GRCh38"},
        patients=[{"patient_id": "P"}],
        samples=[
            {"sample_id": "T", "patient_id": "P", "material": "tissue"},
            {"sample_id": "N", "patient_id": "P", "material": "normal"},
        ],
        variants=[
            {"variant_id": LOSS, "gene": "BRCA2", "hgvs_p": "p.S1982fs", "consequence": "frameshift_variant"},
            {"variant_id": "17:7675088:C:T", "gene": "TP53", "hgvs_p": "p.R175H", "consequence": "missense_variant"},
        ],
        calls=calls,
    )


@pytest.mark.parametrize(
    ("what", "normal", "born"),
    [
        ("no row of the normal", {}, False),
        ("half of the normal's reads, no origin told", {"alt_count": 52}, True),
        ("recorded as germline", {"alt_count": 52, "origin": "germline"}, True),
        ("a few reads: tumour in normal", {"alt_count": 4}, False),
        ("one read of two", {"alt_count": 1, "depth": 2}, False),
    ],
)
def test_every_table_sets_a_germline_variant_apart(what, normal, born):
    """BRCA2 was altered in four patients by `landscape` and in three by the statuses: one was born with it."""
    made = carrier(**normal)
    assert inborn(made).height == born, what
    cohort = Cohort(made)
    called = cohort.annotated_calls["gene"].to_list()
    assert ("BRCA2" in called) is not born and "TP53" in called
    altered = cohort.gene_status.altered.filter(pl.col("gene") == "BRCA2", pl.col("is_altered"))
    assert altered.height == (not born)
    kinds = set(cohort.hits.filter(pl.col("gene") == "BRCA2", pl.col("sample_id") == "T")["kind"])
    assert kinds == ({"germline"} if born else {"mutation"})
