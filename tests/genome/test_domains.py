"""Domains of proteins in the numbering of the protein whose residues are counted."""

from __future__ import annotations

import itertools

import pytest

from oncourse.genome.domains import protein_domains, read_domains
from oncourse.genome.genes import protein_lengths


def test_domains_lie_inside_their_protein_and_not_on_each_other():
    lengths = protein_lengths()
    for gene, domains in protein_domains().items():
        assert all(1 <= start <= end <= lengths[gene] for start, end, _ in domains), gene
        assert all(one[1] < two[0] for one, two in itertools.pairwise(domains)), gene


def test_domains_of_textbook_proteins():
    """UniProt: AR P10275 DNA binding 560-632, ligand binding 669-920; TP53 P04637 DNA binding 102-292."""
    found = protein_domains()
    assert [d[2] for d in found["AR"]] == ["Androgen_recep", "NR_DBD_AR", "NR_LBD_AR"]
    ((first, last),) = [(a, b) for a, b, name in found["TP53"] if name == "P53"]
    assert first in range(95, 115) and last in range(285, 295)


def test_another_isoform_has_other_numbers_and_is_left_out(shared_data):
    """maftools' table holds every transcript: P53 is also told at 1-156, of a protein of 261 residues."""
    found = read_domains(shared_data("kb-genes", "protein_domains.tsv.gz"))
    assert (
        found["TP53"]
        == protein_domains()["TP53"]
        == [(5, 29, "P53_TAD"), (109, 288, "P53"), (319, 359, "P53_tetramer")]
    )
    assert found["KRAS"] == [(3, 164, "H_N_K_Ras_like")]


def test_a_table_without_places_is_refused(tmp_path):
    (tmp_path / "d.tsv").write_text("gene\tname\nKRAS\tG\n")
    with pytest.raises(ValueError, match="gene, start, end and name"):
        read_domains(tmp_path / "d.tsv")
