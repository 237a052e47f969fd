"""Metamorphic guard, any text in any cell: the mutated patient is never wild type, the unstable one never stable.

What is refused with a message is no answer; what the engine then says of everything else is looked at. The default run
looks at a few cells, the slow one at 500 of each status.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.io.any_cell import spoilt
from tests.io.test_one_wrong_cell_of_a_maf import CELLS, HEADER, ROWS, _read

from oncourse.cohort import Cohort
from oncourse.errors import InputError
from oncourse.io import load_study
from oncourse.knowledge.evaluate import NO, YES, evaluate
from oncourse.knowledge.expression import parse
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study

CUT = 10
RULES = {
    "KRAS": "wild_type(KRAS:12,13,59,61,117,146)",
    "BRAF": "wild_type(BRAF:V600E)",
    "AR": "wild_type(AR:T878A)",
    "BRCA2": "NOT loss(BRCA2)",
}
#: Words of each column that say something else of the mutation; random text seldom finds them.
WORDS = {column: tuple(v for v in values if v) for column, values in CELLS.items()}


def _settings(n: int) -> settings:
    """Explore without looking for the shortest text that fails: a study is read for each."""
    quiet = list(HealthCheck)
    phases = [Phase.explicit, Phase.generate]
    return settings(
        max_examples=n, derandomize=True, deadline=None, database=None, phases=phases, suppress_health_check=quiet
    )


def _cells(gene: str) -> st.SearchStrategy[tuple[str, str]]:
    cell = dict(zip(HEADER, ROWS[gene], strict=True))
    columns = [c for c in HEADER if c != "Tumor_Sample_Barcode"]  # whose the row is, is asked in test_whose
    return st.one_of(*(st.tuples(st.just(c), spoilt(cell[c], *WORDS.get(c, ()))) for c in columns))


def _is_denied(tables, rule: str) -> bool:
    study = Study(config_from_mapping({"genome_build": "GRCh37"}), tables)
    found = Cohort(study).findings.patients.values()
    return any(evaluate(parse(rule), patient).truth == YES for patient in found)


def _guard(folder: Path, gene: str, n: int) -> int:
    """Read `n` changed rows of a gene; return how many were read (and not refused)."""
    judged: dict[str, bool] = {}
    read = 0

    @_settings(n)
    @given(cell=_cells(gene))
    def never_wild_type(cell):
        nonlocal read
        tables = _read(folder, gene, *cell)
        if tables is None:
            return
        read += 1
        key = json.dumps({name: frame.rows() for name, frame in tables.items()}, default=str)
        if key not in judged:  # the same tables have the same answer
            judged[key] = _is_denied(tables, RULES[gene])
        assert not judged[key], cell

    never_wild_type()
    return read


@pytest.mark.parametrize("gene", ["KRAS", "BRCA2"])
def test_any_text_in_one_cell_makes_nobody_wild_type(tmp_path, gene):
    assert _guard(tmp_path, gene, 6)


@pytest.mark.slow
@pytest.mark.parametrize("gene", list(ROWS))
def test_five_hundred_texts_in_one_cell_make_nobody_wild_type(tmp_path, gene):
    assert _guard(tmp_path, gene, 500) > 100


#: What of an MSI-H patient is spoilt: table, column, the cell. Each is the only reading of MSI.
UNSTABLE = {
    "msi_status": ("samples", "MSI-H", "dMMR", "instable", "MSI-high", "高度不稳定", "不稳定", "MSI-H/MSS?", "MSS?"),
    "msi_score": ("samples", "32.5", "32,5", ">30", "32.5%", "32.5 (high)"),
    "value": (
        "markers",
        "MSI-H",
        "unstable",
        "positive",
        "high",
        "stable?",
        "low quality",
        "MSS or MSI-H",
        "normal n/a",
    ),
}
#: A reader takes these for stable, and a number below the cut-off: what the cell says. Everything else does not say it.
_STABLE = {"mss", "msi-l", "msil", "msi-low", "low", "stable", "negative", "neg"}


def _says_stable(value: str) -> bool:
    text = value.strip().lower()
    try:
        return text in _STABLE or float(text.replace(",", ".").rstrip("%")) < CUT
    except ValueError:
        return False


def _stable(tmp_path: Path, column: str, value: str) -> bool | None:
    """Whether the patient is told to be stable; null where the study is refused."""
    table, cell = UNSTABLE[column][:2]
    sample = {"sample_id": "S1", "patient_id": "P1", "material": "tissue", "day": "0"}
    marker = {"patient_id": "P1", "sample_id": "S1", "day": "0", "marker": "MSI", "value": cell}
    rows = {"patients": {"patient_id": "P1", "disease": "colorectal cancer"}, "samples": sample}
    rows["calls"] = {"sample_id": "S1", "variant_id": "12:25398284:C:T", "alt_count": "300", "depth": "1000"}
    rows["variants"] = {"variant_id": "12:25398284:C:T", "gene": "KRAS"}
    if table == "markers":
        rows["markers"] = marker
    rows[table][column] = value
    for name, row in rows.items():
        (tmp_path / f"{name}.tsv").write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    (tmp_path / "study.yaml").write_text(f"genome_build: GRCh37\ncutoffs: {{msi_score: {CUT}}}\n")
    try:
        study = load_study(tmp_path)
    except InputError:
        return None
    cohort = Cohort(study)
    said = evaluate(parse("msi = high"), cohort.findings.patients["P1"]).truth == NO
    return said or bool(cohort.burden["msi_status"].is_in(["MSS", "MSI-L"]).any())


def _guard_msi(folder: Path, column: str, n: int) -> None:
    cell, words = UNSTABLE[column][1], UNSTABLE[column][2:]

    @_settings(n)
    @given(value=spoilt(cell, *words))
    def never_stable(value):
        if not _says_stable(value):
            assert not _stable(folder, column, value), value

    never_stable()


@pytest.mark.parametrize("column", list(UNSTABLE))
def test_any_text_makes_no_unstable_patient_stable(tmp_path, column):
    _guard_msi(tmp_path, column, 3)


@pytest.mark.slow
@pytest.mark.parametrize("column", list(UNSTABLE))
def test_five_hundred_texts_make_no_unstable_patient_stable(tmp_path, column):
    _guard_msi(tmp_path, column, 500)
