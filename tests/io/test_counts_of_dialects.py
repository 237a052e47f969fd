"""Reads of an allele by the keys of each caller, and two columns exchanged: worked by hand from the callers' headers."""

from types import SimpleNamespace

import polars as pl
import pytest

from oncourse.io.calling import _tell_exchanged
from oncourse.io.hospital.whose_sheets import _is_id
from oncourse.io.tabular.sheets import Sheet
from oncourse.io.variants import dialects as d

ONE, SECOND = d.Site("A", "T"), d.Site("A", "G", 1, 2)


@pytest.mark.parametrize(
    ("read", "fields", "site", "counts"),
    [
        # (variant reads, depth)
        (d._allelic_depth, {"AD": "30,10"}, ONE, (10, 40)),
        (d._allelic_depth, {"AD": "30,10,5"}, SECOND, (5, 45)),
        (d._allelic_depth, {"AD": "30,10", "DP": "50"}, ONE, (10, 50)),
        (d._allelic_depth, {"AD": "30,10", "DP": "35"}, ONE, (10, 40)),
        # VarScan: the variant alone, the reference beside it
        (d._allelic_depth, {"AD": "10", "RD": "30"}, ONE, (10, 40)),
        (d._allelic_depth, {"AD": "10", "RD": "30", "DP": "44"}, ONE, (10, 44)),
        (d._allelic_depth, {"AD": "10", "DP": "44"}, ONE, (None, 44)),
        (d._allelic_depth, {"AD": "30,10"}, SECOND, (None, None)),
        (d._observed("AO", "RO", "DP"), {"AO": "5,7", "RO": "15", "DP": "40"}, SECOND, (7, 40)),
        (d._observed("AO", "RO", "DP"), {"AO": "5", "RO": "15"}, ONE, (5, 20)),
        (d._observed("AO", "RO", "DP"), {"AO": "5"}, ONE, (5, None)),
        (d._observed("AO", "RO", "DP"), {"AO": ".", "RO": "15"}, ONE, (None, None)),
        (d._observed("AO", "RO", "DP"), {"AO": ".", "DP": "15"}, ONE, (None, 15)),
        (d._pindel, {"PU": "3", "NU": "4", "PR": "20", "NR": "30"}, ONE, (7, 50)),
        (d._pindel, {"PU": "3", "PR": "20"}, ONE, (3, 20)),
        (d._strelka_snv, {"AU": "30,31", "TU": "10,12", "CU": "1,1"}, ONE, (10, 41)),
        (d._strelka_indel, {"TIR": "9,9", "TAR": "41,44"}, ONE, (9, 50)),
        (d._strelka_indel, {"TIR": "9,9", "TAR": "41,44", "DP": "60"}, ONE, (9, 60)),
        (d._strelka_indel, {"TIR": "9,9", "DP": "60"}, ONE, (9, 60)),
        (d._strelka_indel, {"TIR": "9,9"}, ONE, (9, None)),
        (d._caveman, {"FAZ": "10", "RAZ": "12", "FTZ": "3", "RTZ": "4"}, ONE, (7, 29)),
    ],
)
def test_reads_of_an_allele(read, fields, site, counts):
    assert read(fields, site) == counts


def _rows(*rows):
    """Passes, reads of the variant and all in the tumour, and in the normal."""
    return pl.DataFrame(rows, schema=["_pass", "alt_count", "depth", "normal_alt", "normal_depth"], orient="row")


TURNED, SOUND = (True, 0, 100, 30, 100), (True, 30, 100, 0, 100)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([TURNED, SOUND], "1 of 2"),
        ([TURNED, SOUND, SOUND], None),
        # what does not pass, or was not counted in both, is no witness
        ([TURNED, (False, 30, 100, 0, 100)], "1 of 1"),
        ([TURNED, (True, 30, 100, None, None)], "1 of 1"),
        ([(False, 0, 100, 30, 100)], None),
        # three reads and a twentieth of the normal's
        ([(True, 0, 100, 3, 60)], "1 of 1"),
        ([(True, 0, 100, 2, 20)], None),
        ([(True, 0, 100, 3, 61)], None),
        ([(True, 1, 100, 30, 100)], None),
        ([], None),
    ],
)
def test_a_tumour_without_the_reads_of_its_normal_is_exchanged(rows, said):
    out = SimpleNamespace(frame=_rows(*rows).cast({"_pass": pl.Boolean}), problems=[])
    _tell_exchanged(out, "x.vcf")
    assert [p.message.split(" variants")[0] for p in out.problems] == [said] * (said is not None)


@pytest.mark.parametrize(
    ("sheets", "is_id"),
    [
        ([["P1", "P2"], ["P1", "P1"]], True),
        ([["P1", "P1"], ["P2", "P1"]], True),
        ([["P1", "P2"], ["P3"]], False),
        ([["P1", "P1"], ["P2", "P2"]], False),
        ([["P1"], ["P1"]], False),
        ([["P1", "P2"], [None, "P2"]], True),
        ([[None], [None]], False),
    ],
)
def test_an_id_stands_once_in_one_sheet_and_nothing_else_in_the_others(sheets, is_id):
    made = [Sheet(f"s{k}", ["id"], [[cell] for cell in cells], []) for k, cells in enumerate(sheets)]
    assert _is_id("id", made) is is_id
