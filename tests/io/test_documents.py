"""Reports that are no table are named with the way in, not called a MAF with missing columns."""

import pytest

from oncourse.errors import InputError
from oncourse.io.detect import detect
from oncourse.io.files import read_files
from oncourse.io.signatures import document

REPORTS = {
    "report.xml": (
        b'\xef\xbb\xbf<?xml version="1.0"?><rr:R xmlns:rr="http://x.foundationmedicine.com/"/>',
        "Foundation",
    ),
    "P1_CombinedVariantOutput.tsv": (b"[Analysis Details]\t\t\nDNA Sample ID\tP1\t\n", "TSO 500"),
    "r.json": (b'{"results": {"somaticPotentiallyActionableMutations": []}}', "Tempus"),
    "a.bcf": (b"BCF\x02\x02\x00\x00", "bcftools view"),
    "letter.pdf": (b"%PDF-1.7", "PDF"),
}


@pytest.mark.parametrize("name", list(REPORTS))
def test_a_report_is_named(tmp_path, name):
    """Vendor files as delivered were told which MAF columns they lack (OpenCGA, cBioPortal users; 2026)."""
    text, word = REPORTS[name]
    (tmp_path / name).write_bytes(text)
    if word in ("Foundation", "TSO 500", "Tempus"):
        assert detect(tmp_path / name) == "vendor"
    elif word == "PDF":
        with pytest.raises(InputError, match=word):
            detect(tmp_path / name)
    with pytest.raises(InputError, match=word):
        read_files([tmp_path / name])


def test_a_table_is_none(tmp_path):
    (tmp_path / "a.maf").write_text("Hugo_Symbol\tChromosome\nKRAS\t12\n")
    assert document(tmp_path / "a.maf") is None
