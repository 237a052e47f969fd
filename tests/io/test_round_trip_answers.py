"""A study answers the same after it went through a format, but for what the format cannot hold.

`reduced` takes out of the study what the format has no place for (each with its reason); what is left must answer as the
study that came back: sentences, numbers, notes, figures, tables, of every analysis.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests import golden
from tests.studies import simulated

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.status.variants import called_rows
from oncourse.disease import tumour_of
from oncourse.io import load_study
from oncourse.io.export.cbioportal import export_cbioportal
from oncourse.io.export.maf import export_maf
from oncourse.io.export.phenopackets import write_phenopackets
from oncourse.io.export.vcf import export_vcf
from oncourse.io.export.workbook import export_workbook
from oncourse.io.native import write_study
from oncourse.report.workers import run_all

FORMS = ("native", "workbook", "cbioportal", "phenopackets", "maf", "vcf")
#: Tables that Phenopackets v2 has no place for: no assay, depth or segment, no lesion, no visit of imaging.
NOT_IN_PHENOPACKETS = (
    "assays",
    "error_rates",
    "target_regions",
    "coverage",
    "segments",
    "gene_copy_number",
    "fusions",
    "lesions",
    "assessments",
    "target_lesions",
    "markers",
)
#: Columns it has no place for: no line of therapy, no end points, of samples only what and when, of calls no origin.
COLUMNS_NOT_IN_PHENOPACKETS = {
    "follow_up": ("entry_day", "recurrence_day", "recurrence_free_day", "progression_day", "progression_free_day"),
    "treatments": ("line",),
    "procedures": ("lesion_id", "intent"),
    "calls": ("origin",),
    "samples": ("purity", "tumor_fraction", "cfdna_ng_ml", "mean_depth", "msi_status", "msi_score", "tmb_per_mb")
    + ("preservation", "lesion_id", "assay_id", "ploidy"),
}


def through(study, form, folder):
    """The study that comes back."""
    path = folder / ("study.xlsx" if form == "workbook" else "study")
    if form == "native":
        write_study(path, dict(study.tables.items()), study.config)
    elif form == "workbook":
        export_workbook(study, path)
    elif form in ("maf", "vcf"):  # calls and variants of the file, the other tables beside it
        rest = {name: frame for name, frame in study.tables.items() if name not in ("calls", "variants")}
        write_study(path, rest, study.config)
        if form == "maf":
            export_maf(study, path / "study.maf", called_rows(study))
        else:
            export_vcf(study, path / "vcf", called_rows(study))
    elif form == "cbioportal":
        export_cbioportal(study, path, study_id="x", called=called_rows(study))
    else:
        people = study["patients"].select("patient_id", "disease", "primary_site").iter_rows()
        tumours = {p: tumour_of(f"{d or ''} {s or ''}") or tumour_of(study.config.disease) for p, d, s in people}
        write_phenopackets(study, path, called_rows(study), tumours=tumours)
    return load_study(path)


def reduced(study, back, form):
    """Both studies without what the format cannot hold, or holds in addition."""
    ours, theirs = dict(study.tables.items()), dict(back.tables.items())
    if form == "cbioportal":
        # a timeline has a row per agent; overall survival comes back as the source's own, columns under its names
        split = ours["treatments"].with_columns(pl.col("drugs").str.split(";")).explode("drugs")
        ours["treatments"] = split.with_columns(pl.col("drugs").str.strip_chars())
        theirs.pop("published_endpoints", None)
        for name in ("patients", "samples"):
            theirs[name] = theirs[name].select(c for c in theirs[name].columns if c in ours[name].columns)
    if form == "phenopackets":
        ours = {name: frame for name, frame in ours.items() if name not in NOT_IN_PHENOPACKETS}
        ours["calls"] = ours["calls"].filter(pl.col("is_called"))
        for name, columns in COLUMNS_NOT_IN_PHENOPACKETS.items():
            if name not in ours:
                continue
            empty = [pl.lit(None, ours[name].schema[c]).alias(c) for c in columns if c in ours[name].columns]
            ours[name] = ours[name].with_columns(empty)
        # an ontology's term for the disease, and an age in whole days
        told = theirs["patients"].select("patient_id", "disease", "age_years")
        ours["patients"] = ours["patients"].drop("disease", "age_years").join(told, on="patient_id", how="left")
        ours["patients"] = ours["patients"].select(study["patients"].columns)
    if form in ("maf", "vcf"):
        # a variant without a row of calls, and the bases around it, have no place there
        ours["variants"] = ours["variants"].join(ours["calls"], on="variant_id", how="semi")
        for column in ("context", "transcript"):
            if column in ours["variants"].columns:
                empty = pl.lit(None, ours["variants"].schema[column]).alias(column)
                ours["variants"], theirs["variants"] = (t["variants"].with_columns(empty) for t in (ours, theirs))
    config = replace(study.config, sources=(), title="")
    return replace(study, tables=ours, config=config), replace(back, tables=theirs, config=config)


def answers(study, names):
    return {
        o.analysis.name: golden.of_outcome(o)
        for o in run_all(Cohort(study), [registry()[n] for n in names], draw=False)
    }


def apart(design, form, folder, names):
    study = simulated(design)
    ours, theirs = (answers(s, names) for s in reduced(study, through(study, form, folder), form))
    return {name: found[:12] for name in names if (found := golden.differences(ours[name], theirs[name]))}


@pytest.mark.parametrize("form", ["workbook", "cbioportal"])
def test_end_points_are_the_same_after_a_format(form, tmp_path):
    """Every record of time to event with its reason and day, PSA and best responses: quick, the answers are slow."""
    study = simulated("mcrpc", 4)
    ours, theirs = (Cohort(s) for s in reduced(study, through(study, form, tmp_path), form))
    for one, two in zip(ours.endpoint_tables, theirs.endpoint_tables, strict=True):
        assert one.equals(two, null_equal=True)
    assert ours.psa.equals(theirs.psa) and ours.best_response.equals(theirs.best_response)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_every_analysis_answers_the_same_after_a_format(design, form, tmp_path):
    """But for what is reduced above, and the table of missing columns, which counts the columns that a format adds."""
    found = apart(design, form, tmp_path, [n for n in registry() if n not in ("published", "overview")])
    assert found == {}
