"""Clinical tables of patients and samples (cBioPortal, or beside a MAF) -> patients, follow_up, lesions, samples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oncourse.io import clinical as words
from oncourse.io.clinical import clean
from oncourse.io.reading import Reading
from oncourse.io.text import read_table, table_name
from oncourse.study.schema import Problem
from oncourse.study.tables import PATIENTS, SAMPLES

__all__ = ["Built", "build", "clean", "first_of", "read_clinical", "with_missing_samples"]

#: Attribute -> the names exports use for the ids (upper case, blanks as _).
_IDS = {
    "PATIENT_ID": ("PATIENT_ID", "PATIENT_IDENTIFIER", "PATIENT", "CASE_ID", "SUBJECT_ID", "PATIENTID"),
    "SAMPLE_ID": (
        "SAMPLE_ID",
        "SAMPLE_IDENTIFIER",
        "TUMOR_SAMPLE_BARCODE",
        "TUMOR_SAMPLE_ID",
        "SAMPLE",
        "SAMPLEID",
    ),
}
#: End point -> (prefixes of its months and status columns).
_ENDPOINTS = {
    "OS": ("OS", "OVERALL_SURVIVAL"),
    "DFS": ("DFS", "RFS", "DFI", "EFS", "BCR_FREE"),
    "PFS": ("PFS", "PFI"),
}


@dataclass
class Built:
    """Tables of a study made from clinical exports, and the names of further columns kept."""

    patients: pl.DataFrame
    follow_up: pl.DataFrame
    lesions: pl.DataFrame
    samples: pl.DataFrame
    extra: list[str]


def read_clinical(paths: Sequence[Path], key: str, reading: Reading) -> pl.DataFrame | None:
    """Read clinical files (comment lines above the header) and join them on `key`; names in capitals."""
    out: pl.DataFrame | None = None
    for path in paths:
        table = read_table(path, lenient=True)
        reading.problems += table.problems
        frame = _named(table.frame)
        if key not in frame.columns:
            if frame.columns:
                cure = f"Name the column of the ids {key} (found: {', '.join(frame.columns[:6])})."
                reading.problems.append(Problem(table_name(path), 1, None, None, f"no column {key}.", cure))
            continue
        frame = frame.with_columns(clean(c).alias(c) for c in frame.columns)
        lost = frame[key].is_null()
        for index in lost.arg_true().to_list():
            cure = "Every row needs its id."
            row = int(table.lines[index])
            reading.problems.append(Problem(table_name(path), row, key, None, f"the row has no {key}.", cure))
        frame = frame.filter(~lost)
        if out is None:
            out = frame
        else:
            new = [c for c in frame.columns if c not in out.columns]
            out = out.join(
                frame.select(key, *new).unique(key), on=key, how="full", coalesce=True, maintain_order="left"
            )
    return out


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Names in capitals with _; ids under the names the rest of this module uses."""
    names: dict[str, str] = {}
    for column in frame.columns:
        name = re.sub(r"[^A-Z0-9.]+", "_", column.strip().upper()).strip("_") or column
        while name in names.values():
            name += "_2"
        names[column] = name
    frame = frame.rename(names)
    for ours, theirs in _IDS.items():
        if ours not in frame.columns and (found := next((t for t in theirs if t in frame.columns), None)):
            frame = frame.rename({found: ours})
    return frame


