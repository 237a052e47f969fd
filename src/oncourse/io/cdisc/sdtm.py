"""CDISC SDTM (oncology) -> patients, follow_up, treatments, procedures, labs, lesions and assessments.

Standard: CDISC SDTM Implementation Guide 3.4: demographics (DM), exposure (EX, EC), other treatments (CM, PR),
disposition, survival status and cause of death (DS, SS, DD), laboratory (LB), and the tumour domains (TU, TR, RS:
`oncourse.io.cdisc.sdtm_tumours`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.cdisc import sdtm_events as events
from oncourse.io.cdisc import sdtm_history as history
from oncourse.io.cdisc import sdtm_treatments as treatments
from oncourse.io.cdisc import sdtm_tumours as tumours
from oncourse.io.cdisc import sdtm_visits as visits
from oncourse.io.cdisc.sdtm_supplements import is_supplement, with_supplements
from oncourse.io.clinical.tables import first_of
from oncourse.io.reading import Reading
from oncourse.io.tabular.text import read_table
from oncourse.study.codes import without_code_dates
from oncourse.study.config import StudyConfig
from oncourse.study.schema import NULL_TEXTS
from oncourse.study.tables import TABLES

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".xpt")
#: Columns of each domain that are read; the others are named in the ledger.
_USED = {
    "DM": "SEX AGE RFSTDTC RFXSTDTC RFICDTC DMDTC RFENDTC RFPENDTC DTHDTC DTHFL ARM ARMCD ACTARM ARMNRS ITTFL SAFFL",
    "EX": "EXTRT EXSTDTC EXENDTC EXDOSE EXOCCUR EXSTAT EXCAT EXSCAT",
    "EC": "ECTRT ECSTDTC ECENDTC ECDOSE ECOCCUR ECSTAT ECMOOD ECCAT ECSCAT",
    "CM": "CMTRT CMDECOD CMCAT CMSCAT CMINDC CMSTDTC CMENDTC CMOCCUR CMSTAT CMRSDISC CMCLASCD",
    "PR": "PRTRT PRDECOD PRCAT PRSTDTC PRINTENT PROCCUR PRSTAT",
    "MH": "MHTERM MHDECOD MHLLT MHCAT MHSCAT MHEVDTYP MHSTDTC MHOCCUR MHSTAT MHLOC",
    "DS": "DSDECOD DSTERM DSCAT DSSCAT EPOCH DSSTDTC DSDTC",
    "SS": "SSTESTCD SSSTRESC SSORRES SSDTC",
    "LB": "LBTESTCD LBTEST LBSPEC LBDTC LBSTRESC LBORRES LBSTRESU LBORRESU",
    "TU": "TULNKID TULOC TUTESTCD TUSTRESC TUORRES TUEVAL TUEVALID TUDTC VISIT",
    "TR": "TRGRPID TRLNKID TRTESTCD TRSTRESN TRSTRESC TRORRES TRSTRESU TRORRESU TRSTAT TREVAL TREVALID TRDTC VISIT",
    "RS": "RSTESTCD RSSTRESC RSORRES RSEVAL RSEVALID RSACPTFL RSDTC VISIT",
    "DD": "DDTESTCD DDSTRESC DDORRES DDDTC",
    "AE": "AETERM AEDECOD AESTDTC AEENDTC AETOXGR AESER",
}
#: What dates a scan of which only the month is known (`oncourse.io.cdisc.sdtm_visits`).
_SCAN = {domain: ("VISITNUM", "VISITDY", f"{domain}DY") for domain in visits.DOMAINS}
USED = {domain: (*names.split(), *_SCAN.get(domain, ())) for domain, names in _USED.items()}
DOMAINS = tuple(USED)
#: Of a supplement (SUPP--, `oncourse.io.cdisc.sdtm_supplements`).
USED_OF_SUPPLEMENT = ("RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
#: Qualifiers that are read where they are: population flags of DM, stage of MH, line and stop of CM.
USED_QUALIFIERS = (
    *events.ITT_FLAGS,
    *events.SAFETY_FLAGS,
    *history.STAGE,
    *treatments.LINE,
    *(f"CM{stem}" for stem in (*treatments.LINE, *treatments.STOP)),
    "SETTING",
)

#: Columns without which nothing of a domain says anything (the subject apart).
REQUIRED = {
    "TR": ("TRLNKID", "TRTESTCD", "TRDTC"),
    "RS": ("RSTESTCD", "RSDTC"),
    "LB": ("LBTESTCD", "LBDTC"),
    "EX": ("EXTRT", "EXSTDTC"),
    "EC": ("ECTRT", "ECSTDTC"),
    "SS": ("SSTESTCD",),
}


def find_domains(path: Path) -> dict[str, Path]:
    """Return domain -> file of an SDTM folder, by file name (tr.csv, tr_onco.csv.gz, TR.xpt).

    A part of a split domain (lbch.xpt of LB; SDTM IG 3.4, 4.1.7) stands under its own name.

    Raises
    ------
    InputError : no domain is there, or one is there twice
    """
    found: dict[str, list[Path]] = {}
    for file in sorted(path.iterdir()):
        name = file.name.lower()
        if not name.endswith(SUFFIXES):
            continue
        domain = re.split(r"[._]", name)[0].upper()
        if domain in DOMAINS or is_part(domain) or is_supplement(domain):
            found.setdefault(domain, []).append(file)
    twice = [f"{d}: {', '.join(f.name for f in files)}" for d, files in found.items() if len(files) > 1]
    if twice:
        raise InputError([f"two files of one SDTM domain ({t}). Keep one, or name the files." for t in twice])
    if not found:
        raise InputError(f"{path}: holds no SDTM domain (looked for {', '.join(DOMAINS)} as csv, tsv or xpt).")
    return {domain: files[0] for domain, files in found.items()}


def is_part(name: str) -> bool:
    """Whether a data set may be a part of a split domain by its name: LBCH, LBHE of LB.

    >>> [is_part(n) for n in ("LBCH", "LB", "SUPPLB", "DRUG")]
    [True, False, False, False]
    """
    return len(name) in (3, 4) and name[:2] in DOMAINS and not is_supplement(name)


def _whole(
    domains: Mapping[str, pl.DataFrame], files: Mapping[str, Path]
) -> tuple[dict[str, pl.DataFrame], dict[str, Path]]:
    """Return domains with the parts of split ones joined, and the file that stands for each.

    Messages name the first file of a split domain; the ledger lists each.
    """
    out: dict[str, list[pl.DataFrame]] = {}
    named: dict[str, Path] = {}
    for name, frame in domains.items():
        domain = name[:2] if is_part(name) else name
        out.setdefault(domain, []).append(frame)
        named.setdefault(domain, files[name])
    return {name: pl.concat(frames, how="diagonal") for name, frames in out.items()}, named


def _is_of(name: str, frame: pl.DataFrame) -> bool:
    """Whether a data set holds what its name says: of a part, DOMAIN must say the domain."""
    if not is_part(name):
        return True
    return "DOMAIN" in frame.columns and frame["DOMAIN"].drop_nulls().str.to_uppercase().unique().to_list() == [
        name[:2]
    ]


def is_sdtm(path: Path) -> bool:
    """Return whether a folder looks like SDTM: subjects (DM) and at least one other domain."""
    try:
        found = find_domains(path)
    except (InputError, NotADirectoryError):
        return False
    return "DM" in found and len(found) > 1


def read_sdtm(source: Path | Mapping[str, Path], *, title: str = "") -> Reading:
    """Read SDTM domains as a study.

    Parameters
    ----------
    source : a folder, or domain -> file ({"TR": Path("tr_onco.csv.gz"), ...})

    Returns
    -------
    A Reading with dates as ``*_date`` columns (they become days from patients.index_date on validation). Everybody
    randomised is in it, treated or not; screen failures and people never assigned are left out and counted. Day 0 is
    the first treatment (RFSTDTC); of those never treated the randomisation, else the consent. Diameters: DIAMETER where
    given, else the short axis (LPERP, SAXIS) of lymph nodes and the longest diameter (LDIAM) of other lesions. Scans of one
    VISIT on several days are one assessment, dated to the first. A new lesion is one that TU, TR or RS names; nobody's
    silence is read as none. A partial date of a scan takes the full date of the same subject and visit, else it is kept
    as the interval it is and read as `oncourse.io.cdisc.sdtm_visits` says; a partial date of death is passed on as it is.
    ``samples`` and ``calls`` are empty: SDTM holds no sequencing.
    """
    files = find_domains(source) if isinstance(source, Path) else {k.upper(): v for k, v in source.items()}
    domains = {name: frame for name, path in files.items() if _is_of(name, frame := _read(path))}
    files = {name: files[name] for name in domains}
    lacking = [
        f"{files[name].name}: has no column {column}; is it an SDTM {name} domain? Nothing of it can be read without."
        for name, frame in domains.items()
        for column in ("USUBJID", *(("QNAM", "QVAL") if is_supplement(name) else REQUIRED.get(name[:2], ())))
        if column not in frame.columns
    ]
    if lacking:
        raise InputError(lacking)
    index = "first study treatment (RFSTDTC); of people never treated the randomisation, else the consent"
    reading = Reading({}, StudyConfig(title=title or "SDTM study", index=index), foreign=True)
    named, all_files = domains, files
    domains, files = _whole(domains, files)
    domains, qualifiers = with_supplements(domains, files, reading)
    _ledger(source, all_files, named, qualifiers, reading)
    domains = _without_screen_failures(domains, files, reading)
    for name, frame in domains.items():
        domains[name], told = without_code_dates(name, frame, r"(^date|_date|DTC)$")
        reading.problems += told
    domains = visits.dated({name: _dated(name, frame) for name, frame in domains.items()}, reading)
    domains = visits.one_day_per_visit(domains, reading)
    tables = reading.tables
    tables["patients"] = _patients(domains, qualifiers.get("DM", ()), reading)
    if "DM" in domains:
        tables["follow_up"] = events.follow_up(domains, reading)
    if "MH" in domains:
        tables["patients"] = history.with_history(domains["MH"], files["MH"].name, tables["patients"], reading)
    given = treatments.treatments(domains, files, reading)
    if given is not None:
        tables["treatments"] = given
    if "PR" in domains:
        tables["procedures"] = treatments.procedures(domains["PR"], files["PR"].name, reading)
    if "LB" in domains:
        tables["labs"] = events.labs(domains["LB"], files["LB"].name, reading)
    if "AE" in domains:
        tables["adverse_events"] = events.adverse_events(domains["AE"], files["AE"].name, reading)
    if "TR" in domains:
        tables["target_lesions"] = tumours.targets(domains["TR"], domains.get("TU"))
    if "RS" in domains:
        tumours.tests_not_read(domains["RS"], files["RS"].name, reading)
    if {"RS", "TR", "TU"} & set(domains):
        tables["assessments"] = tumours.assessments(domains)
    visits.keep_intervals(reading)
    for name in ("samples", "calls"):
        tables[name] = TABLES[name].empty()
    reading.notes.append("SDTM holds no sequencing: samples and calls are empty.")
    sources = {
        "patients": "DM",
        "follow_up": "DM",
        "treatments": next((n for n in ("EX", "EC") if n in files), "CM"),
        "lesions": "MH",
        "labs": "LB",
        "target_lesions": "TR",
        "assessments": "RS",
        "procedures": "PR",
        "adverse_events": "AE",
    }
    reading.sources = {table: files[d].name for table, d in sources.items() if d in files and table in tables}
    for table, name in reading.sources.items():
        reading.ledger.taken(name, table, tables[table].height)
    return reading


def _read(path: Path) -> pl.DataFrame:
    if path.name.lower().endswith(".xpt"):
        from oncourse.io.tabular.xport import read_xport

        frame = read_xport(path)
    else:
        table = read_table(path, lenient=True)
        frame = table.frame
        if errors := [str(p) for p in table.problems if p.severity == "error"]:
            raise InputError(errors)
    frame = frame.rename({c: c.strip().upper() for c in frame.columns})
    nulls = [t for t in NULL_TEXTS if t not in ("nan", "NaN")]
    text = pl.all().cast(pl.String).str.strip_chars()
    cleaned = frame.select(text)
    return cleaned.with_columns(
        pl.when(pl.all().is_in(nulls)).then(None).otherwise(pl.all()).name.keep()
    ).with_row_index("_row", 2)


def _ledger(
    source: Path | Mapping[str, Path],
    files: Mapping[str, Path],
    domains: Mapping[str, pl.DataFrame],
    qualifiers: Mapping[str, tuple[str, ...]],
    reading: Reading,
) -> None:
    """Say of every file, column and supplemental qualifier whether it is read."""
    keys = ("STUDYID", "DOMAIN", "USUBJID", "VISIT", "_row")
    for domain, path in files.items():
        frame = domains[domain]
        reading.ledger.file(path.name, f"SDTM {domain}", "used", n_rows=frame.height)
        for column in frame.columns:
            if column == "_row":
                continue
            used = USED_OF_SUPPLEMENT if is_supplement(domain) else USED[domain[:2]]
            state = "used" if column in (*used, *keys) else "not read"
            n = frame.height - frame[column].null_count()
            reading.ledger.column(path.name, column, state if n else "empty", n=n)
        if is_supplement(domain):
            counted = frame.group_by(pl.col("QNAM").str.to_uppercase()).len().drop_nulls().sort("QNAM")
            for name, n in counted.iter_rows():
                of_people = name in qualifiers.get("DM", ())
                read = name in USED_QUALIFIERS or any(name in USED[d] for d, m in qualifiers.items() if name in m)
                state = "used" if read else "kept" if of_people else "not read"
                kept = f"patients.{name.lower()}" if state == "kept" else ""
                reading.ledger.column(path.name, f"QNAM = {name}", state, became=kept, n=n)
    if isinstance(source, Path):
        others = [p for p in sorted(source.iterdir()) if p.is_file() and p not in files.values()]
        for path in others:
            reading.ledger.file(path.name, "unknown", "not read", why="no SDTM domain that is read")
        data = [p.name for p in others if p.name.lower().endswith(SUFFIXES)]
        if data:
            reading.notes.append(f"not read, no domain known here: {', '.join(data[:12])}")


def _without_screen_failures(
    domains: dict[str, pl.DataFrame], files: Mapping[str, Path], reading: Reading
) -> dict[str, pl.DataFrame]:
    """Leave out who was never randomised or assigned, in every domain; say how many and why."""
    if "DM" not in domains:
        return domains
    dm = events.with_population(domains)
    arm = pl.concat_str([first_of(dm, c).fill_null("") for c in ("ARM", "ARMCD", "ARMNRS", "ACTARM")], separator=" ")
    word = arm.str.to_uppercase().str.replace_all(r"[^A-Z]+", "")
    treated = pl.col("_treated")
    reason = (
        pl.when(pl.col("_itt") == "Y")
        .then(None)
        .when(word.str.contains("SCREENFAIL|SCRNFAIL|SCRFAIL") | pl.col("_screen_failure"))
        .then(pl.lit("screen failure"))
        .when(treated)
        .then(None)
        .when(pl.col("_itt") == "N")
        .then(pl.lit("not randomised (ITTFL = N)"))
        .when(word.str.contains("NOTASSGN|NOTASSIGNED") & ~word.str.contains("ASSIGNEDNOTTREATED"))
        .then(pl.lit("never assigned to an arm"))
    )
    dm = dm.with_columns(reason.alias("_why"))
    out = dm.filter(pl.col("_why").is_not_null())
    for (why,), rows in out.group_by("_why", maintain_order=True):
        first = rows["USUBJID"][0]
        reading.notes.append(f"{rows.height:,} people of DM are left out: {why} (first: {first})")
        reading.ledger.left_out(
            files["DM"].name, rows.height, str(why), became="patients", line=int(rows["_row"][0]), first=first
        )
    gone = out["USUBJID"].implode()
    kept = {name: f.filter(~pl.col("USUBJID").is_in(gone)) for name, f in domains.items() if name != "DM"}
    return {"DM": dm.filter(pl.col("_why").is_null()).drop("_why"), **kept}


def _dated(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Add _date (YYYY-MM-DD) from --DTC where it is whole; the scans have their own rule (`sdtm_visits`)."""
    if name in visits.DOMAINS or f"{name}DTC" not in frame.columns:
        return frame
    date = events.plain_date(pl.col(f"{name}DTC"))
    return frame.with_columns(pl.when(date.str.len_chars() == 10).then(date).alias("_date"))


