"""What outputs state of recurrence, plasma, MSI, HRR and vital status, and how many people they count.

Each source yields claims (patient, sample or "", word, state), as `tests.test_contradictions` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from oncourse.analyses._base import Result, registry
from oncourse.cohort import Cohort
from oncourse.derive.status.variants import called_rows
from oncourse.errors import NotEnoughData
from oncourse.facts.days import landmark_days
from oncourse.genome.gene_sets import gene_set
from oncourse.io.export.cbioportal import export_cbioportal
from oncourse.io.export.phenopackets import phenopackets
from oncourse.knowledge.evaluate import NO, YES, evaluate
from oncourse.knowledge.expression import parse
from oncourse.patients.timeline import patient_timeline
from oncourse.report.patient_page import patient_page

Claim = tuple[str, str, str, str]


#: Answers that are there already.
ANSWERED: dict[tuple[Cohort, str], Result | None] = {}


@lru_cache(maxsize=64)
def result_of(cohort: Cohort, analysis: str) -> Result | None:
    """The result of an analysis; None of one that has not what it needs: it states nothing."""
    if (cohort, analysis) in ANSWERED:
        return ANSWERED[cohort, analysis]
    entry = registry()[analysis]
    if entry.missing(cohort):
        return None
    try:
        return entry.run(cohort)
    except NotEnoughData:
        return None


def rows_of(cohort: Cohort, analysis: str, table: str) -> Iterator[dict[str, object]]:
    result = result_of(cohort, analysis)
    yield from result.tables[f"{analysis}/{table}"].iter_rows(named=True) if result else ()


@lru_cache(maxsize=256)
def page_of(cohort: Cohort, patient: str) -> str:
    """The page, without the clones' section: no claim is read from it, and it is most of the time."""
    return patient_page(cohort, patient, clones=False)


def people_of(cohort: Cohort, analysis: str, question: str) -> Iterator[tuple[str, str, bool]]:
    """(patient, sample or "", is in) of one question of a ledger."""
    result = result_of(cohort, analysis)
    if result is None or result.people is None:
        return
    for row in result.people.filter(pl.col("question") == question).iter_rows(named=True):
        if row["unit"] == "patient" or row["sample_id"] is not None:
            yield row["patient_id"], row["sample_id"] or "", row["is_in"]


# recurrence: "day N" or "none seen"


def recurrence_table(cohort: Cohort) -> Iterator[Claim]:
    """recurrence/patients."""
    for row in rows_of(cohort, "recurrence", "patients"):
        seen = row["state"] == "recurred"
        yield row["patient_id"], "", "recurrence", f"day {row['recurrence_day']}" if seen else "none seen"


def recurrence_by_endpoints(cohort: Cohort) -> Iterator[Claim]:
    """endpoints/time_to_event: an event of DFS, RFS or TTR that is the recurrence, or none where TTR ends without."""
    table = cohort.time_to_event.filter(pl.col("endpoint").is_in(["DFS", "RFS", "TTR"]) & pl.col("line").is_null())
    for row in table.iter_rows(named=True):
        if row["is_event"] and row["event_or_reason"] == "recurrence":
            yield row["patient_id"], "", "recurrence", f"day {row['end_day']}"
        elif row["endpoint"] != "DFS":
            yield row["patient_id"], "", "recurrence", "none seen"


def recurrence_on_page(cohort: Cohort) -> Iterator[Claim]:
    """The marks of the patient page's timeline, where a start of the clock is known."""
    for patient in cohort.recurrence.patients["patient_id"]:
        days = [m.day for m in patient_timeline(cohort, patient).events if m.label == "recurrence"]
        yield patient, "", "recurrence", f"day {days[0]}" if days else "none seen"


def recurrence_beside_published(cohort: Cohort) -> Iterator[Claim]:
    """published/records: the derived record beside the published one."""
    for row in rows_of(cohort, "published", "records"):
        if row["derived_endpoint"] in ("RFS", "TTR") and row["derived_time_days"] is not None:
            seen = row["derived_is_event"] and row["derived_reason"] == "recurrence"
            yield row["patient_id"], "", "recurred", "yes" if seen else "no"


