"""Possible clonal haematopoiesis where no white cells were sequenced: gene, fraction and a tissue that could show
it."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

TRUNK = [f"1:{1000 + i}:C:T" for i in range(12)]
SUSPECT = "2:25457242:C:T"


def study(gene="DNMT3A", plasma=(24, 800), tissue=((0, 800),), white=None):
    """Tissue of purity 0.6 (60 of 200 reads of clonal mutations), plasma of tumour fraction 0.2 (80 of 800)."""
    tissues = [f"T{i}" for i in range(len(tissue))]
    samples = [
        {"sample_id": t, "patient_id": "A", "material": "tissue", "lesion_id": t, "purity": 0.6} for t in tissues
    ]
    samples.append({"sample_id": "B", "patient_id": "A", "material": "plasma", "tumor_fraction": 0.2})
    calls = [
        {"sample_id": s, "variant_id": v, "alt_count": 240 if s != "B" else 80, "depth": 800}
        for v in TRUNK
        for s in [*tissues, "B"]
    ]
    counted = [("B", plasma), *zip(tissues, tissue, strict=True)]
    if white is not None:
        samples.append({"sample_id": "W", "patient_id": "A", "material": "white_cells"})
        counted.append(("W", white))
        calls += [{"sample_id": "W", "variant_id": v, "alt_count": 0, "depth": 800} for v in TRUNK]
    calls += [{"sample_id": s, "variant_id": SUSPECT, "alt_count": k, "depth": n} for s, (k, n) in counted]
    given = {
        "patients": [{"patient_id": "A"}],
        "samples": samples,
        "calls": calls,
        "lesions": [
            {"lesion_id": t, "patient_id": "A", "role": "primary" if t == "T0" else "metastasis"} for t in tissues
        ],
        "variants": [
            *({"variant_id": v, "gene": f"G{i}"} for i, v in enumerate(TRUNK)),
            {"variant_id": SUSPECT, "gene": gene},
        ],
    }
    full = {}
    for name, rows in given.items():
        frame = pl.DataFrame(rows, infer_schema_length=None)
        full[name] = frame.select(
            (pl.col(c) if c in frame.columns else pl.lit(None)).cast(s.dtype).alias(c)
            for c, s in TABLES[name].by_name.items()
        )
    return Study(StudyConfig(), full)


def blood(made):
    cells = Cohort(made).presence.cells
    return set(cells.filter(pl.col("variant_id") == SUSPECT)["blood"]).pop()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "possible_chip"),
        ({"gene": "APC"}, None),  # no gene of clonal haematopoiesis
        ({"plasma": (80, 800)}, None),  # at the fraction of the tumour's clonal mutations
        ({"plasma": (60, 800)}, "possible_chip"),  # 7 % of the reads: a blood clone may be that much
        ({"plasma": (60, 800), "tissue": ((4, 800),)}, "possible_chip"),  # a trace in tissue: blood in it
        ({"plasma": (60, 800), "tissue": ((60, 800),)}, None),  # as much in tissue: no blood explains that
        ({"tissue": ((240, 800),)}, None),  # in the tissue: never by gene name alone
        ({"tissue": ((3, 12),)}, None),  # in shallow tissue
        ({"tissue": ((0, 6),)}, None),  # merely unseen: six reads would miss it as often as not
        ({"tissue": ((0, 800), (0, 6))}, None),  # absent in one tissue, unseen in the other
        ({"tissue": ((0, 800), (0, 800))}, "possible_chip"),
        ({"white": (0, 800)}, None),  # white cells were looked at and do not have it
        ({"white": (26, 800)}, "chip"),
        ({"white": (26, 800), "tissue": ((12, 800),)}, "chip"),  # faintly in tissue: blood in it explains that
        (
            {"white": (26, 800), "tissue": ((240, 800),)},
            None,
        ),  # more in tissue than in blood: tumour in the white cells
        ({"white": (26, 800), "gene": "APC"}, "chip"),  # white cells show it, whatever the gene
    ],
)
def test_possible_chip_needs_gene_fraction_and_absence(given, expected):
    assert blood(study(**given)) == expected


def test_summaries_are_shown_with_and_without_it():
    """Twelve shared mutations and one in plasma only: 12/13 with it, 12/12 without."""
    summary = registry()["concordance"].run(Cohort(study())).tables["concordance/summary"]
    rows = summary.filter((pl.col("estimand") == "shared_fraction_assessable") & (pl.col("set") == "all"))
    assert dict(rows.select("chip", "estimate").iter_rows()) == {
        "with": pytest.approx(12 / 13),
        "without": 1.0,
    }
