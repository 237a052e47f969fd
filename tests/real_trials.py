"""Trials of which tables of people are public, each read as a study in a few lines: arms, survival, what was found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
from tests.studies import study as made

from oncourse.days import DAYS_PER_MONTH, DAYS_PER_YEAR
from oncourse.study.model import Study


def _trial(design: str, rows: list[dict[str, object]], drugs: dict[str, str]) -> Study:
    """A study of `rows`: patient_id, arm, days, is_dead, and further columns of follow_up; `drugs` of each arm from day 0
    (of an arm without, nobody is treated)."""
    patients = [{"patient_id": r["patient_id"], "arm": r["arm"]} for r in rows]
    given = [
        {"patient_id": r["patient_id"], "drugs": drugs[str(r["arm"])], "start_day": 0}
        for r in rows
        if drugs.get(str(r["arm"]))
    ]
    others = ("patient_id", "arm", "days", "is_dead")
    follow_up = [
        {"patient_id": r["patient_id"], "last_contact_day": r["days"], "is_dead": r["is_dead"]}
        | ({"death_day": r["days"]} if r["is_dead"] else {})
        | {k: v for k, v in r.items() if k not in others}
        for r in rows
    ]
    more = {"treatments": given} if given else {}
    return made({"design": design}, patients=patients, samples=[], calls=[], follow_up=follow_up, **more)


def colon(file: Path) -> Study:
    """Moertel's adjuvant trial: observation, levamisole, levamisole with 5-FU; recurrence (etype 1) and death (2)."""
    rows = pl.read_csv(file, null_values="NA")
    death, back = (rows.filter(etype=e).select("id", "rx", "time", "status") for e in (2, 1))
    both = death.join(back.select("id", came="time", came_status="status"), on="id").sort("id")
    people = [
        {"patient_id": str(i), "arm": arm, "days": time, "is_dead": dead == 1}
        | {"recurrence_day" if event else "recurrence_free_day": min(came, time)}
        for i, arm, time, dead, came, event in both.select(
            "id", "rx", "time", "status", "came", "came_status"
        ).iter_rows()
    ]
    return _trial("crc", people, {"Lev": "levamisole", "Lev+5FU": "levamisole;fluorouracil"})


def curve(file: Path, dataset: str) -> Study:
    """One digitised curve of overall survival, in months; the arms are drugs."""
    rows = pl.read_csv(file, infer_schema_length=None).filter(dataset=dataset)
    people = [
        {"patient_id": f"{i:04d}", "arm": arm, "days": round(time * DAYS_PER_MONTH), "is_dead": event == 1}
        for i, (time, event, arm) in enumerate(rows.select("time", "event", "arm").iter_rows())
    ]
    return _trial("crc", people, {arm: arm for arm in rows["arm"].unique()})


def trials(file: Path, patient: str, years: str) -> Study:
    """Several trials in one table, survival in years; which drugs is not told."""
    rows = pl.read_csv(file).unique(["TRIAL", patient], maintain_order=True)
    people = [
        {"patient_id": f"{trial}-{i}", "arm": str(arm), "days": round(time * DAYS_PER_YEAR), "is_dead": dead == 1}
        for trial, i, arm, time, dead in rows.select("TRIAL", patient, "TREAT", years, "SURVIND").iter_rows()
    ]
    return _trial("mcrpc" if patient == "PATID" else "crc", people, {})


def wcdt(folder: Path) -> Study:
    """Biopsies of mCRPC with curated missense changes and their reads, laboratory values, survival from the biopsy."""
    people = pl.read_csv(folder / "2021_05_13_european_urology_2019.txt", separator="\t", null_values="NA")
    people = people.unique("patient_id", maintain_order=True)
    found = pl.read_csv(folder / "2018_05_14_curated_missense_table.txt", separator="\t", infer_schema=False)
    found = found.filter(found["sample_id"].is_in(people["sample_id"].implode()))
    found = found.filter(pl.col("nucleotide").str.contains("^[ACGT]>[ACGT]$"))
    found = found.with_columns(
        v=pl.concat_str(
            pl.col("chromosome").str.strip_prefix("chr"), "position", "nucleotide", separator=":"
        ).str.replace(">", ":")
    ).unique(["sample_id", "v"], maintain_order=True)
    named = found.unique("v", maintain_order=True)
    values = {"PSA.At.Biopsy": ("PSA", "ng/mL"), "LDH.at.biopsy": ("LDH", "U/L"), "ALP": ("ALP", "U/L")}
    return made(
        {"design": "mcrpc", "genome_build": "GRCh38"},
        patients=[{"patient_id": p} for p in people["patient_id"]],
        samples=[
            {"sample_id": s, "patient_id": p, "material": "tissue", "day": 0}
            for s, p in people.select("sample_id", "patient_id").iter_rows()
        ],
        variants=[
            {"variant_id": v, "gene": g, "hgvs_p": p, "consequence": "missense"}
            for v, g, p in named.select("v", "gene", "protein").iter_rows()
        ],
        calls=[{"sample_id": s, "variant_id": v} for s, v in found.select("sample_id", "v").iter_rows()],
        follow_up=[
            {"patient_id": p, "last_contact_day": days, "is_dead": dead == 1}
            | ({"death_day": days} if dead == 1 else {})
            for p, days, dead in people.select("patient_id", "OS.mCRPC", "event.Dead").drop_nulls().iter_rows()
        ],
        labs=[
            {"patient_id": p, "day": 0, "analyte": name, "value": str(value), "unit": unit}
            for column, (name, unit) in values.items()
            for p, value in people.select("patient_id", column).drop_nulls().iter_rows()
        ],
    )


#: Kind of `tests.real_studies.STUDIES` -> its reader.
OTHERS: dict[str, Callable[..., Study]] = {"colon": colon, "curve": curve, "trials": trials, "wcdt": wcdt}
