"""Metamorphic guard: one wrong cell of a mutated row never makes the patient wild type."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncourse.cohort import Cohort
from oncourse.knowledge.evaluate import NO, YES, evaluate
from oncourse.knowledge.expression import parse
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study
from oncourse.study.validate import validate

#: Row of a mutation -> what the place says, and the rule it is to fulfil.
ROWS = {
    "KRAS G12D": ("12:25398284:C:T", "KRAS", "p.G12D", "missense", "KRAS:12,13,59,61,117,146"),
    "NRAS Q61R": ("1:115256529:T:C", "NRAS", "p.Q61R", "missense", "NRAS:12,13,59,61,117,146"),
    "BRAF V600E": ("7:140453136:A:T", "BRAF", "p.V600E", "missense", "BRAF:V600E"),
    "AR T878A": ("X:66943552:A:G", "AR", "p.T878A", "missense", "AR:T878A"),
}
GENES = [
    "kras",
    "KRAS;LRMP",
    "LRMP;KRAS",
    "LRMP",
    "TP53",
    "3845",
    "ENSG00000133703",
    "9-Sep",
    "Unknown",
    ".",
    "MLL2",
    " ",
]
CHANGES = ["p.A18V", "G12=", "p.G12C", "?", "p.V640E", "p.T877A", "p.R5*", "p.K117fs", "12", "c.35G>A"]
EFFECTS = ["Silent", "Intron", "3'UTR", "synonymous_variant", "IGR", "gibberish", "Frame_Shift_Del", "RNA", "5'Flank"]
CELLS = st.one_of(
    st.tuples(st.just("gene"), st.none() | st.sampled_from(GENES) | st.text(max_size=6)),
    st.tuples(st.just("hgvs_p"), st.none() | st.sampled_from(CHANGES) | st.from_regex(r"\Ap\.[A-Z]\d{1,3}[A-Z*=]\Z")),
    st.tuples(st.just("consequence"), st.none() | st.sampled_from(EFFECTS) | st.text(max_size=6)),
    st.tuples(st.just("alt_count"), st.none() | st.integers(0, 1000)),
    st.tuples(st.just("depth"), st.none() | st.integers(300, 9000)),
    st.tuples(st.just("filter"), st.none() | st.sampled_from(["LowQual", "germline", "oxog", "PASS"])),
    st.tuples(st.just("origin"), st.none() | st.sampled_from(["unknown", "germline", "chip"])),
)


def _row(name: str, column: str, value: object) -> tuple[dict[str, object], dict[str, object]]:
    """The mutation's row of variants and of calls, with one cell changed."""
    variant_id, gene, change, effect, _ = ROWS[name]
    variant: dict[str, object] = {"variant_id": variant_id, "gene": gene, "hgvs_p": change, "consequence": effect}
    call: dict[str, object] = {
        "sample_id": "S1",
        "variant_id": variant_id,
        "alt_count": 300,
        "depth": 1000,
        "is_called": True,
        "filter": "PASS",
        "origin": "somatic",
    }
    (variant if column in variant else call)[column] = value
    return variant, call


def _checked(*rows: tuple[dict[str, object], dict[str, object]]) -> tuple[Study, set[int]]:
    """A study of one patient with these rows, and which of them are refused with a message."""
    genes = ["KRAS", "NRAS"]
    frames = {
        "patients": [{"patient_id": "P1", "disease": "colorectal cancer"}],
        "assays": [{"assay_id": "A", "kind": "panel", "targets": "KRAS;NRAS;BRAF;AR;TP53"}],
        "samples": [
            {"sample_id": "S1", "patient_id": "P1", "material": "tissue", "assay_id": "A", "purity": 0.6, "day": 0}
        ],
        "variants": [variant for variant, _ in rows],
        "calls": [call for _, call in rows],
        "coverage": [
            {"sample_id": "S1", "gene": g, "codon": c, "min_depth": 500}
            for g in genes
            for c in (12, 13, 59, 61, 117, 146)
        ],
    }
    config = config_from_mapping({"genome_build": "GRCh37"})
    typed, problems = validate({n: pl.DataFrame(r, infer_schema_length=None) for n, r in frames.items()}, config)
    wrong = [p for p in problems if p.severity == "error"]
    assert all(p.table in ("variants", "calls") and p.row is not None for p in wrong), wrong
    return Study(config, typed, warnings=tuple(problems)), {int(p.row or 0) - 2 for p in wrong}


def _study(name: str, column: str, value: object) -> Study | None:
    study, refused = _checked(_row(name, column, value))
    return None if refused else study


@settings(max_examples=50, derandomize=True, deadline=None, database=None)
@given(cells=st.tuples(*(CELLS for _ in ROWS)))
def test_the_mutation_is_read_from_its_place(cells: tuple[tuple[str, object], ...]) -> None:
    """200 changes of one cell, one in each of four mutations of a study: gene, protein change and effect stay what place
    and bases say, and the call is called."""
    rows = {name: _row(name, *cell) for name, cell in zip(ROWS, cells, strict=True)}
    refused = {list(rows)[i] for i in _checked(*rows.values())[1]}
    rows = {name: row for name, row in rows.items() if name not in refused}
    if not rows:
        return
    study, more = _checked(*rows.values())
    assert not more
    read = {row["variant_id"]: row for row in study["variants"].iter_rows(named=True)}
    for variant_id, gene, change, effect, _ in (ROWS[name] for name in rows):
        row = read[variant_id]
        assert (row["gene"], row["hgvs_p"], row["consequence"]) == (gene, change, effect)
    assert study["calls"]["is_called"].to_list() == [True] * len(rows)


@pytest.mark.parametrize("name", list(ROWS))
@settings(max_examples=6, derandomize=True, deadline=None, database=None)
@given(cell=CELLS)
def test_the_patient_is_never_wild_type(name: str, cell: tuple[str, object]) -> None:
    """The rule for the mutation holds or cannot be judged; the one for the wild type never holds."""
    study = _study(name, *cell)
    if study is not None:
        patient = Cohort(study).findings.patients["P1"]
        assert evaluate(parse(f"mutation({ROWS[name][4]})"), patient).truth != NO
        assert evaluate(parse(f"wild_type({ROWS[name][4]})"), patient).truth != YES


@pytest.mark.parametrize("origin", ["germline", "chip"])
@pytest.mark.parametrize("name", ["KRAS G12D", "NRAS Q61R"])
def test_one_word_of_origin_makes_no_wild_type(name: str, origin: str) -> None:
    """A KRAS G12D with 300 of 1,000 reads said to be germline: the status is not assessable, never wild type."""
    study = _study(name, "origin", origin)
    assert study is not None
    patient = Cohort(study).findings.patients["P1"]
    assert evaluate(parse(f"wild_type({ROWS[name][4]})"), patient).truth != YES