def recurred_by_ledger(cohort: Cohort) -> Iterator[Claim]:
    """recurrence/people: who recurred, among those followed."""
    followed = {p for p, _, inside in people_of(cohort, "recurrence", "followed from the start") if inside}
    for patient, _, inside in people_of(cohort, "recurrence", "recurred"):
        if patient in followed:
            yield patient, "", "recurred", "yes" if inside else "no"


def recurred_by_table(cohort: Cohort) -> Iterator[Claim]:
    for row in rows_of(cohort, "recurrence", "patients"):
        yield row["patient_id"], "", "recurred", "yes" if row["state"] == "recurred" else "no"


# plasma


def latest_ctdna_on_page(cohort: Cohort) -> Iterator[Claim]:
    """ "Latest ctDNA" as it stands in the page's HTML."""
    dated = cohort.ctdna.drop_nulls(["sample_id", "day"])
    for patient, rows in dated.group_by("patient_id", maintain_order=True):
        text = page_of(cohort, str(patient[0]))
        said = re.search(r"Latest ctDNA.{0,40}?(positive|negative|not assessable), day (-?\d+)", text, re.S)
        last = rows.filter(pl.col("day") == int(said[2])) if said else rows.clear()
        if said and last.height == 1:
            yield str(patient[0]), last["sample_id"][0], "tumour DNA in plasma", said[1].replace(" ", "_")


def plasma_of_ledgers(cohort: Cohort) -> Iterator[Claim]:
    """monitoring/people and recurrence/people: whose plasma could be judged."""
    judged = {(p, s) for p, s, inside in people_of(cohort, "monitoring", "ctDNA") if inside}
    for row in rows_of(cohort, "monitoring", "ctdna"):
        day = "unknown" if row["day"] is None else row["day"]
        key = row["patient_id"], row["sample_id"] or f"recorded result, day {day}"
        yield row["patient_id"], row["sample_id"] or "", "plasma judged", "yes" if key in judged else "no"
    for patient, _, inside in people_of(cohort, "recurrence", "ctDNA after surgery"):
        yield patient, "", "blood after surgery judged", "yes" if inside else "no"


def plasma_of_tables(cohort: Cohort) -> Iterator[Claim]:
    for row in rows_of(cohort, "monitoring", "ctdna"):
        yield (
            row["patient_id"],
            row["sample_id"] or "",
            "plasma judged",
            "no" if row["state"] == "not_assessable" else "yes",
        )
    if result_of(cohort, "recurrence"):
        recurred = {r["patient_id"]: r["recurrence_day"] for r in rows_of(cohort, "recurrence", "patients")}
        for row in cohort.recurrence_blood.iter_rows(named=True):
            day = recurred.get(row["patient_id"])
            if day is None or row["day"] < day:  # blood of the day of the recurrence or later foretells nothing
                yield row["patient_id"], "", "blood after surgery judged", "no" if row["is_positive"] is None else "yes"


# MSI


def _msi(word: object) -> str:
    return {"MSI-H": "positive", "MSS": "negative", "MSI-L": "negative", "not MSI-H": "negative"}.get(
        str(word), "not_assessable"
    )


def msi_of_landscape(cohort: Cohort) -> Iterator[Claim]:
    """landscape/samples: null is "not assessed"."""
    for row in rows_of(cohort, "landscape", "samples"):
        yield row["patient_id"], row["sample_id"], "MSI-H", _msi(row["msi_status"])


def msi_of_burden(cohort: Cohort) -> Iterator[Claim]:
    """burden/samples: as recorded of the sample.

    What names no sample stands there for every sample of the patient, and two words that differ ("MSI-H / not MSI-H")
    are told as a conflict: neither is a state of the sample."""
    elsewhere = cohort.marker_readings.filter((pl.col("marker") == "MSI") & pl.col("sample_id").is_null())
    for row in rows_of(cohort, "burden", "samples"):
        if " / " in str(row["msi_recorded"]) or row["patient_id"] in elsewhere["patient_id"]:
            continue
        yield row["patient_id"], row["sample_id"], "MSI-H", _msi(row["msi_recorded"])


