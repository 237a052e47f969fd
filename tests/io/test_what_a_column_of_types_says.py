"""A column headed Type is of the sample or of the variant by what its cells say; the normal's share of reads and the kind
of sample are read in lists with places as in lists without."""

from __future__ import annotations

import polars as pl
import pytest
from tests.io.strangers import write_table

from oncourse.io.aside import checked
from oncourse.io.detect import read_any

PLACE = {"KRAS": ("chr12|25245350|C|T", "p.G12D"), "BRCA2": ("13|32340300|GT|G", "p.S1982fs")}


def _list(path, head, rows, *, placed):
    lines = [f"Patient|Sample|{head}|Gene|{'Chr|Pos|Ref|Alt|' if placed else ''}AA change|Tumor VAF|Tumor depth"]
    for sample, word, gene in rows:
        place, change = PLACE[gene]
        lines.append(f"V1|{sample}|{word}|{gene}|{place + '|' if placed else ''}{change}|23.5%|400")
    return read_any(write_table(path / "l.tsv", "\n".join(lines)))


def _kinds(tables):
    roles = dict(tables["lesions"].select("lesion_id", "role").iter_rows()) if "lesions" in tables else {}
    rows = tables["samples"].select("sample_id", "material", pl.col("^lesion_id$")).iter_rows()
    return {row[0]: roles.get(row[-1], row[1]) for row in rows}


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize("head", ["Type", "类型", "Sample type"])
def test_words_of_material_or_role_are_of_the_sample(tmp_path, head, placed):
    """White cells and plasma became tissue, their words the consequence of a variant; and no lesion was made."""
    rows = [("A", "Primary", "KRAS"), ("B", "metastasis", "KRAS"), ("C", "Plasma", "KRAS"), ("D", "WBC", "BRCA2")]
    reading = _list(tmp_path, head, rows, placed=placed)
    tables, _ = checked(reading)
    assert _kinds(tables) == {"A": "primary", "B": "metastasis", "C": "plasma", "D": "white_cells"}
    assert set(tables["variants"]["consequence"].drop_nulls()) <= {"missense", "frameshift"}
    assert not any("not read" in note for note in reading.notes)


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize(("words", "is_read"), [(("Missense", "Frameshift"), True), (("A1", "B2"), False)])
def test_other_words_are_of_the_variant_or_told_as_not_read(tmp_path, words, is_read, placed):
    reading = _list(tmp_path, "Type", [("A", words[0], "KRAS"), ("B", words[1], "BRCA2")], placed=placed)
    assert _kinds(checked(reading)[0]) == {"A": "tissue", "B": "tissue"}
    assert any("columns not read: Type" in note for note in reading.notes) is not (is_read and not placed)


NORMALS = [  # heads of the normal's columns, its cells of a somatic and of a germline row, the tumour's share
    ("Normal VAF|Normal depth", "0.0%|200", "48.9%|210", "23.5%"),
    ("n_vaf|n_depth", "0|200", "0.489|210", "0.235"),
    ("Normal VAF (%)|Normal DP", "0.5|200", "48.9|210", "23.5%"),
    ("Normal VAF|Normal depth", "0.4|200", "48.9|210", "23.5"),
    ("对照丰度|对照深度", "0.4%|200", "48.9%|210", "23.5%"),
    ("n_alt_count|n_depth", "1|200", "103|210", "23.5%"),
]


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize(("head", "none", "half", "share"), NORMALS)
def test_the_normals_share_of_reads_says_germline(tmp_path, head, none, half, share, placed):
    """BRCA2 with 48.9 % of 210 reads of the normal was of unknown origin, an alteration of the tumour."""
    lines = [f"Patient|Sample|Gene|{'Chr|Pos|Ref|Alt|' if placed else ''}AA change|Tumor VAF|Tumor depth|{head}"]
    for gene, normal in (("KRAS", none), ("BRCA2", half)):
        place, change = PLACE[gene]
        lines.append(f"V1|V1-P|{gene}|{place + '|' if placed else ''}{change}|{share}|400|{normal}")
    reading = read_any(write_table(tmp_path / "l.tsv", "\n".join(lines)))
    calls = (
        reading.tables["calls"].join(reading.tables["variants"], on="variant_id").select("gene", "origin", "alt_count")
    )
    assert sorted(calls.rows()) == [("BRCA2", "germline", 94), ("KRAS", "unknown", 94)]
    assert any("1 calls are germline by the normal's own reads" in note for note in reading.notes)
    assert not any("not read" in note for note in reading.notes)


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize(
    ("head", "cells", "words", "origin"),
    [("Normal VAF", "48%", "depth", "germline"), ("n_vaf|n_depth", "0.48|90", "no sign", "unknown")],
)
def test_a_share_that_cannot_be_counted_is_told(tmp_path, head, cells, words, origin, placed):
    """A share without its depth says what it says (48 % is germline); one that may be percent or not says nothing."""
    place, change = PLACE["KRAS"]
    at = ("Chr|Pos|Ref|Alt|", f"{place}|") if placed else ("", "")
    text = f"Patient|Sample|Gene|{at[0]}AA change|Tumor VAF|Tumor depth|{head}\nV1|V1-P|KRAS|{at[1]}{change}|23%|400|{cells}"
    reading = read_any(write_table(tmp_path / "l.tsv", text))
    assert reading.tables["calls"]["origin"].to_list() == [origin]
    assert any(words in p.message for p in reading.problems)
