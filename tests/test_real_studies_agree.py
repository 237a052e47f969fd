"""Every real study of the shared data that can be read as a study: its outputs agree, and its sums close.

Each is imported by the command. Of each the part is taken that holds all that is said of it: every status, state, basis
and reason, and every end point, event and reason of the study is met in it (`tests.real_studies`). What the outputs
state of these patients is compared (`tests.test_contradictions`), and every ledger of people is added up.

Slow are what the parts hold (the whole studies), the clones (`evolution`, which states no status), and every so-many-th
patient besides.
"""

from __future__ import annotations

import polars as pl
import pytest
from tests import claims
from tests.covering import covering, kinds_of, parts_of
from tests.real_studies import NO_STUDY, PART, STUDIES, part_of_study, whole_study
from tests.test_contradictions import SOURCES, _compared

from oncourse.analyses._base import registry
from oncourse.analyses._people import flow_rows, unclosed
from oncourse.cohort import Cohort
from oncourse.report.execute import run_one
from oncourse.study.model import Study

#: Analyses that take most of the time and state nothing of a status.
CLONES = ("evolution",)
#: Studies of which the part takes 2 CPU seconds.
DEAR = ("autopsy",)


def _agree_and_close(study: Study, left_out: tuple[str, ...] = ()) -> None:
    # chains over partitions are of the clones: without these the most probable partition serves the heterogeneity
    cohort = Cohort(study, {"evolution": {"average": not left_out}})
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
    # features of one patient are compared with nobody's, and hold the clones
    asked_of = [s for s in SOURCES if s.__name__ != "features" or not left_out or len(everyone) > 1]
    assert _compared((s.__name__, claim) for s in asked_of for claim in s(cohort)) == []


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in DEAR else ()) for n in STUDIES])
def test_outputs_of_patients_who_hold_all_that_is_said_agree_and_their_sums_close(shared_data, tmp_path, name):
    part = part_of_study(name, shared_data, tmp_path)
    assert set(part["patients"]["patient_id"]) == set(PART[name][0])
    _agree_and_close(part, CLONES)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_the_part_of_a_real_study_holds_all_that_is_said_of_the_whole(shared_data, tmp_path, name):
    """Where this fails, `covering(kinds_of(whole))` are the patients to name."""
    whole, part = (kinds_of(read(name, shared_data, tmp_path / read.__name__)) for read in (whole_study, part_of_study))
    missing = set().union(*whole.values()) - set().union(*part.values())
    if PART[name][1] > 1:  # how sure few reads are is learned from all variants of a sample
        missing = {kind for kind in missing if kind[-1] != "a change: uncertain"}
    assert not missing, covering(whole)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_outputs_of_a_real_study_agree_and_its_sums_close(shared_data, tmp_path, name):
    """All analyses, of patients spread over the study."""
    whole = whole_study(name, shared_data, tmp_path)
    names, n = whole["patients"]["patient_id"].unique().sort().to_list(), STUDIES[name][-1]
    _agree_and_close(whole.select(patients=names[:: max(len(names) // n, 1)][:n]))


#: Folders of the shared data that hold no patients of a study: raw reads, references, simulations, knowledge.
_NO_PATIENTS = ("evo-machina-sims", "evo-pairtree-sims", "survival-reference", "ref_hotspots_panels_signatures")


def test_every_folder_of_patients_is_a_study_or_says_why_not(shared_data):
    """km_ipd, colon, the 17 trials, wcdt and the autopsies were none, and nobody said why."""
    read = {place.split("/")[0] for _, place, _, _ in STUDIES.values()} | set(NO_STUDY) | set(_NO_PATIENTS)
    other = {p.name for p in shared_data().iterdir() if p.is_dir() and not p.name.startswith(("kb-", "reads-"))}
    assert sorted(other - read) == []


def test_the_choice_covers_every_kind():
    """One patient may bring several kinds; who brings nothing new is not chosen. A reason is several, and which gene or
    number it names makes none."""
    kinds = {"A": {("a",)}, "B": {("a",), ("b",)}, "C": {("c",)}, "D": set()}
    assert covering(kinds) == ["B", "C"]
    assert covering({"D": set(), "E": set()}) == ["D"]
    reason = "ATM R337C: not classified; BRCA1, BRCA2: depth not recorded; KRAS codon 12: 3 reads"
    assert parts_of(reason) == {"a change: not classified", "#: depth not recorded", "# codon #: # reads"}