def msi_of_facts(cohort: Cohort) -> Iterator[Claim]:
    """What rules of therapy ask: msi = high OR mmr = deficient. They ask for both tests; the status is told by either,
    so that a rule which waits for the other one says nothing here."""
    node = parse("msi = high OR mmr = deficient")
    for patient, facts in cohort.findings.patients.items():
        if facts.msi is not None:
            yield patient, "", "MSI-H", "positive" if facts.msi == "high" else "negative"
        truth = evaluate(node, facts).truth
        if truth in (YES, NO):
            yield patient, "", "MSI-H/dMMR", "positive" if truth == YES else "negative"


def msi_of_ledgers(cohort: Cohort) -> Iterator[Claim]:
    """burden/people and burden/samples: whose MSI is recorded."""
    for patient, sample, inside in people_of(cohort, "burden", "MSI recorded"):
        yield patient, sample, "MSI recorded", "yes" if inside else "no"
    for row in rows_of(cohort, "burden", "samples"):
        told = row["msi_recorded"] in ("MSI-H", "not MSI-H")
        yield row["patient_id"], row["sample_id"], "MSI recorded", "yes" if told else "no"


# statuses on the page's card; HRR


def card(cohort: Cohort) -> Iterator[Claim]:
    """The patient's column of the status card, as it stands in the page's HTML."""
    states = {"found": "positive", "none": "negative", "unclear": "not_assessable"}
    for patient in cohort.study["patients"]["patient_id"]:
        table = re.search(r'<table class="grid statuscard">.*?<tbody>(.*?)</tbody>', page_of(cohort, patient), re.S)
        heads = re.search(r'<table class="grid statuscard">(.*?)</thead>', page_of(cohort, patient), re.S)
        samples = re.findall(r'<th scope="col">([^<]*)<small>', heads[1]) if heads else []
        for row in re.findall(r"<tr>(.*?)</tr>", table[1] if table else "", re.S):
            status = unescape(re.search(r'<th scope="row">(.*?)</th>', row)[1])
            cells = re.findall(r'<td class="s-(\w+)"', row)
            for sample, cell in zip((*map(unescape, samples), ""), cells, strict=True):
                yield patient, sample, status, states[cell]


def hrr_of_landscape(cohort: Cohort) -> Iterator[Claim]:
    """landscape/alterations: a gene of the HRR set lost, in these samples."""
    called = cohort.statuses.filter((pl.col("status") == "HRR") & pl.col("sample_id").is_not_null())
    judged = set(called["sample_id"])
    for row in rows_of(cohort, "landscape", "alterations"):
        lost = "truncating" in (row["rule"] or "") or "deletion" in row["kinds"]
        if row["gene"] in gene_set("HRR") and row["driver"] == "driver" and lost:
            for sample in row["driver_samples"].split(";"):
                if sample in judged:
                    yield row["patient_id"], sample, "HRR", "positive"


# exports; vital status; ledgers of therapy


def exported(cohort: Cohort) -> Iterator[Claim]:
    """cBioPortal's clinical columns: MSI_TYPE of samples, OS_STATUS of patients.

    MSI_TYPE is the column of samples as it was recorded, to be read back; where markers contradict it, it is one of two
    recordings and no claim."""
    readings = cohort.marker_readings.filter(pl.col("marker") == "MSI").drop_nulls("sample_id")
    one = set(readings.group_by("sample_id").agg(pl.col("state").n_unique()).filter(pl.col("state") == 1)["sample_id"])
    with TemporaryDirectory() as folder:
        export_cbioportal(cohort.study, Path(folder), study_id="t", called=called_rows(cohort.study))
        samples, patients = (
            pl.read_csv(
                Path(folder) / f"data_clinical_{name}.txt", separator="\t", comment_prefix="#", infer_schema=False
            )
            for name in ("sample", "patient")
        )
    if "MSI_TYPE" in samples.columns:
        for patient, sample, said in samples.select("PATIENT_ID", "SAMPLE_ID", "MSI_TYPE").drop_nulls().iter_rows():
            if sample in one:
                yield patient, sample, "MSI-H", _msi(said)
    if "OS_STATUS" in patients.columns:
        for patient, said in patients.select("PATIENT_ID", "OS_STATUS").drop_nulls().iter_rows():
            yield patient, "", "vital status", "dead" if said.startswith("1") else "alive"


