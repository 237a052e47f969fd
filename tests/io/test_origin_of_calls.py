"""Where a call without a status comes from: the normal's own reads, else how common the variant is among people."""

from __future__ import annotations

import pytest

from oncourse.io.variants.maf import read_maf

HEAD = (
    "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build\t"
    "t_alt_count\tt_depth\tgnomAD_AF"
)


def origins(folder, frequencies, normal=None):
    """Origin of calls of these frequencies in one tumour; `normal`: reads with the variant, and all, of the normal."""
    names, cells = ("", "") if normal is None else ("\tn_alt_count\tn_depth", f"\t{normal[0]}\t{normal[1]}")
    rows = [f"TTN\t2\t{179_400_000 + k}\tA\tG\tS1\tGRCh37\t90\t200\t{af}{cells}" for k, af in enumerate(frequencies)]
    (folder / "x.maf").write_text("\n".join([HEAD + names, *rows]) + "\n")
    return read_maf(folder / "x.maf").calls.sort("variant_id")["origin"].to_list()


def test_without_a_normal_what_two_in_a_thousand_people_have_is_germline(tmp_path):
    found = origins(tmp_path, ["0.3", "0.002", "0.0019", ""])
    assert found == ["germline", "germline", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("reads", "origin"),
    [((0, 60), "unknown"), ((14, 60), "unknown"), ((15, 60), "germline"), ((5, 9), "unknown"), ((5, 10), "germline")],
)
def test_beside_a_normal_its_reads_speak_whatever_the_frequency(tmp_path, reads, origin):
    """A quarter of at least ten reads of the normal; a common variant that the normal does not have is none of its."""
    assert origins(tmp_path, ["0.3", ""], reads) == [origin, origin]
