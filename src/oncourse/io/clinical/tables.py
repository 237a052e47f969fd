"""Clinical tables of patients and samples (cBioPortal, or beside a MAF) -> patients, follow_up, lesions, samples."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.clinical import survival, words
from oncourse.io.clinical.anchors import Anchors
from oncourse.io.clinical.columns_of_ids import named
from oncourse.io.clinical.everyday_names import with_survival_names
from oncourse.io.clinical.gather import METASTASIS_WORDS, organ_of
from oncourse.io.clinical.own_genes import results_of
from oncourse.io.clinical.own_msi import msi_of
from oncourse.io.clinical.own_survival import named_by_unit
from oncourse.io.clinical.own_vital import EITHER
from oncourse.io.clinical.words import clean
from oncourse.io.reading import Reading
from oncourse.io.tabular.remarks import is_second_header, remarks
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table, table_name
from oncourse.io.whose.ids import owner_of, patient_of, says, tell_barcodes, type_of
from oncourse.study.frames import optional
from oncourse.study.headers import with_words
from oncourse.study.schema import Problem
from oncourse.study.tables import PATIENTS, SAMPLES
from oncourse.study.values import without_unit
from oncourse.study.words import meaning

__all__ = ["Built", "build", "clean", "first_of", "read_clinical", "with_missing_samples"]

_SEX = ("SEX", "GENDER", "CDR_GENDER")
_AGE = (
    "AGE",
    "AGE_YEARS",
    "AGE_AT_DIAGNOSIS",
    "AGE_AT_DX",
    "DIAGNOSIS_AGE",
    "AGE_AT_INITIAL_PATHOLOGIC_DIAGNOSIS",
    "CDR_AGE_AT_INITIAL_PATHOLOGIC_DIAGNOSIS",
)
_STAGE = (
    "STAGE",
    "STAGE_AT_DIAGNOSIS",
    "AJCC_PATHOLOGIC_TUMOR_STAGE",
    "CDR_AJCC_PATHOLOGIC_TUMOR_STAGE",
    "STAGE_HIGHEST_RECORDED",
    "TUMOR_STAGE",
    "CLINICAL_STAGE",
    "CDR_CLINICAL_STAGE",
    "STAGE_EVENT_PATHOLOGIC_STAGE",
)


#: Columns that say what kind of sample a row is, the most usual first.
KINDS = ("SAMPLE_CLASS", "SAMPLE_TYPE", "SPECIMEN_TYPE", "MATERIAL", "SAMPLE_MATERIAL", "TISSUE_TYPE", "TISSUE", "TYPE")
#: Columns that say what the lesion of a sample is, in the order in which they count.
ROLE_ORDER = (
    "SAMPLE_TYPE",
    "SAMPLE_CLASS",
    "TUMOR_TYPE_SAMPLE",
    "SAMPLE_TYPE_DETAILED",
    "LESION_ROLE",
    "ROLE",
    "SPECIMEN_TYPE",
    "MATERIAL",
    "TISSUE_TYPE",
    "TISSUE",
    "TYPE",
)


#: A clinical table of more columns is a matrix of something else (own choice; 100,000 took 2.6 GB).
MAX_COLUMNS = 10_000


@dataclass
class Built:
    """Tables of a study made from clinical exports, and the names of further columns kept."""

    patients: pl.DataFrame
    follow_up: pl.DataFrame
    published: pl.DataFrame
    lesions: pl.DataFrame
    samples: pl.DataFrame
    extra: list[str]
    markers: pl.DataFrame


def read_clinical(paths: Sequence[Path], key: str, reading: Reading) -> pl.DataFrame | None:
    """Read clinical files (comment lines above the header) and join them on `key`; names in capitals."""
    out: pl.DataFrame | None = None
    for path in paths:
        table = read_table(path, lenient=True)
        reading.problems += table.problems
        if table.frame.width > MAX_COLUMNS:
            message = f"the clinical table has {table.frame.width:,} columns; at most {MAX_COLUMNS:,} are read."
            cure = "Is this a matrix of genes by samples? Give the patients' and samples' own columns alone."
            raise InputError([Problem(table_name(path), 1, None, None, message, cure)])
        words_of_codes, said = with_words(table.frame)
        reading.notes += said
        frame = named(named_by_unit(words_of_codes), reading)
        reading.descriptions |= _descriptions(frame.columns, table.comments)
        if key not in frame.columns:
            if frame.columns:
                cure = f"Name the column of the ids {key} (found: {', '.join(frame.columns[:6])})."
                reading.problems.append(Problem(table_name(path), 1, None, None, f"no column {key}.", cure))
            continue
        frame = frame.with_columns(clean(c).alias(c) for c in frame.columns)
        frame, table = _rows_alone(frame, table, reading)
        lost = frame[key].is_null()
        for index in lost.arg_true().to_list():
            cure = "Every row needs its id."
            row = int(table.lines[index])
            reading.problems.append(Problem(table_name(path), row, key, None, f"the row has no {key}.", cure))
        frame = with_survival_names(_with_vital_status(frame.filter(~lost)), reading)
        if out is None:
            out = frame
        else:
            new = [c for c in frame.columns if c not in out.columns]
            out = out.join(
                frame.select(key, *new).unique(key), on=key, how="full", coalesce=True, maintain_order="left"
            )
    return out


def _rows_alone(frame: pl.DataFrame, table: TextTable, reading: Reading) -> tuple[pl.DataFrame, TextTable]:
    """Leave out remarks and totals below the table, and a second header; say so."""
    if frame.is_empty():
        return frame, table
    out = remarks(frame, frame.columns[0])
    cells = frame.row(0)
    out[0] = bool(out[0]) or is_second_header(cells, [c for c in cells if c and meaning("column", c)], None)
    if not out.any():
        return frame, table
    first = int(table.lines.filter(out)[0])
    reading.notes.append(
        f"{int(out.sum())} lines of a clinical table are remarks, totals or names (line {first}): left out"
    )
    return frame.filter(~out), replace(table, lines=table.lines.filter(~out))


#: Names of a column whose words alone say whether it is the vital status (死亡, 存活) or another one.
_STATUS_NAMES = ("状态", "患者状态", "目前状态", "STATUS", "PATIENT_STATUS", "SURVIVAL_STATUS")


def _with_vital_status(frame: pl.DataFrame) -> pl.DataFrame:
    """Call a column of a status the vital status where each of its words says dead or alive, and no other column does:
    OS_STATUS beside the overall survival, else VITAL_STATUS."""
    if survival.VITAL & set(frame.columns):
        return frame
    name = "OS_STATUS" if {"OS_MONTHS", "OS_DAYS"} & set(frame.columns) else "VITAL_STATUS"
    for column in (c for c in _STATUS_NAMES if c in frame.columns):
        said = frame[column].drop_nulls().unique()
        if len(said) and all(w.lower() not in EITHER and (meaning("dead", w) or meaning("unknown", w)) for w in said):
            return frame.rename({column: name})
    return frame


def _descriptions(columns: Sequence[str], comments: Sequence[str]) -> dict[str, str]:
    """Return column -> its description, the second line above a cBioPortal header."""
    if len(comments) < 2:
        return {}
    cells = [c.strip().strip('"') for c in comments[1].lstrip('"').lstrip("#").split("\t")]
    return {name: text for name, text in zip(columns, cells, strict=False) if text}


def first_of(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """Return the first of several columns that is there and not null."""
    present = [pl.col(n) for n in names if n in frame.columns]
    return pl.coalesce(present) if present else pl.lit(None, pl.String)


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
    owners = {
        *samples["PATIENT_ID"].drop_nulls(),
        *(patients["PATIENT_ID"].drop_nulls() if patients is not None else ()),
    }
    said = [_normal_of(s, owners) or says(s) or (owner_of(s, owners) or s, "tumour") for s in new]
    material = [role if role in ("normal", "plasma") else None for _, role in said]
    rows = pl.DataFrame({"SAMPLE_ID": new, "PATIENT_ID": [p for p, _ in said]})
    if any(material):
        rows = rows.with_columns(pl.Series("MATERIAL", material, dtype=pl.String))
    return pl.concat([samples, rows], how="diagonal")


_NORMAL = re.compile(r"(?i)^(.+?)[-_.](?:N|NL|GL|normal|germline|blood)(?:\d{1,2})?(?:[-_.].*)?$")


def _normal_of(sample: str, patients: Collection[str]) -> tuple[str, str] | None:
    """Return patient and "normal" of an id that is a known patient's with N behind it (``P3-N01``), else null."""
    found = _NORMAL.match(sample)
    return (found[1], "normal") if found and found[1] in patients else None


