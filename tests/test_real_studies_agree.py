"""Every real study of the shared data that can be read as a study: its outputs agree, and its sums close.

Each is imported by the command, and patients are chosen by what they hold: every status, state, basis and reason, and
every end point, event and reason that occurs in the study is met by one of them at least (`tests.covering`). What the
outputs state of each of them is compared (`tests.test_contradictions`), and every ledger of people is added up.

Slow are the studies of `DEAR`, the clones (`evolution`, which states no status), and every so-many-th patient besides.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests import claims
from tests.covering import covering, kinds_of
from tests.test_contradictions import SOURCES, _compared
from tests.typed import typed

import oncourse
from oncourse.analyses._base import registry
from oncourse.analyses._people import flow_rows, unclosed
from oncourse.cohort import Cohort
from oncourse.report.execute import run_one
from oncourse.study.model import Study

#: Format, source, further arguments ("@" begins a path of the shared data), and how many patients besides, where slow.
STUDIES = {
    "conipher": ("conipher", "evo_conipher_toy/input_table.tsv", (), 1),
    "pyclone": ("pyclone", "evo-pyclonevi/tracerx.tsv", (), 1),
    "lichee": ("lichee", "evo-lichee/ccRCC/RK26.txt", ("--depth", "100"), 1),
    "phylogicndt": ("phylogicndt", "evo-phylogicndt/MySimulation_input.sif", (), 1),
    "treeomics": ("vcf", "evo_treeomics/example.vcf", (), 1),
    "mseq": ("counts", "crc_cross2018_mseq/SET6_mutations.tsv.gz", ("--build", "GRCh37"), 1),
    "cfdnaneo": ("counts", "tissue_plasma_cfdnaneo/test_full_variant_counts.tsv.gz", ("--build", "GRCh37"), 1),
    "seracare": ("maf", "reads_seracare_ctdna/SeraCare_0-5.annotated.maf", (), 1),
    "laml": ("maf", "maftools_extdata/tcga_laml.maf.gz", ("--clinical", "@maftools_extdata/tcga_laml_annot.tsv"), 4),
    "apl": ("maf", "maftools_extdata/APL_primary.maf.gz", (), 3),
    "prad": (
        "maf",
        "tcga_crc_prad_maf/mc3_PRAD.maf.gz",
        ("--clinical", "@tcga_crc_prad_maf/mc3_PRAD_clinical.tsv.gz"),
        4,
    ),
    "read": (
        "maf",
        "tcga_crc_prad_maf/mc3_READ.maf.gz",
        ("--clinical", "@tcga_crc_prad_maf/mc3_READ_clinical.tsv.gz"),
        4,
    ),
    "coad": (
        "maf",
        "tcga_crc_prad_maf/fh_COAD.maf.gz",
        ("--clinical", "@tcga_crc_prad_maf/fh_COAD_clinical.tsv.gz"),
        4,
    ),
    "crc_msk": ("cbioportal", "crc_msk_2017_clinical", (), 60),
    "msk_met": ("cbioportal", "msk_met_2021_crc_prostate", (), 12),
    "adam": ("adam", "endpoints-pharmaverse/adam", (), 60),
    "recist": ("sdtm", "endpoints-pharmaverse/sdtm", ("recist",), 30),
    "pcwg3": ("sdtm", "endpoints-pharmaverse/sdtm", ("pcwg3",), 30),
    "irecist": ("sdtm", "endpoints-pharmaverse/sdtm", ("irecist",), 30),
}

#: Studies that take 2 CPU seconds and more, most of them to be read, and three whose kind is there already.
DEAR = (
    "conipher",
    "phylogicndt",
    "irecist",
    "pyclone",
    "treeomics",
    "mseq",
    "cfdnaneo",
    "prad",
    "read",
    "coad",
    "msk_met",
)
#: Analyses that take most of the time and state nothing of a status.
CLONES = ("evolution",)


def _sdtm(folder: Path, kind: str, to: Path) -> Path:
    """The trial's people and treatments with the findings of one kind: two files of a domain are no folder."""
    to.mkdir()
    for file in folder.iterdir():
        if file.stem in ("dm", "ds", "ex") or file.stem.endswith(f"_{kind}"):
            (to / file.name).write_bytes(file.read_bytes())
    return to


def _study(name: str, shared_data, folder: Path) -> Study:
    kind, place, more, _ = STUDIES[name]
    source = shared_data(*place.split("/"))
    if kind == "sdtm":
        source, more = _sdtm(source, more[0], folder / "sdtm"), ()
    given = [str(shared_data(*word[1:].split("/"))) if word.startswith("@") else word for word in more]
    done = typed("import", kind, str(source), str(folder / "study"), *given)
    assert done.returncode == 0, done.stderr
    return oncourse.read(folder / "study")


def _agree_and_close(study: Study, left_out: tuple[str, ...] = ()) -> None:
    cohort = Cohort(study)
    everyone = set(study["patients"]["patient_id"])
    asked = {key: entry for key, entry in registry().items() if key not in left_out}
    outcomes = {key: run_one(entry, cohort, draw=False) for key, entry in asked.items()}
    assert [f"{key}: {o.message}" for key, o in outcomes.items() if o.status == "failed"] == []
    done_well = {key: o.result for key, o in outcomes.items() if o.status == "done"}
    assert "overview" in done_well
    for key, result in done_well.items():
        assert unclosed(result.people, everyone, result.estimates) == [], key
        assert set(result.people["patient_id"]) == everyone, key
        assert result.people.filter(~pl.col("is_in"))["reason"].null_count() == 0, key
        assert flow_rows(result.people)["n_patients"].max() <= len(everyone), key
    claims.ANSWERED |= {(cohort, key): done_well.get(key) for key in registry()}
    assert _compared((s.__name__, claim) for s in SOURCES for claim in s(cohort)) == []


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in DEAR else []) for n in STUDIES])
def test_outputs_of_patients_who_hold_all_that_is_said_agree_and_their_sums_close(shared_data, tmp_path, name):
    whole = _study(name, shared_data, tmp_path)
    kinds = kinds_of(whole)
    chosen = covering(kinds)
    assert set().union(*(kinds[p] for p in chosen)) == set().union(*kinds.values())
    _agree_and_close(whole.select(patients=chosen), CLONES)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_outputs_of_a_real_study_agree_and_its_sums_close(shared_data, tmp_path, name):
    """All analyses, of patients spread over the study."""
    whole = _study(name, shared_data, tmp_path)
    names, n = whole["patients"]["patient_id"].unique().sort().to_list(), STUDIES[name][-1]
    _agree_and_close(whole.select(patients=names[:: max(len(names) // n, 1)][:n]))


def test_the_choice_covers_every_kind():
    """One patient may bring several kinds; who brings nothing new is not chosen."""
    kinds = {"A": {("a",)}, "B": {("a",), ("b",)}, "C": {("c",)}, "D": set()}
    assert covering(kinds) == ["B", "C"]
    assert covering({"D": set(), "E": set()}) == ["D"]
