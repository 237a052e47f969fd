"""Where each fact of the drug dictionary is from, and that what is from memory is shown as such."""

from __future__ import annotations

from tests.studies import study
from tests.typed import typed

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.knowledge.approvals import to_confirm
from oncourse.knowledge.drug_dictionary import FROM_MEMORY, dictionary
from oncourse.knowledge.drugs import drugs_from_memory
from oncourse.knowledge.rules import default_rules
from oncourse.report.execute import run_one

INDEX = "WHO ATC/DDD index, copy of 2026-04-25"
#: Groups of the index whose name is a class of the dictionary (the other groups are "other ...").
CLASS_OF_GROUP = {
    "L01BA": "antifolate",
    "L01CA": "vinca alkaloid",
    "L01CD": "taxane",
    "L01DB": "anthracycline",
    "L01EB": "EGFR kinase inhibitor",
    "L01ED": "ALK/ROS1 inhibitor",
    "L01EE": "MEK inhibitor",
    "L01EF": "CDK4/6 inhibitor",
    "L01EG": "mTOR inhibitor",
    "L01EL": "BTK inhibitor",
    "L01EM": "PI3K inhibitor",
    "L01EN": "FGFR inhibitor",
    "L01EP": "MET inhibitor",
    "L01FE": "anti-EGFR",
    "L01FF": "PD-1/PD-L1 inhibitor",
    "L01XA": "platinum",
    "L01XG": "proteasome inhibitor",
    "L01XH": "HDAC inhibitor",
    "L01XK": "PARP inhibitor",
    "L01XM": "IDH inhibitor",
    "L02AE": "ADT",
    "L02BG": "aromatase inhibitor",
    "H02AB": "glucocorticoid",
    "M05BA": "bone-modifying agent",
}


def test_every_row_says_what_it_was_compared_with_and_when():
    for drug in dictionary().values():
        assert drug.source and drug.date == "2026-11-30", drug.name
        is_in_index = drug.source.startswith(INDEX) and "only as" not in drug.source
        assert (len(drug.atc) == 7) <= is_in_index, drug.name  # a whole code is the index's, never ours
        assert is_in_index <= bool(drug.atc), drug.name


def test_a_code_belongs_to_one_drug_or_to_forms_of_one():
    """Sintilimab had the code of prolgolimab; two rows with one code are the plain drug and its liposome."""
    rows: dict[str, list[str]] = {}
    for drug in dictionary().values():
        if len(drug.atc) == 7:
            rows.setdefault(drug.atc, []).append(drug.source)
    for code, sources in rows.items():
        assert sum(": as " not in s for s in sources) <= 1, code
    assert dictionary()["sintilimab"].atc == "L01FF"


def test_a_class_is_that_of_the_code_s_group():
    """Of 2026: MET, IDH inhibitors have groups of their own now."""
    for drug in dictionary().values():
        wanted = CLASS_OF_GROUP.get(drug.atc[:5])
        assert wanted is None or wanted in drug.classes, drug.name
    codes = {name: dictionary()[name].atc for name in ("capmatinib", "tepotinib", "ivosidenib", "darbepoetin")}
    assert codes == {"capmatinib": "L01EP01", "tepotinib": "L01EP02", "ivosidenib": "L01XM02", "darbepoetin": "B03XA02"}


def test_a_study_is_told_of_a_class_from_memory():
    assert drugs_from_memory("daraxonrasib") == drugs_from_memory("RMC-6236 200 mg") == ("daraxonrasib",)
    given = {"A": "RMC-6236 200 mg", "B": "Xtandi"}
    cohort = Cohort(
        study(
            {"title": "t"},
            patients=[{"patient_id": p} for p in given],
            treatments=[{"patient_id": p, "drugs": d, "start_day": 0} for p, d in given.items()],
            samples=[{"sample_id": p, "patient_id": p, "material": "tissue"} for p in given],
            variants=[{"variant_id": "17:7578406:C:T", "gene": "TP53", "consequence": "missense_variant"}],
            calls=[{"sample_id": p, "variant_id": "17:7578406:C:T"} for p in given],
        )
    )
    (note,) = (n for n in run_one(registry()["overview"], cohort, draw=False).result.notes if "from memory" in n)
    assert "daraxonrasib" in note and "enzalutamide" not in note


def test_the_command_says_what_a_drug_is_and_where_that_is_from():
    told = typed("kb", "drug", "Xtandi + saruparib + enzalutmd + HRS-9")
    assert told.returncode == 0
    text = told.stdout
    assert "L02BB04" in text and INDEX in text and FROM_MEMORY in text
    assert "hrs-9: no known drug" in text


def test_what_is_from_memory_is_no_part_of_the_biomarker_of_a_rule_above_level_three():
    """Residues that no source names have a rule of their own, level III (CRC-20b, CRC-25b)."""
    open_parts = {r.rule_id: to_confirm(r.certainty) for r in default_rules() if r.level() != "III"}
    assert {k: v for k, v in open_parts.items() if v} == {
        "CRC-06": "year of the NMPA approval",
        "PC-21": "its interval",
    }
    assert {r.rule_id for r in default_rules() if r.certainty.startswith("M")} >= {"CRC-20b", "CRC-25b", "PC-17d"}