def build(
    patients: pl.DataFrame | None, samples: pl.DataFrame, reading: Reading, anchors: Anchors | None = None
) -> Built:
    """Return our tables; `patients` and `samples` as `read_clinical` gives them (names in capitals).

    ``anchors`` says where the times of the end points start (`oncourse.io.clinical.anchors`).
    """
    ids = samples["PATIENT_ID"].unique().drop_nulls()
    samples = _with_barcode_types(_one_row_each(samples, reading, "SAMPLE_ID", "samples"), reading)
    if patients is None:
        base = _patients_of_samples(samples)
    else:
        base = _one_row_each(patients, reading, "PATIENT_ID", "patients")
    missing = sorted(set(ids) - set(base["PATIENT_ID"]))
    if missing and patients is not None:
        message = f"{len(missing):,} patients have samples and no row of their own (first: {missing[0]})."
        cure = "Add them to the clinical patient table."
        reading.problems.append(Problem("patients", None, "patient_id", missing[0], message, cure, "warning"))
    base = pl.concat([base, pl.DataFrame({"PATIENT_ID": missing}, schema={"PATIENT_ID": pl.String})], how="diagonal")
    our_patients, extra_patients = _patients(base, samples, reading)
    lesions, sample_lesion = _lesions(samples, reading)
    our_samples, extra_samples = _samples(samples, sample_lesion, reading)
    follow_up, published = survival.follow_up(base, samples, reading, anchors)
    extra = sorted({*extra_patients, *extra_samples})
    of_patients = base if patients is not None else base.clear()
    markers = pl.concat([results_of(samples), results_of(of_patients.drop("SAMPLE_ID", strict=False))])
    return Built(our_patients, follow_up, published, lesions, our_samples, extra, markers)


