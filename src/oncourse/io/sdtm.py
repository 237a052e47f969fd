"""CDISC SDTM (oncology): DM, EX, LB, TU, TR and RS domains -> patients, treatments, labs, lesions, assessments.

Standard: CDISC SDTM Implementation Guide 3.4, Tumor/Lesion Domains (TU, TR) and Disease Response (RS).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig
from oncourse.study.schema import LISTED_PER_KIND, NULL_TEXTS, Problem
from oncourse.study.tables import TABLES

DOMAINS = ("DM", "EX", "LB", "TU", "TR", "RS")
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".xpt")
#: Spellings of the non-target states of a lesion (TR.TUMSTATE).
NON_TARGET_STATE = {
    "ABSENT": "CR",
    "PRESENT": "NON-CR/NON-PD",
    "UNEQUIVOCAL": "PD",
    "UNEQUIVOCAL PROGRESSION": "PD",
}
NON_TARGET_WORDS = {"NON-ICR/NON-IUPD": "NON-CR/NON-PD", "ICR": "CR", "IUPD": "PD", "ICPD": "PD"}
NEW_WORDS = {"UNEQUIVOCAL": "yes", "EQUIVOCAL": "equivocal", "Y": "yes", "N": "no"}
SMALL = re.compile(r"TOO SMALL")


def find_domains(path: Path) -> dict[str, Path]:
    """Return domain -> file of an SDTM folder, by file name (tr.csv, tr_onco.csv.gz, TR.xpt).

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
        if domain in DOMAINS:
            found.setdefault(domain, []).append(file)
    twice = [f"{d}: {', '.join(f.name for f in files)}" for d, files in found.items() if len(files) > 1]
    if twice:
        raise InputError([f"two files of one SDTM domain ({t}). Keep one, or name the files." for t in twice])
    if not found:
        raise InputError(
            f"{path}: holds no SDTM domain (looked for {', '.join(DOMAINS)} as csv, tsv or xpt)."
        )
    return {domain: files[0] for domain, files in found.items()}


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
    A Reading with dates as ``*_date`` columns (they become days from patients.index_date = RFSTDTC on validation).
    Diameters: DIAMETER where given, else the short axis (LPERP) of lymph nodes and the longest diameter (LDIAM) of
    other lesions. A partial date takes the full date of the same subject and visit, else the first day of its month,
    which is listed as a warning. ``samples`` and ``calls`` are empty: SDTM holds no sequencing.
    """
    files = find_domains(source) if isinstance(source, Path) else {k.upper(): v for k, v in source.items()}
    domains = {name: _read(path) for name, path in files.items()}
    for name, frame in domains.items():
        if "USUBJID" not in frame.columns:
            raise InputError(f"{files[name].name}: has no column USUBJID; is it an SDTM {name} domain?")
    problems: list[Problem] = []
    visits = _visit_dates(domains)
    domains = {name: _dated(name, frame, visits, problems) for name, frame in domains.items()}
    tables: dict[str, pl.DataFrame] = {}
    notes: list[str] = []
    tables["patients"] = _patients(domains)
    if "DM" in domains:
        tables["follow_up"] = _follow_up(domains)
    if "EX" in domains:
        tables["treatments"] = _treatments(domains["EX"])
    if "LB" in domains:
        tables["labs"] = _labs(domains["LB"])
    if "TR" in domains:
        tables["target_lesions"] = _targets(domains["TR"], domains.get("TU"))
    if "RS" in domains or "TR" in domains:
        tables["assessments"] = _assessments(domains)
    for name in ("samples", "calls"):
        tables[name] = TABLES[name].empty()
    notes.append("SDTM holds no sequencing: samples and calls are empty.")
    sources = {
        "follow_up": "DM",
        "treatments": "EX",
        "labs": "LB",
        "target_lesions": "TR",
        "assessments": "RS",
    }
    named = {table: files[d].name for table, d in sources.items() if d in files and table in tables}
    config = StudyConfig(title=title or "SDTM study", index="RFSTDTC, first day of study treatment")
    return Reading(tables, config, notes=notes, problems=problems, sources=named)


def _read(path: Path) -> pl.DataFrame:
    if path.name.lower().endswith(".xpt"):
        from oncourse.io.xport import read_xport

        frame = read_xport(path)
    else:
        separator = "," if ".csv" in path.name.lower() else "\t"
        frame = pl.read_csv(path, separator=separator, infer_schema_length=0, encoding="utf8-lossy")
    frame = frame.rename({c: c.strip().upper() for c in frame.columns})
    nulls = [t for t in NULL_TEXTS if t not in ("nan", "NaN")]
    text = pl.all().cast(pl.String).str.strip_chars()
    cleaned = frame.select(text)
    return cleaned.with_columns(
        pl.when(pl.all().is_in(nulls)).then(None).otherwise(pl.all()).name.keep()
    ).with_row_index("_row", 2)  # fmt: skip


def _col(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """The first of these columns that has a value; null where none is there."""
    there = [pl.col(n) for n in names if n in frame.columns]
    return pl.coalesce(there) if there else pl.lit(None, pl.String)


def _visit_dates(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Full dates per subject and visit over the tumour domains: what a partial date of the visit stands for."""
    parts = [
        frame.select("USUBJID", "VISIT", pl.col(f"{name}DTC").str.slice(0, 10).alias("_full"))
        for name, frame in domains.items()
        if name in ("TU", "TR", "RS") and {"VISIT", f"{name}DTC"} <= set(frame.columns)
    ]
    if not parts:
        return pl.DataFrame(schema={"USUBJID": pl.String, "VISIT": pl.String, "_full": pl.String})
    full = pl.concat(parts).filter(pl.col("_full").str.len_chars() == 10)
    return full.group_by("USUBJID", "VISIT").agg(pl.col("_full").min())


