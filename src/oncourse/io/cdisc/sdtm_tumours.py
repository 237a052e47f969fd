"""SDTM tumour domains (TU, TR, RS): diameters, non-target states, new lesions, responses.

Standard: CDISC SDTM Implementation Guide 3.4, Tumor/Lesion Domains (TU, TR) and Disease Response (RS).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

from oncourse.io.clinical.tables import first_of
from oncourse.io.reading import Reading
from oncourse.study.tables import TABLES

#: Spellings of the non-target states of a lesion (TR.TUMSTATE).
NON_TARGET_STATE = {
    "ABSENT": "CR",
    "PRESENT": "NON-CR/NON-PD",
    "UNEQUIVOCAL": "PD",
    "UNEQUIVOCAL PROGRESSION": "PD",
}
NON_TARGET_WORDS = {"NON-ICR/NON-IUPD": "NON-CR/NON-PD", "ICR": "CR", "IUPD": "PD", "ICPD": "PD"}
NEW_WORDS = {
    "UNEQUIVOCAL": "yes",
    "EQUIVOCAL": "equivocal",
    "Y": "yes",
    "YES": "yes",
    "N": "no",
    "NO": "no",
    "PRESENT": "yes",
    "ABSENT": "no",
    "NONE": "no",
}
SMALL = re.compile(r"TOO SMALL")
#: A target lesion that its state, or words in the place of a diameter, calls gone.
GONE = r"^(ABSENT|DISAPPEARED|RESOLVED|NOT PRESENT|NOT SEEN)"
#: Tests of TR that measure a short axis (a node's), and a diameter of any kind.
SHORT_AXIS = ("LPERP", "SAXIS")
DIAMETERS = ("DIAMETER", "LDIAM", *SHORT_AXIS)


def _evaluator(frame: pl.DataFrame, domain: str) -> pl.Expr:
    who, which = first_of(frame, f"{domain}EVAL"), first_of(frame, f"{domain}EVALID")
    return pl.when(which.is_not_null()).then(who + ": " + which).otherwise(who).str.to_lowercase().alias("evaluator")


def _nodes(tu: pl.DataFrame | None) -> pl.DataFrame:
    if tu is None or not {"TULNKID", "TULOC"} <= set(tu.columns):
        return pl.DataFrame(schema={"USUBJID": pl.String, "TRLNKID": pl.String, "is_node": pl.Boolean})
    known = tu.filter(pl.col("TULOC").is_not_null() & pl.col("TULNKID").is_not_null())
    return known.group_by("USUBJID", pl.col("TULNKID").alias("TRLNKID")).agg(
        pl.col("TULOC").str.to_uppercase().str.contains("LYMPH NODE").any().alias("is_node")
    )


def _identified(tu: pl.DataFrame) -> pl.Expr:
    """What a tumour was identified as: TARGET, NON-TARGET, NEW; null for anything else."""
    word = first_of(tu, "TUSTRESC", "TUORRES").str.to_uppercase()
    return (
        pl.when(word.str.contains(r"\bNEW\b"))
        .then(pl.lit("NEW"))
        .when(word.str.contains(r"^NON[- ]?TARGET"))
        .then(pl.lit("NON-TARGET"))
        .when(word.str.contains(r"^TARGET"))
        .then(pl.lit("TARGET"))
    )


def grouped(tr: pl.DataFrame, tu: pl.DataFrame | None) -> pl.DataFrame:
    """Return TR with _group (TARGET, NON-TARGET, NEW): its TRGRPID, else what TU identified, else the id's letters."""
    own = first_of(tr, "TRGRPID").str.to_uppercase()
    own = (
        pl.when(own.str.contains(r"^NON[- ]?TARGET"))
        .then(pl.lit("NON-TARGET"))
        .otherwise(own.str.extract("(TARGET|NEW)"))
    )
    link = first_of(tr, "TRLNKID").str.to_uppercase()
    by_id = (
        pl.when(link.str.contains(r"^NT"))
        .then(pl.lit("NON-TARGET"))
        .when(link.str.contains(r"^(NEW|N|NL)\d"))
        .then(pl.lit("NEW"))
        .when(link.str.contains(r"^T\d"))
        .then(pl.lit("TARGET"))
    )
    if tu is None or "TULNKID" not in tu.columns or "TRLNKID" not in tr.columns:
        return tr.with_columns(pl.coalesce(own, by_id).alias("_group"))
    named = tu.select("USUBJID", pl.col("TULNKID").alias("TRLNKID"), _identified(tu).alias("_tu")).drop_nulls()
    named = named.unique(["USUBJID", "TRLNKID"], keep="first", maintain_order=True)
    tr = tr.join(named, on=["USUBJID", "TRLNKID"], how="left", maintain_order="left")
    return tr.with_columns(pl.coalesce(own, "_tu", by_id).alias("_group")).drop("_tu")


