"""Samples of which no file names the patient: a question where they cannot each be one of his own."""

from __future__ import annotations

import pytest

from oncourse.errors import InputError
from oncourse.io.files import read_files
from oncourse.io.whose.manifest import Question

HEAD = "Hugo_Symbol\tChromosome\tPosition\tRef\tAlt\tTumor_Sample_Barcode\tt_alt_count\tt_depth"


def _forced(path, patients, sites=6):
    """Each patient's mutations counted in each of his samples; found in the first alone, but one."""
    rows = []
    for p, name in enumerate(patients):
        for k, part in enumerate(("P_1", "P_2", "BM_1")):
            rows += [
                f"TP53\t{p + 1}\t{100 + s}\tC\tT\t{name}_{part}\t{30 if k == 0 or s == 0 else 0}\t100"
                for s in range(sites)
            ]
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def test_forced_counts_of_several_lesions_ask_for_the_patients(tmp_path):
    """Hu 2019 (MesKit's CRC_HZ): 57 regions of six patients were 57 patients where the clinical table was not given."""
    path = _forced(tmp_path / "x.maf", ["V402", "V750"])
    with pytest.raises(Question, match="2 patients") as asked:
        read_files([path])
    assert asked.value.manifest["patient_id"].to_list() == ["V402"] * 3 + ["V750"] * 3
    asked.value.manifest.write_csv(tmp_path / "m.tsv", separator="\t")
    tables = read_files([path], manifest=tmp_path / "m.tsv").tables
    assert tables["patients"]["patient_id"].sort().to_list() == ["V402", "V750"]
    assert tables["samples"].height == 6


def test_a_table_of_the_samples_beside_the_calls_is_asked_for(tmp_path):
    """The folder held the clinical table; it was left unread, and told in the intake page alone."""
    _forced(tmp_path / "x.maf", ["V402", "V750"])
    rows = [f"{p}_{part}\t{p}" for p in ("V402", "V750") for part in ("P_1", "P_2", "BM_1")]
    (tmp_path / "x.clin.txt").write_text("\n".join(["Tumor_Sample_Barcode\tPatient_ID", *rows]) + "\n")
    with pytest.raises(InputError, match=r"--clinical .*x\.clin\.txt"):
        read_files([tmp_path])
    tables = read_files([tmp_path], clinical=[tmp_path / "x.clin.txt"]).tables
    assert tables["patients"].height == 2


def test_people_of_their_own_calls_are_not_asked_about(tmp_path):
    """Calls alone share few sites, whatever the names begin with; so do forced counts of a list of hotspots."""
    path = tmp_path / "x.maf"
    rows = [f"TP53\t{n}\t{100 + n}\tC\tT\tCRC_{n}\t30\t100" for n in range(1, 9)]
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    assert read_files([path]).tables["patients"].height == 8
