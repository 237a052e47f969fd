"""Exports are read back as the same study; phenopackets have the shape of schema 2.0."""

from __future__ import annotations

import json

import polars as pl
import pytest

from oncourse.derive.status.variants import called_rows
from oncourse.io import load_study
from oncourse.io.export.cbioportal import export_cbioportal
from oncourse.io.export.phenopackets import phenopackets, write_phenopackets
from oncourse.simulate.study import simulate_study
from oncourse.study.model import Study


@pytest.fixture(scope="module")
def study():
    made = simulate_study("mcrpc", 8, seed=3)
    return Study(made.config, made.tables)


def test_cbioportal_round_trip(study, tmp_path_factory):
    """Patients, samples, called variants with reads, and the timeline of treatments, labs and surgery come back."""
    out = tmp_path_factory.mktemp("export") / "folder"
    called = called_rows(study)
    export_cbioportal(study, out, study_id="mine", called=called)
    back = load_study(out)
    assert set(back["patients"]["patient_id"]) == set(study["patients"]["patient_id"])
    tumour = study["samples"].filter(pl.col("material").is_in(["tissue", "plasma"]))
    assert set(back["samples"]["sample_id"]) == set(tumour["sample_id"])
    keys = ["sample_id", "variant_id", "alt_count", "depth"]
    again = back["calls"].filter(pl.col("is_called"))
    assert again.select(keys).sort(keys).equals(called.select(keys).sort(keys))
    looked = study["calls"].filter(~pl.col("is_called")).join(tumour.select("sample_id"), on="sample_id", how="semi")
    assert looked.height > 0
    kept = back["calls"].filter(~pl.col("is_called"))
    assert kept.select(keys).sort(keys).equals(looked.select(keys).sort(keys))
    labs = ["patient_id", "day", "analyte", "value"]
    assert set(back["labs"].select(labs).iter_rows()) == set(study["labs"].select(labs).iter_rows())

    def agents(frame):
        rows = frame.select("patient_id", "start_day", "drugs").iter_rows()
        return {(p, day, drug.strip().lower()) for p, day, drugs in rows for drug in drugs.split(";")}

    assert agents(back["treatments"]) == agents(study["treatments"])
    lines = ["patient_id", "start_day", "line", "setting"]
    assert set(back["treatments"].select(lines).iter_rows()) == set(study["treatments"].select(lines).iter_rows())
    for name in ("assessments", "target_lesions", "markers"):
        columns = [c for c in study[name].columns if study[name][c].null_count() < study[name].height]
        assert study[name].height > 0
        assert set(back[name].select(columns).iter_rows()) == set(study[name].select(columns).iter_rows()), name
    keys = ["patient_id", "day", "kind", "lesion_id"]
    assert set(back["procedures"].select(keys).iter_rows()) == set(study["procedures"].select(keys).iter_rows())
    entry = ["patient_id", "entry_day"]
    assert set(back["follow_up"].select(entry).iter_rows()) == set(study["follow_up"].select(entry).iter_rows())
    facts = ["sample_id", "day", "purity", "tumor_fraction", "mean_depth", "preservation"]
    assert set(back["samples"].select(facts).iter_rows()) == set(tumour.select(facts).iter_rows())


def test_clonality_columns_are_written_where_judged(study, tmp_path):
    called = called_rows(study)
    first = called.row(0, named=True)
    judged = pl.DataFrame(
        {
            "sample_id": [first["sample_id"]],
            "variant_id": [first["variant_id"]],
            "ccf": [0.93],
            "state": ["present"],
        }
    )
    export_cbioportal(study, tmp_path, study_id="mine", called=called, clonality=judged)
    table = pl.read_csv(tmp_path / "data_mutations.txt", separator="\t", infer_schema_length=None)
    row = table.filter(pl.col("ASCN.CLONAL").is_not_null())
    assert row.height == 1
    assert row.select("ASCN.CCF_EXPECTED_COPIES", "ASCN.CLONAL", "PRESENCE").row(0) == (
        0.93,
        "CLONAL",
        "present",
    )


def test_a_column_of_the_users_own_may_have_a_name_of_the_format(study, tmp_path):
    """A downloaded study keeps its OS_MONTHS as a column of patients; exporting it ended in a TypeError."""
    patients = study["patients"].with_columns(os_months=pl.lit("11.5"), smoker=pl.lit("no"))
    own = Study(study.config, {**{name: study[name] for name in study.tables}, "patients": patients})
    export_cbioportal(own, tmp_path, study_id="mine", called=called_rows(own).clear())
    table = pl.read_csv(tmp_path / "data_clinical_patient.txt", separator="\t", comment_prefix="#", infer_schema=False)
    assert set(table["OS_MONTHS_RECORDED"]) == {"11.5"} and set(table["SMOKER"]) == {"no"}
    assert table["OS_MONTHS"].cast(pl.Float64).n_unique() > 1


def test_phenopackets(study, tmp_path):
    called = called_rows(study)
    packets = list(phenopackets(study, called, tumours=dict.fromkeys(study["patients"]["patient_id"], "prostate")))
    assert [p["id"] for p in packets] == sorted(study["patients"]["patient_id"])
    for packet in packets:
        assert packet["metaData"]["phenopacketSchemaVersion"] == "2.0"
        assert packet["subject"]["sex"] == "MALE"
        assert packet["diseases"][0]["term"]["id"] == "NCIT:C4863"
        variants = called.filter(pl.col("patient_id") == packet["id"])["variant_id"].n_unique()
        found = [i for block in packet["interpretations"] for i in block["diagnosis"]["genomicInterpretations"]]
        assert len(found) == variants
    assert write_phenopackets(study, tmp_path, called) == len(packets)
    assert json.loads((tmp_path / f"{packets[0]['id']}.json").read_text())["id"] == packets[0]["id"]


@pytest.mark.parametrize(("day", "words"), [(0, "P62Y"), (600, "P63Y235D"), (-1, "P61Y364D")])
def test_an_age_in_years_and_days(make_study, day, words):
    """62.0 years at day 0 was P62Y16D: years of 365.25 days, read as years of 365."""
    patient = {"patient_id": "P", "age_years": 62.0}
    sample = {"sample_id": "T", "patient_id": "P", "material": "tissue", "day": day}
    made = make_study({"design": "crc"}, patients=[patient], samples=[sample], variants=[], calls=[])
    (packet,) = phenopackets(made, called_rows(made), tumours={"P": "colorectal"})
    assert words in {part.get("age", {}).get("iso8601duration") for part in _times(packet)}


def _times(part):
    """Every dictionary in a packet."""
    if isinstance(part, dict):
        yield part
        for inner in part.values():
            yield from _times(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _times(inner)