def targets(tr: pl.DataFrame, tu: pl.DataFrame | None) -> pl.DataFrame:
    """Return the target lesions of TR, one row per subject, visit, lesion and evaluator.

    A lesion of which only short axes are measured is a node, whatever TU says. The state of a lesion (TUMSTATE) tells
    where no diameter of the visit does: absent is 0, too small as it says, present is not measured.
    """
    size, text = (
        first_of(tr, "TRSTRESN", "TRSTRESC", "TRORRES"),
        first_of(tr, "TRSTRESC", "TRORRES").str.to_uppercase(),
    )
    rows = (
        grouped(tr, tu)
        .with_columns(
            _evaluator(tr, "TR"),
            size.cast(pl.Float64, strict=False).alias("_size"),
            text.str.contains(SMALL.pattern).fill_null(False).alias("_small"),
            text.str.contains(GONE).fill_null(False).alias("_gone"),
            first_of(tr, "TRSTRESU", "TRORRESU").str.to_lowercase().alias("_unit"),
            (first_of(tr, "TRSTAT") == "NOT DONE").fill_null(False).alias("_undone"),
        )
        .filter((pl.col("_group") == "TARGET") & pl.col("TRLNKID").is_not_null() & pl.col("_date").is_not_null())
        .filter(pl.col("TRTESTCD").is_in([*DIAMETERS, "TUMSTATE"]))
        .join(_nodes(tu), on=["USUBJID", "TRLNKID"], how="left", maintain_order="left")
    )
    short, long = pl.col("TRTESTCD").is_in(SHORT_AXIS), pl.col("TRTESTCD").is_in(["DIAMETER", "LDIAM"])
    by_axis = (short.any() & ~long.any()).over("USUBJID", "TRLNKID")
    rows = rows.with_columns(pl.col("is_node").fill_null(False) | by_axis)
    rank = (
        pl.when(pl.col("TRTESTCD") == "DIAMETER")
        .then(0)
        .when(pl.when(pl.col("is_node")).then(short).otherwise(pl.col("TRTESTCD") == "LDIAM"))
        .then(1)
        .when(pl.col("TRTESTCD") == "TUMSTATE")
        .then(2)
    )
    rows = rows.with_columns(rank.alias("_rank")).filter(pl.col("_rank").is_not_null())
    keys = ["USUBJID", "_date", "TRLNKID", "evaluator"]
    rows = rows.sort("_rank", "_row").unique(keys, keep="first", maintain_order=True).sort("_row")
    factor = pl.when(pl.col("_unit") == "cm").then(10.0).otherwise(1.0)
    out = rows.select(
        pl.col("USUBJID").alias("patient_id"),
        pl.col("_date").alias("date"),
        pl.col("TRLNKID").alias("lesion_id"),
        pl.when("_gone").then(0.0).otherwise(pl.col("_size") * factor).alias("diameter_mm"),
        "is_node",
        pl.when("_undone")
        .then(pl.lit("not_evaluable"))
        .when("_small")
        .then(pl.lit("too_small"))
        .when((pl.col("_size") == 0) | pl.col("_gone"))
        .then(pl.lit("absent"))
        .when(pl.col("_size").is_null())
        .then(pl.lit("not_evaluable"))
        .otherwise(pl.lit("measured"))
        .alias("status"),
        "evaluator",
    )
    return _one_lesion(out, tu)