def _with_barcode_types(samples: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Take a sample whose TCGA or TARGET barcode says what it is (-06 a metastasis, -10 a normal) as that where no column
    does; a column that says another thing counts, and is told."""
    reading.problems += tell_barcodes(samples["SAMPLE_ID"].drop_nulls().to_list())
    types = words.mapped(samples["SAMPLE_ID"], type_of)
    if not types.is_not_null().any():
        return samples
    kind = pl.DataFrame({"SAMPLE_TYPE": types})
    said = samples.select(_role_of(samples).alias("role"), pl.lit(said_materials(samples)).alias("material"))
    apart = (said["role"] != kind.select(_role_of(kind).alias("r"))["r"]).fill_null(False)
    if apart.any():
        first = samples["SAMPLE_ID"].filter(apart)[0]
        message = (
            f"{int(apart.sum()):,} samples are of another type in the table than by their barcodes (first: {first})."
        )
        cure = "The table counts; correct it where the barcode is right."
        reading.problems.append(Problem("samples", None, "SAMPLE_TYPE", first, message, cure, "warning"))
    silent = said["role"].is_null() & (said["material"].is_null() | (said["material"] == "tissue"))
    own = optional(samples, "SAMPLE_TYPE")
    return samples.with_columns(pl.when(silent & types.is_not_null()).then(types).otherwise(own).alias("SAMPLE_TYPE"))


def _patients_of_samples(samples: pl.DataFrame) -> pl.DataFrame:
    """Where only samples have a table: its columns on the patient, as the patient's first sample gives them."""
    about = [*_SEX, *_AGE, *_STAGE]
    columns = [c for c in samples.columns if c in about]
    return (
        samples.select("PATIENT_ID", *columns)
        .drop_nulls("PATIENT_ID")
        .unique("PATIENT_ID", keep="first", maintain_order=True)
    )


def _one_row_each(rows: pl.DataFrame, reading: Reading, key: str, table: str) -> pl.DataFrame:
    """One row per patient or sample; rows that contradict each other are told, the first stands."""
    distinct = rows.unique(maintain_order=True)
    twice = distinct.filter(pl.col(key).is_not_null() & pl.col(key).is_duplicated())[key].unique(maintain_order=True)
    if len(twice):
        who = f"{len(twice):,} {table} have" if len(twice) > 1 else f"1 {table[:-1]} has"
        message = f"{who} several different rows (first: {twice[0]}); the first row is used."
        cure = f"Keep one row per {table[:-1]}."
        reading.problems.append(Problem(table, None, key.lower(), twice[0], message, cure, "warning"))
    return distinct.filter(pl.col(key).is_null() | pl.col(key).is_first_distinct())


def _told_numbers(raw: pl.DataFrame, table: str, columns: Sequence[str], reading: Reading) -> None:
    """Say which values of number columns are no numbers: they become unknown."""
    for column in columns:
        lost = raw[column].drop_nulls()
        lost = lost.filter(words.number(lost).is_null())
        if len(lost):
            message = f"{len(lost):,} values of {column} are no number (first: '{lost[0]}'): taken as unknown."
            cure = "The source's own column is kept beside it."
            reading.problems.append(Problem(table, None, column, lost[0], message, cure, "warning"))


def _kept(frame: pl.DataFrame, ours: pl.DataFrame, known: set[str], ids: tuple[str, ...]) -> pl.DataFrame:
    """Add every source column in lower case; under ``source_`` where ours has the name with another value."""
    added: dict[str, pl.Series] = {}
    for column in frame.columns:
        name, values = column.lower(), frame[column]
        if column in ids or (name in ours.columns and _same_words(ours[name], values)):
            continue
        kept = f"source_{name}" if name in ours.columns or name in known else name
        added[kept] = values.alias(kept)
    return ours.with_columns(added.values())


def _same_words(ours: pl.Series, source: pl.Series) -> bool:
    """Whether our value says the same in our words or unit, and is missing where the source's is."""
    same = (ours.cast(pl.String).str.to_lowercase() == source.str.to_lowercase()).fill_null(True).all()
    return bool(same and (ours.is_null() == source.is_null()).all())


def _patients(base: pl.DataFrame, samples: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    of_samples = samples.group_by("PATIENT_ID", maintain_order=True).agg(
        first_of(samples, "CANCER_TYPE_DETAILED", "CANCER_TYPE").drop_nulls().first().alias("_disease"),
        first_of(samples, "PRIMARY_SITE", "PRIMARY_TUMOR_SITE").drop_nulls().first().alias("_site"),
    )
    wide = base.join(of_samples, on="PATIENT_ID", how="left", maintain_order="left")
    raw = wide.select(
        pl.col("PATIENT_ID").alias("patient_id"),
        pl.coalesce(first_of(base, "CANCER_TYPE_DETAILED", "CANCER_TYPE"), "_disease").alias("disease"),
        first_of(base, *_SEX).alias("sex"),
        first_of(base, *_AGE).alias("age_years"),
        first_of(base, *_STAGE).alias("stage"),
        pl.coalesce(first_of(base, "PRIMARY_SITE", "PRIMARY_TUMOR_SITE", "PRIMARY_TUMOR_LOCATION"), "_site").alias(
            "primary_site"
        ),
    )
    raw = raw.with_columns(without_unit(raw["age_years"], "years"))
    _told_numbers(raw, "patients", ["age_years"], reading)
    _told_sex(raw["sex"], reading)
    raw = raw.with_columns(
        words.mapped(raw["sex"], words.sex).alias("sex"), words.number(raw["age_years"]).alias("age_years")
    )
    raw = raw.select(c for c in raw.columns if c == "patient_id" or raw[c].null_count() < len(raw))
    out = _kept(base, raw, set(PATIENTS.by_name), ("PATIENT_ID", "SAMPLE_ID"))
    return out, [c for c in out.columns if c not in PATIENTS.by_name]


def _told_sex(said: pl.Series, reading: Reading) -> None:
    """Say which words of the sex are not understood: codes (1, 2) mean one thing here and another there."""
    unread = [w for w in said.drop_nulls().unique() if words.sex(w) is None and meaning("unknown", w) is None]
    if unread:
        lost = said.filter(said.is_in(unread))
        message = f"{len(lost):,} words of the sex are not understood (first: '{lost[0]}'): unknown."
        cure = "Write female and male, or say it in the header: SEX (1=male, 2=female)."
        reading.problems.append(Problem("patients", None, "sex", lost[0], message, cure, "warning"))


#: What stands behind TUMOR or TUMOUR in a column of the share of tumour cells.
_PURITY = ("PURITY", "CONTENT", "CELL_CONTENT", "CELLULARITY", "CELL_PERCENT", "CELL_PERCENTAGE")


def _samples(samples: pl.DataFrame, lesion: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    purity = ("TUMOR_PURITY", "PURITY", *(f"TUMO{u}R_{w}" for u in ("", "U") for w in _PURITY))
    fractions = {"purity": purity, "tumor_fraction": ("TUMOR_FRACTION", "CTDNA_FRACTION")}
    numbers = {
        "ploidy": ("PLOIDY",),
        "mean_depth": ("SAMPLE_COVERAGE", "MEAN_COVERAGE", "COVERAGE", "MEAN_DEPTH"),
        "msi_score": ("MSI_SCORE", "MSISENSOR_SCORE", "MSI_SENSOR_SCORE"),
        "tmb_per_mb": ("TMB_NONSYNONYMOUS", "TMB_SCORE", "TMB"),
        "cfdna_ng_ml": ("CFDNA_NG_ML",),
    }
    raw = samples.select(
        pl.col("SAMPLE_ID").alias("sample_id"),
        pl.col("PATIENT_ID").alias("patient_id"),
        *[first_of(samples, *names).alias(ours) for ours, names in {**fractions, **numbers}.items()],
        first_of(samples, "MSI_STATUS", "MSI_TYPE", "MSI", "MSI_SENSOR_STATUS").alias("msi_status"),
        first_of(samples, "SAMPLE_PRESERVATION", "PRESERVATION", "SPECIMEN_PRESERVATION_TYPE").alias("preservation"),
    )
    _told_numbers(raw, "samples", [*fractions, *numbers], reading)
    _told_msi(raw["msi_status"], reading)
    raw = raw.with_columns(
        *[words.fraction(raw[c]).alias(c) for c in fractions],
        *[words.number(raw[c]).alias(c) for c in numbers],
        words.mapped(raw["msi_status"], msi_of).alias("msi_status"),
        _blood_told(materials(samples), samples["SAMPLE_ID"], reading).alias("material"),
    )
    if "msi_score" in raw.columns:  # MSK writes -1 where MSIsensor gave nothing
        raw = raw.with_columns(pl.when(pl.col("msi_score") >= 0).then(pl.col("msi_score")).alias("msi_score"))
    raw = raw.join(lesion, on="sample_id", how="left", maintain_order="left")
    always = ("sample_id", "patient_id", "material", "lesion_id")
    raw = raw.select(*always, *(c for c in raw.columns if c not in always and raw[c].null_count() < len(raw)))
    out = _kept(samples, raw, set(SAMPLES.by_name), ("PATIENT_ID", "SAMPLE_ID"))
    return out, [c for c in out.columns if c not in SAMPLES.by_name]


#: What a column of the microsatellite status says of a sample whose status nobody gives.
_NO_STATUS = re.compile(r"(?i)^(do )?not |^n[/.]?[ad]\b|pending|fail|insufficient|unknown|未|不适用|失败")


def _told_msi(said: pl.Series, reading: Reading) -> None:
    """Say which words of the microsatellite status are not understood: they become unknown."""
    lost = [w for w in said.drop_nulls() if msi_of(w) is None and not _NO_STATUS.search(w.strip())]
    if lost:
        message = f"{len(lost):,} words of the microsatellite status are not understood (first: '{lost[0]}'): unknown."
        cure = "Write MSI-H, MSI-L, MSS or indeterminate; a score belongs into MSI_SCORE."
        reading.problems.append(Problem("samples", None, "msi_status", lost[0], message, cure, "warning"))


def _role_of(samples: pl.DataFrame) -> pl.Expr:
    """Return the role of each sample: that of the first column whose word is one of ours."""
    said = [pl.lit(words.mapped(samples[c], role_word)) for c in ROLE_ORDER if c in samples.columns]
    return pl.coalesce(said) if said else pl.lit(None, pl.String)


def role_word(text: str | None) -> str | None:
    """Return the role that the words of a type say: of ours, or of a metastasis somewhere (``Liver metastasis``,
    ``肝转移灶``)."""
    return words.role(text) or ("metastasis" if re.search(METASTASIS_WORDS, (text or "").lower()) else None)


def _organ_word(text: str | None) -> str | None:
    """Return the organ that the words of a type name; null where they name none."""
    organ = organ_of(text)
    return None if organ == text or not re.search(METASTASIS_WORDS, (text or "").lower()) else organ


def materials(samples: pl.DataFrame) -> pl.Series:
    """Return tissue, plasma, normal or blood of each row of a table of samples, by the columns that say it.

    A fluid (胸水, ascites) stays what it is, and is an error: its cells or what is dissolved in it?
    """
    present = [c for c in (*KINDS, "TISSUE_SOURCE_SITE_TYPE", "GENE_PANEL") if c in samples.columns]
    if not present:
        return pl.Series("material", ["tissue"] * len(samples), pl.String)
    unique = samples.select(present).unique()
    named = unique.with_columns(
        pl.Series(
            "material", [words.fluid(*row) or words.material(*row) for row in unique.iter_rows()], dtype=pl.String
        )
    )
    return samples.join(named, on=present, how="left", nulls_equal=True, maintain_order="left")["material"]


def said_materials(samples: pl.DataFrame) -> pl.Series:
    """Return `materials` where a column says something of the sample, else null."""
    present = [c for c in KINDS if c in samples.columns]
    said = samples.select(pl.any_horizontal([pl.col(c).is_not_null() for c in present] or [pl.lit(False)]).alias("s"))
    found = materials(samples)
    return found.set(~said["s"] & (found == "tissue") if present else found == "tissue", None)


def with_sarek_status(samples: pl.DataFrame) -> pl.DataFrame:
    """Take the status of nf-core/sarek's sample sheet (0 normal, 1 tumour) as what a sample is."""
    files = {"LANE", "FASTQ_1", "BAM", "CRAM", "VCF", "VARIANTCALLER", "TABLE"}
    if "STATUS" not in samples.columns or not files & set(samples.columns) or set(KINDS) & set(samples.columns):
        return samples
    status = samples["STATUS"].str.strip_chars()
    if not status.is_in(["0", "1"]).all():
        return samples
    kind = status.replace({"0": "normal", "1": "tissue"}).alias("MATERIAL")
    return samples.drop("STATUS", *files, strict=False).with_columns(kind).unique("SAMPLE_ID", maintain_order=True)


def _blood_told(material: pl.Series, ids: pl.Series, reading: Reading) -> pl.Series:
    """Return blood as plasma, and say so: whether its cells or its plasma were sequenced is not written anywhere."""
    blood = ids.filter(material == "blood")
    if len(blood):
        message = f"{len(blood):,} samples are called blood (first: {blood[0]}): taken as plasma."
        cure = "Write plasma (cfDNA), or normal (white_cells) where they are the control."
        reading.problems.append(Problem("samples", None, "material", blood[0], message, cure, "warning"))
    return material.replace({"blood": "plasma"})


def _lesions(samples: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lesions, and sample_id -> lesion_id.

    A lesion column is taken as it is; else all primary samples of a patient are one lesion and any other tissue
    sample with a known type is a lesion of its own.
    """
    explicit = first_of(samples, "LESION_ID", "TUMOR_ID", "LESION", "TUMOUR_ID")
    frame = samples.select(
        pl.col("SAMPLE_ID").alias("sample_id"),
        pl.col("PATIENT_ID").alias("patient_id"),
        explicit.alias("lesion"),
        _role_of(samples).alias("role"),
        first_of(
            samples, "METASTATIC_SITE", "METASTATIC_BIOPSY_SITE", "BIOPSY_SITE", "SAMPLE_SITE", "TISSUE_SITE", "SITE"
        ).alias("met_site"),
        first_of(samples, "PRIMARY_SITE", "PRIMARY_TUMOR_SITE", "SITE").alias("primary_site"),
    ).with_columns(materials(samples).alias("material"))
    frame = frame.filter(pl.col("material") == "tissue")
    role = frame["role"]
    coded = {v: words.lesion_code(v) for v in frame["lesion"].unique().drop_nulls()}
    by_code = words.mapped(frame["lesion"], lambda v: coded[v][0])
    site_by_code = words.mapped(frame["lesion"], lambda v: coded[v][1])
    frame = frame.with_columns(
        role.fill_null(by_code).alias("role"), site_by_code.set(role.is_not_null(), None).alias("code_site")
    )
    of_type = [words.mapped(samples[c], _organ_word) for c in ROLE_ORDER if c in samples.columns]
    if of_type:
        organ = samples.select(pl.col("SAMPLE_ID").alias("sample_id"), pl.coalesce(of_type).alias("type_site"))
        frame = frame.join(organ, on="sample_id", how="left", maintain_order="left")
        frame = frame.with_columns(pl.coalesce("met_site", "type_site").alias("met_site")).drop("type_site")
    unknown = frame["role"].null_count()
    if unknown:
        reading.notes.append(f"{unknown:,} tissue samples do not say primary or metastasis: they are in no lesion pair")
    is_primary = pl.col("role") == "primary"
    owners = frame.drop_nulls("lesion").group_by("lesion").agg(pl.col("patient_id").n_unique())
    own = bool((owners["patient_id"] == 1).all())  # ids of lesions, not words such as `liver`
    frame = frame.drop_nulls("role").with_columns(
        pl.when(pl.col("lesion").is_not_null())
        .then(pl.col("lesion") if own and owners.height > 1 else pl.col("patient_id") + "_" + pl.col("lesion"))
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