#: Units of AGE (CDISC's codelist AGEU) in years.
_AGE_UNITS = {"YEARS": 1.0, "MONTHS": 1 / 12, "WEEKS": 7 / 365.25, "DAYS": 1 / 365.25, "DECADES": 10.0}


def _age_in_years(dm: pl.DataFrame) -> pl.Expr:
    """Return AGE in years by AGEU; as it stands where no unit is given, null of an unknown one."""
    unit = first_of(dm, "AGEU").cast(pl.String).str.strip_chars().str.to_uppercase()
    years = unit.replace_strict(_AGE_UNITS, default=None, return_dtype=pl.Float64)
    age = first_of(dm, "AGE").cast(pl.String)
    scaled = (age.cast(pl.Float64, strict=False) * years).round(2).cast(pl.String)
    return pl.when(unit.is_null() | (unit == "") | (unit == "YEARS")).then(age).otherwise(scaled)


def _patients(domains: Mapping[str, pl.DataFrame], own: tuple[str, ...], reading: Reading) -> pl.DataFrame:
    """Return the people of DM, with the qualifiers of SUPPDM (`own`) that are no flag of a population under their name."""
    if "DM" not in domains:
        ids = pl.concat([f.select("USUBJID") for f in domains.values()]).unique().sort("USUBJID")
        return ids.select(pl.col("USUBJID").alias("patient_id"))
    dm = events.with_index(domains)
    for what, first in dm.group_by("_index_from").agg(pl.col("USUBJID").min()).sort("_index_from").iter_rows():
        if what in ("RFSTDTC", "RFXSTDTC"):
            continue
        n = dm.filter(pl.col("_index_from").eq_missing(pl.lit(what))).height
        zero = f"day 0 is {what}" if what else "no date at all: no day of theirs is known"
        reading.notes.append(f"{n:,} randomised people have no first treatment (first: {first}); {zero}")
    sex = first_of(dm, "SEX").replace_strict({"F": "female", "M": "male"}, default=None, return_dtype=pl.String)
    return dm.select(
        pl.col("USUBJID").alias("patient_id"),
        sex.alias("sex"),
        _age_in_years(dm).alias("age_years"),
        pl.col("_index").alias("index_date"),
        first_of(dm, "ARM").alias("arm"),
        pl.when("_treated").then(pl.lit("yes")).when(~pl.col("_treated")).then(pl.lit("no")).alias("treated"),
        *(pl.col(c).alias(c.lower()) for c in own if c not in (*USED_QUALIFIERS, *USED["DM"])),
    )
