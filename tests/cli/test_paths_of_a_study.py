"""Paths that a study names are found whichever folder the command is run in."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

import oncourse.knowledge
from oncourse.cli.import_ import import_
from oncourse.derive.care.therapy import KnowledgeParams, load_knowledge, wrong_knowledge
from oncourse.study.config import read_config

MAF = "Hugo_Symbol\tChromosome\tPosition\tRef\tAlt\tTumor_Sample_Barcode\nX\t12\t3\tG\tT\tP1\n"


def test_files_of_knowledge_are_looked_for_in_the_study_s_folder(tmp_path, monkeypatch):
    """study.yaml said `rules: mine.tsv`, and only a run from that folder found it."""
    rules = Path(oncourse.knowledge.__file__).parent / "data" / "therapy_rules.tsv"
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.tsv").write_text(rules.read_text("utf-8"), "utf-8")
    monkeypatch.chdir(tmp_path)
    params = KnowledgeParams(rules="mine.tsv")
    assert len(load_knowledge(params, source=tmp_path / "study").rules) == 4
    assert not wrong_knowledge(params, "GRCh38", tmp_path / "study")
    assert wrong_knowledge(params, "GRCh38")


def test_the_reference_of_an_import_is_named_in_its_study(tmp_path, monkeypatch):
    """`import --fasta` named the variants once; a later run of the study had no bases for signatures."""
    (tmp_path / "r.fa").write_text(">12\nACGT\n")
    (tmp_path / "x.maf").write_text(MAF)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(import_, ["maf", "x.maf", "study", "--fasta", "r.fa", "--build", "GRCh38"])
    assert done.exit_code == 0, done.output
    assert read_config(tmp_path / "study" / "study.yaml").fasta == str(tmp_path / "r.fa")