def first_of(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """Return the first of several columns that is there and not null."""
    present = [pl.col(n) for n in names if n in frame.columns]
    return pl.coalesce(present) if present else pl.lit(None, pl.String)


def patient_of(sample: str) -> str:
    """Return the patient a sample id names (MSK-IMPACT, TCGA); the sample id itself where it follows neither.

    >>> patient_of("P-0000197-T01-IM3"), patient_of("TCGA-2A-A8VL-01A-21D"), patient_of("S7")
    ('P-0000197', 'TCGA-2A-A8VL', 'S7')
    """
    found = re.match(r"(P-\d{7})-[TN]\d+|(TCGA-\w{2}-\w{4})(?:-|$)", sample)
    return (found.group(1) or found.group(2)) if found else sample


def with_missing_samples(
    samples: pl.DataFrame | None, patients: pl.DataFrame | None, seen: pl.Series, reading: Reading
) -> pl.DataFrame:
    """Return the clinical samples and those that only the data files name (patient from the id)."""
    if samples is None:
        samples = pl.DataFrame(schema={"SAMPLE_ID": pl.String, "PATIENT_ID": pl.String})
    if "PATIENT_ID" not in samples.columns:
        guessed = words.mapped(samples["SAMPLE_ID"], patient_of)
        samples = samples.with_columns(guessed.alias("PATIENT_ID"))
    known = set(samples["SAMPLE_ID"])
    new = sorted(s for s in seen.drop_nulls() if s not in known)
    if not new:
        return samples
    message = f"{len(new):,} samples are in the data files only (first: {new[0]}); their patient is taken from the id."
    cure = "Add them to the clinical sample table."
    reading.problems.append(Problem("samples", None, "sample_id", new[0], message, cure, "warning"))
    rows = pl.DataFrame({"SAMPLE_ID": new, "PATIENT_ID": [patient_of(s) for s in new]})
    return pl.concat([samples, rows], how="diagonal")


def build(patients: pl.DataFrame | None, samples: pl.DataFrame, reading: Reading) -> Built:
    """Return our tables; `patients` and `samples` as `read_clinical` gives them (names in capitals)."""
    ids = samples["PATIENT_ID"].unique().drop_nulls()
    base = patients if patients is not None else pl.DataFrame(schema={"PATIENT_ID": pl.String})
    base = _one_row_each(base, reading)
    missing = sorted(set(ids) - set(base["PATIENT_ID"]))
    if missing and patients is not None:
        message = f"{len(missing):,} patients have samples and no row of their own (first: {missing[0]})."
        cure = "Add them to the clinical patient table."
        reading.problems.append(Problem("patients", None, "patient_id", missing[0], message, cure, "warning"))
    base = pl.concat(
        [base, pl.DataFrame({"PATIENT_ID": missing}, schema={"PATIENT_ID": pl.String})], how="diagonal"
    )
    our_patients, extra_patients = _patients(base, samples, reading)
    lesions, sample_lesion = _lesions(samples, reading)
    our_samples, extra_samples = _samples(samples, sample_lesion, reading)
    follow_up = _follow_up(base, samples, reading)
    return Built(our_patients, follow_up, lesions, our_samples, sorted({*extra_patients, *extra_samples}))


def _one_row_each(base: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """One row per patient; rows that contradict each other are told, the first stands."""
    distinct = base.unique(maintain_order=True)
    twice = distinct.filter(pl.col("PATIENT_ID").is_duplicated())["PATIENT_ID"].unique(maintain_order=True)
    if len(twice):
        message = (
            f"{len(twice):,} patients have several different rows (first: {twice[0]}); the first row is used."
        )
        cure = "Keep one row per patient."
        reading.problems.append(Problem("patients", None, "patient_id", twice[0], message, cure, "warning"))
    return distinct.unique("PATIENT_ID", keep="first", maintain_order=True)


def _told_numbers(raw: pl.DataFrame, table: str, columns: Sequence[str], reading: Reading) -> None:
    """Say which values of number columns are no numbers: they become unknown."""
    for column in columns:
        lost = raw[column].drop_nulls()
        lost = lost.filter(words.number(lost).is_null())
        if len(lost):
            message = (
                f"{len(lost):,} values of {column} are no number (first: '{lost[0]}'): taken as unknown."
            )
            cure = "The source's own column is kept beside it."
            reading.problems.append(Problem(table, None, column, lost[0], message, cure, "warning"))


def _kept(frame: pl.DataFrame, ours: pl.DataFrame, known: set[str], ids: tuple[str, ...]) -> pl.DataFrame:
    """Add every source column in lower case; under ``source_`` where ours has the name with another value."""
    for column in frame.columns:
        if column in ids:
            continue
        name = column.lower()
        values = frame[column]
        if name in ours.columns:
            # our value says the same in our words or unit; the source's is kept where it does not
            same = (
                (ours[name].cast(pl.String).str.to_lowercase() == values.str.to_lowercase())
                .fill_null(True)
                .all()
            )
            both_missing = bool((ours[name].is_null() == values.is_null()).all())
            if not (same and both_missing):
                ours = ours.with_columns(values.alias(f"source_{name}"))
        elif name in known:
            ours = ours.with_columns(values.alias(f"source_{name}"))
        else:
            ours = ours.with_columns(values.alias(name))
    return ours


def _same(ours: pl.Series, source: pl.Series) -> bool:
    """Whether two columns say the same, capitals and 1 / 1.0 aside."""
    if ours.dtype.is_numeric():
        equal = (ours - words.number(source)).abs() < 1e-9
    else:
        equal = ours.str.to_lowercase() == source.str.to_lowercase()
    return bool(equal.fill_null(True).all() and (ours.is_null() == source.is_null()).all())


def _patients(base: pl.DataFrame, samples: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    of_samples = samples.group_by("PATIENT_ID", maintain_order=True).agg(
        first_of(samples, "CANCER_TYPE_DETAILED", "CANCER_TYPE").drop_nulls().first().alias("_disease"),
        first_of(samples, "PRIMARY_SITE", "PRIMARY_TUMOR_SITE").drop_nulls().first().alias("_site"),
    )
    wide = base.join(of_samples, on="PATIENT_ID", how="left", maintain_order="left")
    raw = wide.select(
        pl.col("PATIENT_ID").alias("patient_id"),
        pl.coalesce(first_of(base, "CANCER_TYPE_DETAILED", "CANCER_TYPE"), "_disease").alias("disease"),
        first_of(base, "SEX", "GENDER").alias("sex"),
        first_of(base, "AGE", "AGE_AT_DIAGNOSIS", "AGE_AT_DX", "DIAGNOSIS_AGE").alias("age_years"),
        first_of(base, "STAGE", "STAGE_AT_DIAGNOSIS", "AJCC_PATHOLOGIC_TUMOR_STAGE", "STAGE_HIGHEST_RECORDED",
                 "TUMOR_STAGE", "CLINICAL_STAGE").alias("stage"),
        pl.coalesce(first_of(base, "PRIMARY_SITE", "PRIMARY_TUMOR_SITE", "PRIMARY_TUMOR_LOCATION"),
                    "_site").alias("primary_site"),
    )  # fmt: skip
    _told_numbers(raw, "patients", ["age_years"], reading)
    raw = raw.with_columns(
        words.mapped(raw["sex"], words.sex).alias("sex"), words.number(raw["age_years"]).alias("age_years")
    )
    raw = raw.select(c for c in raw.columns if c == "patient_id" or raw[c].null_count() < len(raw))
    out = _kept(base, raw, set(PATIENTS.by_name), ("PATIENT_ID", "SAMPLE_ID"))
    return out, [c for c in out.columns if c not in PATIENTS.by_name]


def _samples(samples: pl.DataFrame, lesion: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    fractions = {"purity": ("TUMOR_PURITY", "PURITY"), "tumor_fraction": ("TUMOR_FRACTION", "CTDNA_FRACTION")}
    numbers = {
        "ploidy": ("PLOIDY",), "mean_depth": ("SAMPLE_COVERAGE", "MEAN_COVERAGE", "COVERAGE", "MEAN_DEPTH"),
        "msi_score": ("MSI_SCORE", "MSISENSOR_SCORE", "MSI_SENSOR_SCORE"),
        "tmb_per_mb": ("TMB_NONSYNONYMOUS", "TMB_SCORE", "TMB"), "cfdna_ng_ml": ("CFDNA_NG_ML",),
    }  # fmt: skip
    raw = samples.select(
        pl.col("SAMPLE_ID").alias("sample_id"),
        pl.col("PATIENT_ID").alias("patient_id"),
        *[first_of(samples, *names).alias(ours) for ours, names in {**fractions, **numbers}.items()],
        first_of(samples, "MSI_STATUS", "MSI_TYPE", "MSI", "MSI_SENSOR_STATUS").alias("msi_status"),
        first_of(samples, "SAMPLE_PRESERVATION", "PRESERVATION", "SPECIMEN_PRESERVATION_TYPE").alias(
            "preservation"
        ),
    )
    _told_numbers(raw, "samples", [*fractions, *numbers], reading)
    raw = raw.with_columns(
        *[words.fraction(raw[c]).alias(c) for c in fractions],
        *[words.number(raw[c]).alias(c) for c in numbers],
        words.mapped(raw["msi_status"], words.msi).alias("msi_status"),
        _material(samples).alias("material"),
    )
    if "msi_score" in raw.columns:  # MSK writes -1 where MSIsensor gave nothing
        raw = raw.with_columns(pl.when(pl.col("msi_score") >= 0).then(pl.col("msi_score")).alias("msi_score"))
    raw = raw.join(lesion, on="sample_id", how="left", maintain_order="left")
    always = ("sample_id", "patient_id", "material", "lesion_id")
    raw = raw.select(*always, *(c for c in raw.columns if c not in always and raw[c].null_count() < len(raw)))
    out = _kept(samples, raw, set(SAMPLES.by_name), ("PATIENT_ID", "SAMPLE_ID"))
    return out, [c for c in out.columns if c not in SAMPLES.by_name]


def _material(samples: pl.DataFrame) -> pl.Series:
    columns = ["SAMPLE_CLASS", "SAMPLE_TYPE", "SPECIMEN_TYPE", "MATERIAL", "SAMPLE_MATERIAL", "TISSUE_SOURCE_SITE_TYPE",
               "GENE_PANEL"]  # fmt: skip
    present = [c for c in columns if c in samples.columns]
    if not present:
        return pl.Series("material", ["tissue"] * len(samples), pl.String)
    unique = samples.select(present).unique()
    named = unique.with_columns(
        pl.Series("material", [words.material(*row) for row in unique.iter_rows()], dtype=pl.String)
    )
    return samples.join(named, on=present, how="left", nulls_equal=True, maintain_order="left")["material"]


def _lesions(samples: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lesions, and sample_id -> lesion_id.

    A lesion column is taken as it is; else all primary samples of a patient are one lesion and any other tissue
    sample with a known type is a lesion of its own.
    """
    explicit = first_of(samples, "LESION_ID", "TUMOR_ID", "LESION", "TUMOUR_ID")
    kind = first_of(
        samples,
        "SAMPLE_TYPE",
        "SAMPLE_CLASS",
        "TUMOR_TYPE_SAMPLE",
        "SAMPLE_TYPE_DETAILED",
        "LESION_ROLE",
        "ROLE",
    )
    frame = samples.select(
        pl.col("SAMPLE_ID").alias("sample_id"),
        pl.col("PATIENT_ID").alias("patient_id"),
        explicit.alias("lesion"),
        kind.alias("kind"),
        first_of(samples, "METASTATIC_SITE", "METASTATIC_BIOPSY_SITE", "BIOPSY_SITE", "SAMPLE_SITE", "TISSUE_SITE",
                 "SITE").alias("met_site"),
        first_of(samples, "PRIMARY_SITE", "PRIMARY_TUMOR_SITE", "SITE").alias("primary_site"),
    ).with_columns(_material(samples).alias("material"))  # fmt: skip
    frame = frame.filter(pl.col("material") == "tissue")
    role = words.mapped(frame["kind"], words.role)
    coded = {v: words.lesion_code(v) for v in frame["lesion"].unique().drop_nulls()}
    by_code = words.mapped(frame["lesion"], lambda v: coded[v][0])
    site_by_code = words.mapped(frame["lesion"], lambda v: coded[v][1])
    frame = frame.with_columns(
        role.fill_null(by_code).alias("role"), site_by_code.set(role.is_not_null(), None).alias("code_site")
    )
    unknown = frame["role"].null_count()
    if unknown:
        reading.notes.append(
            f"{unknown:,} tissue samples do not say primary or metastasis: they are in no lesion pair"
        )
    is_primary = pl.col("role") == "primary"
    frame = frame.drop_nulls("role").with_columns(
        pl.when(pl.col("lesion").is_not_null())
        .then(pl.col("patient_id") + "_" + pl.col("lesion"))
        .when(is_primary)
        .then(pl.col("patient_id") + "_primary")
        .otherwise(pl.col("sample_id") + "_lesion")
        .str.replace_all(r"[^\w.-]+", "_")
        .alias("lesion_id"),
        pl.coalesce("code_site", pl.when(is_primary).then("primary_site").otherwise("met_site"))
        .str.to_lowercase()
        .alias("site"),
    )
    lesions = frame.unique("lesion_id", keep="first", maintain_order=True).sort("lesion_id")
    return lesions.select("lesion_id", "patient_id", "role", "site"), frame.select("sample_id", "lesion_id")


def _follow_up(base: pl.DataFrame, samples: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Survival columns -> follow_up. A patient without a survival time has no row (the number is noted)."""
    source = base
    if not _pair(base, "OS") and _pair(samples, "OS"):  # survival in the sample table
        source = samples.unique("PATIENT_ID", keep="first", maintain_order=True)
    ends: dict[str, pl.DataFrame] = {}
    for end in _ENDPOINTS:
        pair = _pair(source, end)
        if pair:
            days = words.days_of_months(source[pair[0]])
            status = words.mapped(source[pair[1]], words.event, pl.Boolean)
            _odd_statuses(source, pair[1], status, reading)
            ends[end] = pl.DataFrame({"days": days, "event": status})
    schema = {"patient_id": pl.String, "last_contact_day": pl.Int64, "is_dead": pl.Boolean, "death_day": pl.Int64,
              "cause_of_death": pl.String, "recurrence_day": pl.Int64, "recurrence_free_day": pl.Int64,
              "progression_day": pl.Int64}  # fmt: skip
    if not ends:
        return pl.DataFrame(schema=schema)
    none = pl.DataFrame(
        {
            "days": pl.Series([None] * len(source), dtype=pl.Int64),
            "event": pl.Series([None] * len(source), dtype=pl.Boolean),
        }
    )
    overall, free, progress = (ends.get(e, none) for e in ("OS", "DFS", "PFS"))
    frame = source.select(pl.col("PATIENT_ID").alias("patient_id")).with_columns(
        overall["days"].alias("os"), overall["event"].alias("is_dead"), free["days"].alias("dfs"),
        free["event"].alias("dfs_event"), progress["days"].alias("pfs"), progress["event"].alias("pfs_event"),
        _cause(source).alias("cause_of_death"),
    )  # fmt: skip
    last = pl.coalesce("os", pl.max_horizontal("dfs", "pfs"))
    out = frame.select(
        "patient_id",
        last.alias("last_contact_day"),
        "is_dead",
        pl.when(pl.col("is_dead")).then(pl.col("os")).alias("death_day"),
        pl.when(pl.col("is_dead")).then(pl.col("cause_of_death")).alias("cause_of_death"),
        pl.when(pl.col("dfs_event")).then(pl.col("dfs")).alias("recurrence_day"),
        pl.when(~pl.col("dfs_event")).then(pl.col("dfs")).alias("recurrence_free_day"),
        pl.when(pl.col("pfs_event")).then(pl.col("pfs")).alias("progression_day"),
    ).with_columns(pl.col(c).cast(t) for c, t in schema.items())
    lost = out["last_contact_day"].null_count()
    if lost:
        reading.notes.append(f"{lost:,} patients have no survival time: they are not in follow_up")
    return out.drop_nulls("last_contact_day")


def _pair(frame: pl.DataFrame, end: str) -> tuple[str, str] | None:
    for prefix in _ENDPOINTS[end]:
        months = next((c for c in (f"{prefix}_MONTHS", f"{prefix}_MONTH") if c in frame.columns), None)
        if months and f"{prefix}_STATUS" in frame.columns:
            return months, f"{prefix}_STATUS"
    return None


def _cause(source: pl.DataFrame) -> pl.Series:
    column = next((c for c in ("DSS_STATUS", "CAUSE_OF_DEATH") if c in source.columns), None)
    if column is None:
        return pl.Series([None] * len(source), dtype=pl.String)

    def cause(text: str) -> str | None:
        low = text.lower()
        if column == "DSS_STATUS":
            known = words.event(text)
            return None if known is None else "cancer" if known else "other"
        if re.search(r"cancer|disease|tumou?r|progress", low):
            return "cancer"
        return "unknown" if "unknown" in low else "other"

    return words.mapped(source[column], cause)


def _odd_statuses(source: pl.DataFrame, column: str, status: pl.Series, reading: Reading) -> None:
    odd = sorted(set(source[column].filter(status.is_null()).drop_nulls()))
    odd = [o for o in odd if o.lower() not in ("unknown", "not available", "na", "lost to follow-up")]
    if odd:
        message = f"{column}: {', '.join(odd[:4])} is no known status; taken as unknown."
        cure = "Known: 0:LIVING, 1:DECEASED, ALIVE, DEAD, 0, 1 and the like."
        reading.problems.append(Problem("follow_up", None, "is_dead", odd[0], message, cure, "warning"))
