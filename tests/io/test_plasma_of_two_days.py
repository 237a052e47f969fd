"""P1/2021-03-01/plasma.vcf and P1/2021-06-01/plasma.vcf, both with a column P1, are two samples."""

from __future__ import annotations

import doctest

import pytest

from oncourse.io.files import read_files
from oncourse.io.whose import path_words

_HEAD = (
    "##fileformat=VCFv4.2\n##reference=hg19.fa\n##source=Mutect2\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}\n12\t25398284\t.\tC\tT\t.\tPASS\t.\tGT:AD\t0/1:{},{}\n"
)


def test_examples():
    assert doctest.testmod(path_words).failed == 0


@pytest.mark.parametrize("with_tissue", [True, False])
def test_each_day_is_a_sample(tmp_path, with_tissue):
    """They were one sample of the deeper reads, and the other day's were lost."""
    files = {"2021-03-01/plasma.vcf": (3900, 100), "2021-06-01/plasma.vcf": (3980, 20)}
    files |= {"2021-02-01/tissue.vcf": (300, 100)} if with_tissue else {}
    for patient in ("P1", "P2"):
        for name, (ref, alt) in files.items():
            path = tmp_path / patient / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_HEAD.format(patient, ref, alt), "utf-8")
    tables = read_files([tmp_path]).tables
    found = {(s, alt) for s, alt in tables["calls"].select("sample_id", "alt_count").rows()}
    wanted = {(f"{p}_plasma_2021-0{m}-01", n) for p in ("P1", "P2") for m, n in ((3, 100), (6, 20))}
    assert found >= wanted
    assert len(found) == (6 if with_tissue else 4)
    owners = dict(tables["samples"].select("sample_id", "patient_id").rows())
    assert {s: owners[s] for s, _ in wanted} == {s: s[:2] for s, _ in wanted}