def vital_of_tables(cohort: Cohort) -> Iterator[Claim]:
    """overview/patients and the OS of the study."""
    for row in rows_of(cohort, "overview", "patients"):
        if row["is_dead"] is not None:
            yield row["patient_id"], "", "vital status", "dead" if row["is_dead"] else "alive"
    table = cohort.time_to_event.filter((pl.col("endpoint") == "OS") & pl.col("line").is_null())
    for patient, dead in table.select("patient_id", "is_event").iter_rows():
        yield patient, "", "vital status", "dead" if dead else "alive"


def vital_of_page(cohort: Cohort) -> Iterator[Claim]:
    """The line of the page's head that says who lives."""
    for patient in cohort.study["patients"]["patient_id"]:
        said = re.search(r"<dt>Follow-up</dt><dd>(dead|alive|vital)", page_of(cohort, patient))
        if said and said[1] != "vital":
            yield patient, "", "vital status", said[1]


def vital_of_phenopackets(cohort: Cohort) -> Iterator[Claim]:
    for packet in phenopackets(cohort.study, called_rows(cohort.study)):
        said = packet["subject"]["vitalStatus"]["status"]
        if said != "UNKNOWN_STATUS":
            yield packet["id"], "", "vital status", "dead" if said == "DECEASED" else "alive"


def ras_of_ledger(cohort: Cohort) -> Iterator[Claim]:
    """therapy/people and therapy/ras: whose RAS the table of RAS has."""
    for patient, _, inside in people_of(cohort, "therapy", "RAS"):
        yield patient, "", "RAS asked", "yes" if inside else "no"
    for row in rows_of(cohort, "therapy", "ras"):
        yield row["patient_id"], "", "RAS asked", "yes"


def outcome_by_two_years(cohort: Cohort) -> Iterator[Claim]:
    """The OS of the study from day 0 by 24 months: dead, alive or not followed so far."""
    table = cohort.time_to_event.filter((pl.col("endpoint") == "OS") & pl.col("line").is_null())
    for patient, time, dead in table.select("patient_id", "time_days", "is_event").iter_rows():
        yield patient, "", "OS by 24 months", by_two_years(time, dead)


def outcome_of_prediction(cohort: Cohort) -> Iterator[Claim]:
    """prediction/patients, of a model whose time zero is the index date."""
    for row in rows_of(cohort, "prediction", "patients"):
        if row["zero_day"] == 0:
            yield row["patient_id"], "", "OS by 24 months", by_two_years(row["time_days"], row["is_event"])


def by_two_years(time: object, dead: object) -> str:
    assert isinstance(time, int)
    return "alive" if time > landmark_days(24) else "dead" if dead else "not followed so far"


SOURCES = (
    outcome_by_two_years,
    outcome_of_prediction,
    recurrence_table,
    recurrence_by_endpoints,
    recurrence_on_page,
    recurrence_beside_published,
    recurred_by_ledger,
    recurred_by_table,
    latest_ctdna_on_page,
    plasma_of_ledgers,
    plasma_of_tables,
    msi_of_landscape,
    msi_of_burden,
    msi_of_facts,
    msi_of_ledgers,
    card,
    hrr_of_landscape,
    exported,
    vital_of_tables,
    vital_of_page,
    vital_of_phenopackets,
    ras_of_ledger,
)
