"""A cell without end in a file of knowledge is an error with file and row, in Python as on the command line."""

from __future__ import annotations

import csv

import pytest

from oncourse.errors import InputError
from oncourse.knowledge.civic import read_civic
from oncourse.knowledge.evidence import COLUMNS, read_evidence
from oncourse.knowledge.expert_tables import read_expert_table
from oncourse.knowledge.oncokb import read_oncokb
from oncourse.knowledge.rules import COLUMNS as OF_RULES
from oncourse.knowledge.rules import read_rules

LONG = "x" * (csv.field_size_limit() + 1)


@pytest.mark.parametrize(
    ("read", "columns"),
    [
        (read_evidence, COLUMNS),
        (read_rules, OF_RULES),
        (read_civic, ("evidence_type", "evidence_level", "molecular_profile")),
        (read_oncokb, ("Hugo_Symbol", "LEVEL_1")),
        (lambda path: read_expert_table(path, []), ("Gene_Symbol", "Clinical_significance_ENIGMA")),
    ],
    ids=["evidence", "rules", "civic", "oncokb", "expert"],
)
def test_a_cell_without_end_is_told_with_file_and_row(tmp_path, read, columns):
    head, blank = "\t".join(columns), "x" + "\t" * (len(columns) - 1)
    for row, text in ((3, f"{head}\n{blank}\n{LONG}\n"), (1, f"{head}\t{LONG}\n")):
        (tmp_path / "mine.tsv").write_text(text)
        with pytest.raises(InputError, match=rf"mine\.tsv, row {row}: a cell has more than 131,072 characters"):
            read(tmp_path / "mine.tsv")