def _one_lesion(rows: pl.DataFrame, tu: pl.DataFrame | None) -> pl.DataFrame:
    """Write the parts of a split lesion as the lesion (their diameters summed) and a merged one under its first name.

    RECIST 1.1, 4.3.2: of a lesion that falls apart the parts are added; of lesions that grow together one diameter
    counts. The others of a merger are 0 from then on, so that the sum of diameters holds each lesion once.
    """
    if tu is None or not {"TUTESTCD", "TULNKID"} <= set(tu.columns):
        return rows
    of: dict[tuple[str, str], list[str]] = {}
    known: dict[str, set[str]] = {}
    for who, link, test in tu.select("USUBJID", "TULNKID", "TUTESTCD").drop_nulls().iter_rows():
        if test == "TUMIDENT":
            known.setdefault(who, set()).add(link)
    for who, link, test in tu.select("USUBJID", "TULNKID", "TUTESTCD").drop_nulls().iter_rows():
        mine = known.get(who, set())
        if test == "TUSPLIT" and link not in mine:
            parents = [k for k in mine if re.fullmatch(rf"{re.escape(k)}([._/-]?\w{{1,2}})", link)]
            of[who, link] = [max(parents, key=len)] if parents else [link]
        elif test == "TUMERGE":
            of[who, link] = [p for p in re.split(r"[/,;+&]|-(?=\D)", link) if p in mine] or [link]
    if not of:
        return rows
    pairs = [(w, part, whole, n == 0) for (w, part), wholes in of.items() for n, whole in enumerate(wholes)]
    names = pl.DataFrame(pairs, schema=["patient_id", "lesion_id", "_whole", "_first"], orient="row")
    joined = rows.join(names, on=["patient_id", "lesion_id"], how="left", maintain_order="left")
    rest = pl.col("_first") == pl.lit(False)
    joined = joined.with_columns(
        pl.coalesce("_whole", "lesion_id").alias("lesion_id"),
        pl.when(rest).then(0.0).otherwise("diameter_mm").alias("diameter_mm"),
        pl.when(rest).then(pl.lit("absent")).otherwise("status").alias("status"),
    )
    key = ["patient_id", "date", "lesion_id", "evaluator"]
    order = pl.col("status").replace_strict(_STATUS_ORDER, default=9, return_dtype=pl.Int64)
    worst = pl.col("status").sort_by(order).first()
    return (
        joined.group_by(key, maintain_order=True)
        .agg(
            pl.when(pl.col("diameter_mm").is_null().any())
            .then(None)
            .otherwise(pl.col("diameter_mm").sum())
            .alias("diameter_mm"),
            pl.col("is_node").any(),
            worst,
        )
        .select(rows.columns)
    )


_STATUS_ORDER = {"not_evaluable": 0, "measured": 1, "too_small": 2, "absent": 3}


