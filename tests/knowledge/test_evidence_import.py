"""CIViC is read in all its forms; its profiles become questions; opposite statements stay side by side."""

from __future__ import annotations

import pytest

from oncourse.errors import InputError
from oncourse.knowledge.civic import expression_of, read_civic
from oncourse.knowledge.evidence import EvidenceBase, read_evidence, write_evidence
from oncourse.knowledge.golden import examined, make


@pytest.mark.parametrize(
    ("profile", "expression"),
    [
        ("BRAF V600E", "mutation(BRAF:V600E)"),
        ("BRAF V600", "mutation(BRAF:600)"),
        ("AR T877A", "mutation(AR:T877A)"),
        ("PIK3CA Exon 10 Mutation", "mutation(PIK3CA:exon10)"),
        ("BRCA1 Mutation OR BRCA2 Mutation", "loss(BRCA1) OR loss(BRCA2)"),
        ("PALB2 Biallelic Inactivation", "loss(PALB2; biallelic)"),
        ("VHL R167W (c.499C>T)", "mutation(VHL:R167W)"),
        ("MSI High", "msi = high"),
        ("AR AR-V7", "marker(AR-V7) = positive"),
        ("EML4::ALK Fusion AND ALK G1202R", "(fusion(EML4) AND fusion(ALK)) AND mutation(ALK:G1202R)"),
        ("v::NTRK1 Fusion", "fusion(NTRK1)"),
        ("KRAS G12 OR KRAS G13", "mutation(KRAS:12) OR mutation(KRAS:13)"),
        ("EREG EXPRESSION", "unsupported(EREG EXPRESSION)"),
        (
            "(BRAF V600E OR BRAF V600K) AND NOT KRAS G12D",
            "(mutation(BRAF:V600E) OR mutation(BRAF:V600K)) AND NOT mutation(KRAS:G12D)",
        ),
        ("KRAS G12C AND ((BRAF V600E))", "mutation(KRAS:G12C) AND ((mutation(BRAF:V600E)))"),
    ],
)
def test_profile(profile, expression):
    assert expression_of(profile) == expression


def test_snapshot_of_2026(shared_data):
    """kb-civic README: 4,842 accepted items, 378 of colorectal or 56 of prostate cancers among them."""
    folder = shared_data("kb-civic")
    items = read_civic(folder / "civic_2026-04-25_evidence.tsv")
    assert len(items) == 4842
    assert sum(i.tumour == "prostate" for i in items) == 56
    assert all(i.is_supported or i.expression.startswith("unsupported(") or " " in i.expression for i in items)
    share = sum(i.is_supported for i in items) / len(items)
    assert share > 0.8
    leading_zero = [i for i in items if i.doid.startswith("0")]
    assert len(leading_zero) == 671  # README: lost by a YAML reader that makes numbers


@pytest.mark.slow
def test_older_nightly_file(shared_data):
    items = read_civic(shared_data("kb-civic") / "old_ClinicalEvidenceSummaries.tsv")
    assert len(items) == 3706
    by_id = {i.evidence_id: i for i in items}
    assert by_id["EID1"].profile == "JAK2 V617F"


def test_opposite_statements_are_marked_and_both_shown(shared_data):
    """CIViC says of KRAS G13D and cetuximab: sensitive (EID306), resistant (EID1180, 1181, 3881)."""
    base = EvidenceBase(tuple(read_civic(shared_data("kb-civic") / "civic_2026-04-25_evidence.tsv")))
    matches = base.match(make(examined("colorectal", frozenset()), {"has": ["KRAS G13D"]}))
    shown = {m.evidence.evidence_id: m for m in matches}
    assert shown["EID306"].is_opposed
    assert {m.evidence.effect for m in matches if m.is_opposed and m.same_tumour} >= {
        "sensitive",
        "resistant",
    }


def test_vus_of_a_suppressor_matches_no_statement(shared_data):
    base = EvidenceBase(tuple(read_civic(shared_data("kb-civic") / "civic_2026-04-25_evidence.tsv")))
    assert base.match(make(examined("prostate", frozenset()), {"has": ["BRCA2 V2728I"]})) == []


def test_written_and_read_again_is_the_same(tmp_path, shared_data):
    items = read_civic(shared_data("kb-civic") / "civic_2026-04-25_evidence.tsv")[:200]
    path = tmp_path / "evidence.tsv"
    write_evidence(items, path, comment="CIViC; 2026-04-25; CC0 1.0")
    base = read_evidence(path)
    assert list(base.items) == items
    assert (base.name, base.date, base.licence) == ("CIViC", "2026-04-25", "CC0 1.0")


def test_wrong_files_are_named(tmp_path):
    wrong = tmp_path / "x.tsv"
    wrong.write_text("a\tb\n1\t2\n")
    with pytest.raises(InputError, match="not a CIViC evidence file"):
        read_civic(wrong)
    pointer = tmp_path / "y.tsv"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError, match="LFS pointer"):
        read_civic(pointer)
    no_list = tmp_path / "z.yaml"
    no_list.write_text("evidence_items: 3\n")
    with pytest.raises(InputError, match=r"z\.yaml: no list of evidence_items"):
        read_civic(no_list)
    no_list.write_text("evidence_items: [\n")
    with pytest.raises(InputError, match=r"z\.yaml: not valid YAML"):
        read_civic(no_list)
    no_list.write_text("evidence_items:\n- {evidence_type: Predictive, molecular_profile: KRAS G12C, id: 007}\n")
    assert [i.profile for i in read_civic(no_list)] == ["KRAS G12C"]
