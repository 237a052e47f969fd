"""A change, or MSI-H, followed by words that deny it: none of it is a positive result.

From a stranger's panel reports and clinical tables (1 December 2026): BRAF "V600E: No" matched five rules of BRAF V600E.
"""

from __future__ import annotations

import pytest
from tests.io.strangers import states_of

from oncourse.facts.markers import marker_state
from oncourse.facts.report_words import finding
from oncourse.io.clinical.own_msi import msi_of
from oncourse.io.clinical.words import msi
from oncourse.io.detect import read_any

DENIED = [
    *(
        "V600E: No",
        "no V600E",
        "V600E: false",
        "V600E 0/5000",
        "V600E: 0 copies/mL",
        "V600E：否",
        "V600E 排除",
        "V600E = 0",
    ),
    *("V600E excluded", "V600E (0/5000)", "V600E ruled out", "V600E: 0 reads", "V600E 0 拷贝", "V600E (no)"),
]
UNSAID = ["V600E −", "V600E - N", "V600E n.d.", "V600E N.D.", "V600E: n", "V600E 不支持", "不排除V600E"]
FOUND = ["V600E", "V600E 12%", "V600E (12/500)", "V600E: yes", "V600E 10/5000", "V600E: 20 copies/mL", "V600E 0.5%"]
FOUND += ["V600E 100/1000", "V600E, exon 15", "V600E (no. 5)", "V600E pathogenic"]


@pytest.mark.parametrize(("texts", "states"), [(DENIED, {"absent"}), (UNSAID, {"doubt", "untested"}), (FOUND, {None})])
def test_words_beside_a_change(texts, states):
    for text in texts:
        told = finding(text)
        assert told.state in states, text
        assert told.changes == (((None, "p.V600E"),) if texts is FOUND else ()), text


def _of_panel(folder, words):
    rows = [f"P1\tBRAF\t{words}\t", "P1\tKRAS\tG12D\t20%", "P2\tBRAF\tV600E\t15%", ""]
    (folder / "a.tsv").write_text("\n".join(["Sample\tGene\tAlteration\tVAF", *rows]), "utf-8")
    return read_any(folder / "a.tsv")


@pytest.mark.parametrize("words", ["V600E: No", "V600E 0/5000", "V600E：否", "V600E excluded", "V600E −", "V600E n.d."])
def test_a_denied_change_is_no_call(tmp_path, words):
    reading = _of_panel(tmp_path, words)
    calls = reading.tables["calls"].filter(is_called="true")
    assert ("P1", "BRAF:p.V600E") not in calls.select("sample_id", "variant_id").rows()
    states = states_of(reading, "BRAF V600E")
    assert states["P2"] == "positive"
    assert states["P1"] in ("negative", "not_assessable")


@pytest.mark.parametrize(
    "words",
    ["MSI-H excluded", "MSI-H: negative", "MSI-H (0/5)", "MSI-H不支持", "MSI-H ruled out", "MSI-H: no", "MSI-H（否）"]
    + [
        "MSI-H: nil",
        "MSI-H ✗",
        "MSI-H (N)",
        "MSI-H ND",
        "MSI-H withdrawn",
        "MSI-H unlikely",
        "MSI-H 没有",
        "MSI-H likely",
    ],
)
def test_denied_instability_is_not_high(words):
    """Of "MSI-H excluded" the second word was passed over: eleven rules matched, pembrolizumab at I-A among them."""
    assert msi(words) is None
    assert msi_of(words) is None
    assert marker_state("MSI", words) == "unclear"


def test_instability_with_its_method_or_share_stays_high():
    for words in ("MSI-H", "MSI-H (32%)", "MSI-H, PCR", "MSI-H（5/5）", "MSI-H（高度不稳定）", "MSI-H阳性"):
        assert (msi_of(words), marker_state("MSI", words)) == ("MSI-H", "positive"), words
    for words in ("dMMR: No", "dMMR excluded", "dMMR 否", "dMMR nil", "dMMR ✗", "dMMR withdrawn", "MLH1 loss: no"):
        assert marker_state("MMR", words) == "unclear", words
    for words in ("dMMR", "dMMR (MLH1-)", "dMMR(MLH1缺失)", "dMMR, likely Lynch", "MLH1 lost (no staining)"):
        assert marker_state("MMR", words) == "positive", words


@pytest.mark.parametrize(
    ("gene", "change", "state"),
    [
        *(("KRAS", c, "positive") for c in ("p.A11_G12dup", "p.A11_G12delinsVD", "p.T58_A59dup", "p.A11_G12del")),
        *(("NRAS", c, "positive") for c in ("p.G60_Q61del", "p.Q61_E62insQ")),
        *(("KRAS", c, "negative") for c in ("p.V7_V9del", "p.E31_D33del", "p.G10dup")),
        # residues put in beside a codon: neither mutated nor wild type
        *(("KRAS", c, "not_assessable") for c in ("p.G10_A11dup", "p.V14_G15dup", "p.E62_S65dup")),
    ],
)
def test_a_change_of_a_range_is_one_of_each_of_its_residues(tmp_path, gene, change, state):
    """Its first residue alone decided: RAS was wild type, assumed, and anti-EGFR antibodies stayed open."""
    rows = [f"P1\t{gene}\t{change}", *(f"P1\t{g}\twild type" for g in ("KRAS", "NRAS") if g != gene), ""]
    (tmp_path / "a.tsv").write_text("\n".join(["Sample\tGene\tProtein change", *rows]), "utf-8")
    assert states_of(read_any(tmp_path / "a.tsv"), "RAS") == {"P1": state}


@pytest.mark.parametrize("change", ["p.V600_K601delinsE", "p.T599_V600delinsIE", "p.T599_V600insT", "p.T599dup"])
def test_a_range_over_the_codon_of_an_exact_change_is_neither_that_change_nor_its_absence(tmp_path, change):
    """BRAF V600E was negative beside T599_V600delinsIE, which holds it."""
    (tmp_path / "a.tsv").write_text(f"Sample\tGene\tProtein change\nP1\tBRAF\t{change}\nP2\tBRAF\tp.V600K\n", "utf-8")
    assert states_of(read_any(tmp_path / "a.tsv"), "BRAF V600E") == {"P1": "not_assessable", "P2": "negative"}