def assessments(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the assessments of RS with what TR and TU add; new lesions only where one of them says so."""
    keys = ["USUBJID", "_date", "evaluator"]
    parts: list[pl.DataFrame] = []
    if "RS" in domains:
        parts.append(_responses(domains["RS"], keys))
    if "TR" in domains:
        parts += _tumour_states(grouped(domains["TR"], domains.get("TU")), keys)
    if "TU" in domains and "_date" in domains["TU"].columns:
        parts.append(_new_in_tu(domains["TU"], domains.get("RS"), keys))
    every = pl.concat([p.select(keys) for p in parts]).unique()
    for part in parts:
        every = every.join(part, on=keys, how="left", nulls_equal=True)
    for name in ("non_target", "_state", "new_lesions", "_new", "_tu_new", "overall"):
        if name not in every.columns:
            every = every.with_columns(pl.lit(None, pl.String).alias(name))
    told = [pl.col(c) for c in ("new_lesions", "_new", "_tu_new")]
    worst = [pl.any_horizontal((c == word).fill_null(False) for c in told) for word in ("yes", "equivocal", "no")]
    table = every.sort(keys).select(
        pl.col("USUBJID").alias("patient_id"),
        pl.col("_date").alias("date"),
        pl.coalesce("non_target", "_state").alias("non_target"),
        pl.when(worst[0])
        .then(pl.lit("yes"))
        .when(worst[1])
        .then(pl.lit("equivocal"))
        .when(worst[2])
        .then(pl.lit("no"))
        .alias("new_lesions"),
        "overall",
        "evaluator",
    )
    return table.filter(pl.any_horizontal(pl.col("non_target", "new_lesions", "overall").is_not_null()))


#: Tests of RS that are read; others (target response, symptoms, best response) are derived anew, or told.
TESTS_OF_RS = ("OVRLRESP", "NTRGRESP", "NEWLPROG", "NEWLIND", "SYMPTDTR")


def tests_not_read(rs: pl.DataFrame, file: str, reading: Reading) -> None:
    """Say in the ledger which tests of RS are not read, and how many rows."""
    test = first_of(rs, "RSTESTCD").fill_null("none")
    other = by_other_criteria(rs)
    for name, n in rs.filter(other).group_by(pl.col("RSCAT")).len().sort("RSCAT").iter_rows() if other.any() else ():
        why = f"RSCAT {name}: responses by other criteria than RECIST, which the file holds too, are not read"
        reading.ledger.left_out(file, n, why, became="assessments")
    rs = rs.filter(~other)
    others = rs.filter(~test.is_in(TESTS_OF_RS)).group_by(test.alias("test")).len().sort("test")
    for name, n in others.iter_rows():
        reading.ledger.left_out(
            file, n, f"RSTESTCD {name} is not read: responses are derived anew", became="assessments"
        )


_RECIST = r"(?i)(^|[^a-z])RECIST"


def by_other_criteria(rs: pl.DataFrame) -> pl.Series:
    """Return which rows of RS are by other criteria (PCWG3, iRECIST) than RECIST, where a file holds both: an overall
    response of theirs is another statement of the same day. Shape (n,)."""
    if "RSCAT" not in rs.columns:
        return pl.Series([False] * rs.height, dtype=pl.Boolean)
    category = rs["RSCAT"].cast(pl.String)
    of_recist = category.str.contains(_RECIST).fill_null(True)
    of_recist |= category.str.strip_chars() == ""
    named = category.str.contains(_RECIST).fill_null(False)
    return ~of_recist if named.any() else pl.Series([False] * rs.height, dtype=pl.Boolean)


def _responses(rs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    rs = rs.filter(~by_other_criteria(rs))
    word = first_of(rs, "RSSTRESC", "RSORRES")
    upper = word.str.to_uppercase()
    test = pl.col("RSTESTCD")
    rows = rs.with_columns(_evaluator(rs, "RS"), word.alias("_word"), upper.alias("_upper")).filter(
        pl.col("_date").is_not_null()
    )
    if {"RSACPTFL", "RSEVALID"} <= set(rows.columns):
        # SDTM IG: of several independent readers one record is accepted; together they are the committee's reading
        accepted = rows.filter((pl.col("RSACPTFL") == "Y") & pl.col("RSEVALID").is_not_null())
        rows = pl.concat([rows, accepted.with_columns(pl.col("RSEVAL").str.to_lowercase().alias("evaluator"))])
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
    state = first_of(tr, "TRSTRESC", "TRORRES").str.to_uppercase()
    rows = tr.with_columns(_evaluator(tr, "TR"), state.alias("_word")).filter(
        (pl.col("TRTESTCD") == "TUMSTATE") & pl.col("_date").is_not_null()
    )
    order = {"PD": 0, "NE": 1, "NON-CR/NON-PD": 2, "CR": 3}
    response = pl.col("_word").replace_strict(NON_TARGET_STATE, default="NE", return_dtype=pl.String).fill_null("NE")
    non_target = (
        rows.filter(pl.col("_group") == "NON-TARGET")
        .with_columns(response.alias("_state"))
        .sort(pl.col("_state").replace_strict(order, return_dtype=pl.Int64))
        .group_by(keys, maintain_order=True)
        .agg(pl.col("_state").first())
    )
    new = (
        rows.filter(pl.col("_group") == "NEW")
        .with_columns(pl.col("_word").replace_strict(NEW_WORDS, default="yes", return_dtype=pl.String).alias("_new"))
        .sort("_new", descending=True)
        .group_by(keys, maintain_order=True)
        .agg(pl.col("_new").first())
    )
    return [non_target, new]


def _new_in_tu(tu: pl.DataFrame, rs: pl.DataFrame | None, keys: Sequence[str]) -> pl.DataFrame:
    """Lesions identified as new (TU.TUSTRESC = NEW), per visit and evaluator.

    Where TU names no evaluator and RS has one, it is that one's finding.
    """
    equivocal = first_of(tu, "TUSTRESC", "TUORRES").str.to_uppercase().str.contains("EQUIVOCAL") & ~first_of(
        tu, "TUSTRESC", "TUORRES"
    ).str.to_uppercase().str.contains("UNEQUIVOCAL")
    rows = tu.with_columns(_evaluator(tu, "TU"), _identified(tu).alias("_as"), equivocal.alias("_maybe"))
    rows = rows.filter((pl.col("_as") == "NEW") & pl.col("_date").is_not_null())
    if rs is not None:
        readers = rs.select(_evaluator(rs, "RS"))["evaluator"].drop_nulls().unique()
        if len(readers) == 1:
            rows = rows.with_columns(pl.col("evaluator").fill_null(readers[0]))
    return rows.group_by(keys).agg(
        pl.when(pl.col("_maybe").all()).then(pl.lit("equivocal")).otherwise(pl.lit("yes")).alias("_tu_new")
    )