def _dated(name: str, frame: pl.DataFrame, visits: pl.DataFrame, problems: list[Problem]) -> pl.DataFrame:
    """Add _date (YYYY-MM-DD) from --DTC; partial dates are completed and listed."""
    column = f"{name}DTC"
    if column not in frame.columns:
        return frame
    frame = frame.with_columns(pl.col(column).str.slice(0, 10).alias("_date"))
    partial = pl.col("_date").str.len_chars() < 10
    if not frame.select(partial.fill_null(False).any()).item():
        return frame
    if "VISIT" in frame.columns:
        frame = frame.join(visits, on=["USUBJID", "VISIT"], how="left", maintain_order="left")
    else:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("_full"))
    same_month = pl.col("_full").str.starts_with(pl.col("_date"))
    frame = frame.with_columns(
        pl.when(partial & same_month).then("_full")
        .when(partial & (pl.col("_date").str.len_chars() == 7)).then(pl.col("_date") + "-01")
        .when(partial).then(None)
        .otherwise("_date").alias("_date"),
        (partial & ~same_month.fill_null(False)).alias("_guess"),
    )  # fmt: skip
    guessed = frame.filter("_guess").select("_row", "USUBJID", column, "_date")
    if guessed.height > LISTED_PER_KIND:
        more = f"and {guessed.height - LISTED_PER_KIND} more rows with the same problem."
        problems.append(Problem(name, None, column, None, more, "", "warning"))
    for row, who, text, used in guessed.head(LISTED_PER_KIND).iter_rows():
        what = f"taken as {used}" if used else "not used"
        problems.append(
            Problem(name, row, column, text, f"'{text}' is not a full date: {what}.",
                    "Give the day; a response is dated to it.", "warning", who)
        )  # fmt: skip
    return frame.drop("_guess", "_full")


def _patients(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    if "DM" not in domains:
        ids = pl.concat([f.select("USUBJID") for f in domains.values()]).unique().sort("USUBJID")
        return ids.select(pl.col("USUBJID").alias("patient_id"))
    dm = domains["DM"]
    sex = _col(dm, "SEX").replace_strict({"F": "female", "M": "male"}, default=None, return_dtype=pl.String)
    return dm.select(
        pl.col("USUBJID").alias("patient_id"), sex.alias("sex"), _col(dm, "AGE").alias("age_years"),
        _col(dm, "RFSTDTC", "RFXSTDTC").str.slice(0, 10).alias("index_date"), _col(dm, "ARM").alias("arm"),
    ).filter(pl.col("index_date").is_not_null())  # fmt: skip


def _follow_up(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    dm = domains["DM"]
    seen = [f.select("USUBJID", "_date") for f in domains.values() if "_date" in f.columns]
    seen += [
        dm.select("USUBJID", _col(dm, c).str.slice(0, 10).alias("_date"))
        for c in ("RFPENDTC", "RFENDTC", "DTHDTC", "RFSTDTC")
    ]
    last = (
        pl.concat(seen)
        .filter(pl.col("_date").str.len_chars() == 10)
        .group_by("USUBJID")
        .agg(pl.col("_date").max())
    )
    death = _col(dm, "DTHDTC").str.slice(0, 10)
    return (
        dm.filter(_col(dm, "RFSTDTC", "RFXSTDTC").is_not_null())
        .select(
            "USUBJID", (_col(dm, "DTHFL") == "Y").fill_null(False).alias("is_dead"), death.alias("death_date")
        )
        .join(last, on="USUBJID", how="left", maintain_order="left")
        .select(
            pl.col("USUBJID").alias("patient_id"),
            pl.coalesce("death_date", "_date").alias("last_contact_date"),
            pl.col("is_dead"),
            pl.when("is_dead").then("death_date").alias("death_date"),
        )
    )


def _treatments(ex: pl.DataFrame) -> pl.DataFrame:
    rows = ex.select(
        pl.col("USUBJID").alias("patient_id"), _col(ex, "EXTRT").str.to_lowercase().alias("drugs"),
        _col(ex, "EXSTDTC").str.slice(0, 10).alias("start_date"), _col(ex, "EXENDTC").str.slice(0, 10).alias("stop_date"),
    )  # fmt: skip
    return (
        rows.filter(pl.col("start_date").str.len_chars() == 10)
        .group_by("patient_id", "drugs")
        .agg(pl.col("start_date").min(), pl.col("stop_date").max())
        .sort("patient_id", "start_date", "drugs")
    )


def _labs(lb: pl.DataFrame) -> pl.DataFrame:
    return lb.select(
        pl.col("USUBJID").alias("patient_id"), pl.col("_date").alias("date"), _col(lb, "LBTESTCD").alias("analyte"),
        _col(lb, "LBSTRESC", "LBORRES").alias("value"), _col(lb, "LBSTRESU", "LBORRESU").alias("unit"),
    ).filter(pl.col("date").is_not_null() & pl.col("value").is_not_null())  # fmt: skip


def _evaluator(frame: pl.DataFrame, domain: str) -> pl.Expr:
    who, which = _col(frame, f"{domain}EVAL"), _col(frame, f"{domain}EVALID")
    return (
        pl.when(which.is_not_null())
        .then(who + ": " + which)
        .otherwise(who)
        .str.to_lowercase()
        .alias("evaluator")
    )


def _nodes(tu: pl.DataFrame | None) -> pl.DataFrame:
    if tu is None or not {"TULNKID", "TULOC"} <= set(tu.columns):
        return pl.DataFrame(schema={"USUBJID": pl.String, "TRLNKID": pl.String, "is_node": pl.Boolean})
    known = tu.filter(pl.col("TULOC").is_not_null() & pl.col("TULNKID").is_not_null())
    return known.group_by("USUBJID", pl.col("TULNKID").alias("TRLNKID")).agg(
        pl.col("TULOC").str.to_uppercase().str.contains("LYMPH NODE").any().alias("is_node")
    )


def _targets(tr: pl.DataFrame, tu: pl.DataFrame | None) -> pl.DataFrame:
    size, text = (
        _col(tr, "TRSTRESN", "TRSTRESC", "TRORRES"),
        _col(tr, "TRSTRESC", "TRORRES").str.to_uppercase(),
    )
    rows = (
        tr.with_columns(_evaluator(tr, "TR"), size.cast(pl.Float64, strict=False).alias("_size"),
                        text.str.contains(SMALL.pattern).fill_null(False).alias("_small"),
                        _col(tr, "TRSTRESU", "TRORRESU").str.to_lowercase().alias("_unit"),
                        (_col(tr, "TRSTAT") == "NOT DONE").fill_null(False).alias("_undone"))
        .filter((_col(tr, "TRGRPID") == "TARGET") & pl.col("TRLNKID").is_not_null() & pl.col("_date").is_not_null())
        .filter(pl.col("TRTESTCD").is_in(["DIAMETER", "LDIAM", "LPERP"]))
        .join(_nodes(tu), on=["USUBJID", "TRLNKID"], how="left", maintain_order="left")
        .with_columns(pl.col("is_node").fill_null(False))
    )  # fmt: skip
    wanted = pl.when(pl.col("is_node")).then(pl.lit("LPERP")).otherwise(pl.lit("LDIAM"))
    rank = pl.when(pl.col("TRTESTCD") == "DIAMETER").then(0).when(pl.col("TRTESTCD") == wanted).then(1)
    rows = rows.with_columns(rank.alias("_rank")).filter(pl.col("_rank").is_not_null())
    keys = ["USUBJID", "_date", "TRLNKID", "evaluator"]
    rows = rows.sort("_rank", "_row").unique(keys, keep="first", maintain_order=True).sort("_row")
    factor = pl.when(pl.col("_unit") == "cm").then(10.0).otherwise(1.0)
    return rows.select(
        pl.col("USUBJID").alias("patient_id"),
        pl.col("_date").alias("date"),
        pl.col("TRLNKID").alias("lesion_id"),
        (pl.col("_size") * factor).alias("diameter_mm"),
        "is_node",
        pl.when("_undone").then(pl.lit("not_evaluable")).when("_small").then(pl.lit("too_small"))
        .when(pl.col("_size") == 0).then(pl.lit("absent")).when(pl.col("_size").is_null())
        .then(pl.lit("not_evaluable")).otherwise(pl.lit("measured")).alias("status"),
        "evaluator",
    )  # fmt: skip


def _assessments(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    keys = ["USUBJID", "_date", "evaluator"]
    parts: list[pl.DataFrame] = []
    if "RS" in domains:
        parts.append(_responses(domains["RS"], keys))
    if "TR" in domains:
        parts += _tumour_states(domains["TR"], keys)
    every = pl.concat([p.select(keys) for p in parts]).unique()
    for part in parts:
        every = every.join(part, on=keys, how="left", nulls_equal=True)
    for name in ("non_target", "_state", "new_lesions", "_new", "overall"):
        if name not in every.columns:
            every = every.with_columns(pl.lit(None, pl.String).alias(name))
    return every.sort(keys).select(
        pl.col("USUBJID").alias("patient_id"),
        pl.col("_date").alias("date"),
        pl.coalesce("non_target", "_state").alias("non_target"),
        pl.coalesce("new_lesions", "_new", pl.when(pl.col("overall").is_not_null()).then(pl.lit("no"))).alias(
            "new_lesions"
        ),
        "overall",
        "evaluator",
    )


def _responses(rs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    word = _col(rs, "RSSTRESC", "RSORRES")
    upper = word.str.to_uppercase()
    test = pl.col("RSTESTCD")
    rows = rs.with_columns(_evaluator(rs, "RS"), word.alias("_word"), upper.alias("_upper")).filter(
        pl.col("_date").is_not_null()
    )
    non_target = pl.col("_upper").replace(NON_TARGET_WORDS)
    new = pl.col("_upper").replace_strict(NEW_WORDS, default=None, return_dtype=pl.String)
    allowed = TABLES["assessments"].by_name["non_target"].choices
    return rows.group_by(keys).agg(
        pl.col("_word").filter(test == "OVRLRESP").first().alias("overall"),
        non_target.filter((test == "NTRGRESP") & non_target.is_in(allowed)).first().alias("non_target"),
        new.filter(test.is_in(["NEWLPROG", "NEWLIND"])).sort(descending=True).first().alias("new_lesions"),
    )


def _tumour_states(tr: pl.DataFrame, keys: Sequence[str]) -> list[pl.DataFrame]:
    """Non-target response and new lesions from the states of single lesions (TR), where RS does not say."""
    state = _col(tr, "TRSTRESC", "TRORRES").str.to_uppercase()
    rows = tr.with_columns(_evaluator(tr, "TR"), state.alias("_word")).filter(
        (pl.col("TRTESTCD") == "TUMSTATE") & pl.col("_date").is_not_null()
    )
    order = {"PD": 0, "NE": 1, "NON-CR/NON-PD": 2, "CR": 3}
    response = (
        pl.col("_word").replace_strict(NON_TARGET_STATE, default="NE", return_dtype=pl.String).fill_null("NE")
    )
    non_target = (
        rows.filter(pl.col("TRGRPID") == "NON-TARGET")
        .with_columns(response.alias("_state"))
        .sort(pl.col("_state").replace_strict(order, return_dtype=pl.Int64))
        .group_by(keys, maintain_order=True)
        .agg(pl.col("_state").first())
    )
    new = (
        rows.filter(pl.col("TRGRPID") == "NEW")
        .with_columns(
            pl.col("_word").replace_strict(NEW_WORDS, default="yes", return_dtype=pl.String).alias("_new")
        )
        .sort("_new", descending=True)
        .group_by(keys, maintain_order=True)
        .agg(pl.col("_new").first())
    )
    return [non_target, new]
