"""What a row of any file says: called or looked at, somatic or germline. One rule for all formats.

A row is a call unless the file says otherwise. In this order: its status (``UNCALLED``, ``Wildtype`` ...), its FILTER,
its genotype, a list of sites that was counted whatever was seen (forced counts: the assay's thresholds decide). A
count of 0 beside a call is a contradiction: the call stays, the counts are not believed, and it is told.

The origin is what the file's status says; else germline where the normal's own reads show the variant, or, without
a normal, where the variant is common in the population; of the blood (chip) where the normal shows it as much as the
tumour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl

from oncourse.facts.report_words import finding
from oncourse.genome.variant import kind, once
from oncourse.io.normal_reads import NORMAL_DEPTH, NORMAL_VAF, in_blood, inherited, tell_blood
from oncourse.study.frames import with_optional
from oncourse.study.schema import Problem
from oncourse.study.tables import NORMALS
from oncourse.study.words import meaning, words_for

#: FILTER words that fail nothing, by the caller that writes them; every other word fails the row (VCF 4.3, 1.6.1).
PASSING: dict[str, tuple[str, ...]] = {
    "VCF": ("pass", ".", "", "0"),  # 0: VCF 3.3 and before
    # MuSE 1.0: tiers of the sample-specific error model, Tier5 is the least certain and left to the user
    "MuSE": ("tier1", "tier2", "tier3", "tier4"),
    # MC3 (Ellrott 2018, Cell Syst 6:271): how the DNA was made, which pair was taken: not a fault
    "MC3": ("wga", "native_wga_mix", "gapfiller", "nonpreferredpair"),
    # GDC: outside the exons, which is a place and no fault
    "GDC": ("nonexonic",),
    # vcf2maf: gnomAD allele count above its cut-off; the origin, not the call, is in doubt
    "vcf2maf": ("common_variant",),
    "other words for a pass": (
        "-",
        "--",
        "/",
        "passed",
        "ok",
        "true",
        "yes",
        "keep",
        "somatic",
        "na",
        "none",
        "null",
        "[not available]",
        "通过",
        "合格",
        "无",
    ),
}
#: Mutation_Status, VarDict's STATUS, Strelka's and VarScan's flags -> origin.
ORIGINS: dict[str, str] = {
    "somatic": "somatic",
    "strongsomatic": "somatic",
    "likelysomatic": "somatic",
    "somatic_vcf": "somatic",
    "samplespecific": "somatic",
    "post-transcriptional": "somatic",
    "germline": "germline",
    "germ line": "germline",
    "germ-line": "germline",
    "g": "germline",
    "s": "somatic",
    "loh": "germline",
    "strongloh": "germline",
    "likelyloh": "germline",
    "germline_vcf": "germline",
    # DRAGEN's GermlineStatus of tumour-only calls: in a population database, or near variants that are
    "germline_db": "germline",
    "germline_proxi": "germline",
    # SS of VarScan, SomaticSniper, MuTect and MuSE
    "ss1": "germline",
    "ss2": "somatic",
    "ss3": "germline",
    "chip": "chip",
    "clonal hematopoiesis": "chip",
    "clonal haematopoiesis": "chip",
    "ch": "chip",
}
#: Words that may stand beside an origin: ``likely germline``, ``germline_het``, ``somatic mutation``.
_BESIDE_ORIGIN = re.compile(
    r"(?:(?:likely|probabl[ey]|predicted|presumed|putative|confirmed|verified|validated)[ _-]*)?(somatic|germline)"
    r"(?:[ _;,/-]*(?:hets?|homs?|heterozygous|homozygous|variants?|mutations?|snvs?|snps?|indels?|confirmed|verified|"
    r"validated|calls?|loh))*"
)
#: Words of clonal haematopoiesis beside others, and words that deny it.
_OF_BLOOD = re.compile(
    r"(?<![a-z])chi?p?(?![a-z])|clonal ha?ematopoies\w*|hematopoietic|克隆性?造血|"
    r"(?:wbc|white (?:blood )?cells?)[- ]?(?:matched|positive|origin)"
)
_NOT_OF_BLOOD = re.compile(r"\b(?:not?|non|exclud\w*|without|unlikely|negative)\b|非|排除|除外|[?？]")
#: Words of a status column that say nothing.
NO_STATUS = (
    "",
    ".",
    "-",
    "na",
    "n/a",
    "unknown",
    "pass",
    "called",
    "yes",
    "true",
    "nan",
    "[not available]",
    "[unknown]",
    "ss4",
    "ss5",
    "complex",
    "afdiff",  # VarDict: in both at other shares; the normal's reads say which
    "samelocus",
    "variant of unknown origin",
    "unverified",
    "untested",
    "null",
)
#: From so many variants seen in the normal alone on, a file is refused; one or two may be loss of an allele in the
#: tumour.
EXCHANGED_ROWS = 3
#: Status of a site that was looked at and not called (VarDict's Deletion: the allele is the normal's, lost here).
NOT_CALLED = (
    "uncalled",
    "not called",
    "not_called",
    "notcalled",
    "wildtype",
    "wild type",
    "wt",
    "none",
    "reference",
    "absent",
    "deletion",
    "likelydeletion",
    "ss0",
    "redacted",
    "artifact",
    "artefact",
    "filteredinall",
    "false positive",
    "false_positive",
    "falsepositive",
)
#: Validation_Status of a mutation that a second method did not find (TCGA's MAF: Wildtype, Invalid).
NOT_VALIDATED = ("wildtype", "invalid", "false positive", "not validated")
#: FILTER words by which the caller calls the variant germline.
GERMLINE_FILTERS = ("germline", "germline_risk", "germline_event", "germline_variant")
#: FILTER words that say no more than that the normal has the variant, too.
_NO_MORE_THAN_INHERITED = (*GERMLINE_FILTERS, "alt_allele_in_normal", "normal_support", "normal_evidence", "in_normal")
#: Above this share of rows without one variant read, sites seen in several samples are taken as forced counts.
GENOTYPED_SHARE = 0.05
#: Without a normal a variant this common in the population is taken as germline (PCGR's default for tumour-only
#: calls: Nakken 2018, Bioinformatics 34:1778).
POPULATION_AF = 0.002


@dataclass
class Decided:
    """The frame with ``is_called`` and ``origin``, and what must be told."""

    frame: pl.DataFrame
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def passes(column: str = "filter") -> pl.Expr:
    """Return whether every word of a FILTER is one that fails nothing (`PASSING`); null: nothing was filtered.

    >>> pl.DataFrame({"filter": ["PASS", "Tier3", "wga;oxog", "v3;pSTD", None]}).select(passes())["filter"].to_list()
    [True, True, False, False, True]
    """
    known = [w for words in PASSING.values() for w in words]
    words = pl.col(column).str.strip_chars().str.to_lowercase().str.replace_all(r"[|,\s]+", ";").str.split(";")
    return words.list.eval(pl.element().is_in(known)).list.all().fill_null(True)


def fails(words: str | None) -> bool:
    """Whether a FILTER fails its row, as `passes` says.

    >>> fails("LowVAF;StrandBias"), fails("PASS;oxog"), fails("PASS"), fails(None)
    (True, True, False, False)
    """
    known = {w for passing in PASSING.values() for w in passing}
    return words is not None and any(w not in known for w in re.split(r"[|,;\s]+", words.strip().lower()))


def of_blood(word: str) -> bool:
    """Whether a word of origin says clonal haematopoiesis, whatever stands beside it.

    >>> [of_blood(w) for w in ("CH (WBC-matched)", "CHIP-related", "克隆性造血", "non-CHIP", "possible CH?", "somatic")]
    [True, True, True, False, False, False]
    """
    low = word.strip().lower()
    return bool(_OF_BLOOD.search(low)) and not _NOT_OF_BLOOD.search(low)


def not_a_call(status: str | None) -> bool:
    """Whether a word of a status says that its row is no call (`NOT_CALLED`, or what a laboratory writes for it).

    >>> [not_a_call(w) for w in ("Artifact", "Below LOD", "not detected", "somatic", "LikelySomatic", None)]
    [True, True, True, False, False, False]
    """
    word = (status or "").strip().lower()
    if word in (*ORIGINS, *NO_STATUS) or _BESIDE_ORIGIN.fullmatch(word) or meaning("origin", word):
        return False
    return word in NOT_CALLED or finding(word).state in ("absent", "doubt")


def decide(
    frame: pl.DataFrame, name: str, *, called: str = "auto", has_normal: bool | None = None, listed: bool = False
) -> Decided:
    """Decide for each row whether it is a call and where the variant comes from.

    Parameters
    ----------
    frame : sample_id, variant_id, ref, alt, alt_count, depth (null = not counted) and, where the format has them,
        ``filter``, ``status``, ``validation`` (in any case), ``carried`` (whether the genotype holds the allele),
        ``joint`` (whether the record lists the site for several samples, or has a genotype of dots), ``normal_alt``,
        ``normal_depth``, ``population_af``
    name : the file, for messages
    called : "yes" - every row is a call; "no" - none is, all were looked at; "counts" - the assay's thresholds judge
        the reads; "auto" - the rule of this module
    listed : the table lists calls by its own definition (cBioPortal's mutation table, whose FILTER the portal does not
        read): a FILTER word is kept and undoes no call
    has_normal : whether the calls were made against a normal; null: as ``normal_depth`` says
    """
    out = Decided(
        with_optional(
            frame,
            {
                "filter": pl.String,
                "status": pl.String,
                "carried": pl.Boolean,
                "joint": pl.Boolean,
                "normal_alt": pl.Int64,
                "normal_depth": pl.Int64,
                "normal_share": pl.Float64,
                "population_af": pl.Float64,
                "validation": pl.String,
            },
        )
    )
    out.frame = out.frame.with_columns(
        _each_word("filter", passes("filter"), out.frame).alias("_pass"), _status(out.frame).alias("_status")
    )
    if listed:
        _listed(out, name)
    _tell_unknown_status(out, name)
    _tell_exchanged(out, name)
    _pass_inherited(out)
    _called(out, name, called)
    _origin(out, name, has_normal)
    return Decided(out.frame.drop("_pass", "_status", "validation", "normal_share"), out.notes, out.problems)


def _listed(out: Decided, name: str) -> None:
    n = int((~out.frame["_pass"]).sum())
    if n:
        out.notes.append(
            f"{name}: {n:,} rows bear a FILTER word and stay calls: the portal's mutation table lists calls"
        )
        out.frame = out.frame.with_columns(pl.lit(True).alias("_pass"))
    out.frame = out.frame.with_columns(pl.lit(None, pl.String).alias("validation"))


def _each_word(column: str, expression: pl.Expr, frame: pl.DataFrame, *, null: bool = True) -> pl.Series:
    """Return `expression` (true or false) of a text column, worked out once per distinct text; `null` of no text."""
    distinct = frame.select(column).unique().drop_nulls()
    values = distinct.select(expression.alias("x"))["x"]
    return frame[column].replace_strict(distinct[column], values, default=null, return_dtype=pl.Boolean)


def _status(frame: pl.DataFrame) -> pl.Series:
    low = once(frame["status"], pl.col("x").str.strip_chars().str.to_lowercase())
    distinct = low.unique().drop_nulls()
    # a word of another language in ours (体细胞, 胚系), or one of them with words beside it
    ours = {w: m for w in distinct if w not in ORIGINS and (m := meaning("origin", w)) in ("somatic", "germline")}
    ours |= {w: found.group(1) for w in distinct if w not in ORIGINS and (found := _BESIDE_ORIGIN.fullmatch(w))}
    ours |= {w: "chip" for w in distinct if w not in (*ORIGINS, *ours) and of_blood(w)}
    ours |= {w: "uncalled" for w in distinct if w not in (*ours, *NOT_CALLED) and not_a_call(w)}
    return low.replace(ours).rename("_status")


def _tell_unknown_status(out: Decided, name: str) -> None:
    """Name the words of a status column that say neither an origin nor whether a row is a call."""
    silent = {*ORIGINS, *NOT_CALLED, *NO_STATUS, *words_for("origin", "unknown")}
    words = out.frame["_status"].drop_nulls().value_counts().sort(["count", "_status"], descending=[True, False])
    odd = words.filter(~pl.col("_status").is_in(sorted(silent)))
    if odd.height:
        shown = ", ".join(f"'{w}' {n:,}" for w, n in odd.head(5).iter_rows())
        shown += f" and {odd.height - 5} further words" if odd.height > 5 else ""
        message = f"words of the status are not understood ({shown}): these rows stay calls of unknown origin."
        cure = "Write Somatic or Germline; UNCALLED for a site that was only looked at."
        out.problems.append(Problem(name, None, "status", odd["_status"][0], message, cure, "warning"))


def _tell_exchanged(out: Decided, name: str) -> None:
    """Refuse a file whose passing rows are in the normal and not in the tumour: the two columns are exchanged."""
    read = pl.col("_pass") & pl.col("normal_depth").is_not_null() & pl.col("alt_count").is_not_null()
    inverse = (
        (pl.col("alt_count") == 0)
        & (pl.col("depth") >= NORMAL_DEPTH)
        & (pl.col("normal_alt") >= 3)
        & (pl.col("normal_alt") >= 0.05 * pl.col("normal_depth"))
    )
    n, rows = out.frame.select((read & inverse.fill_null(False)).sum().alias("n"), read.sum().alias("rows")).row(0)
    if 2 * n < max(rows, 1):
        return
    message = (
        f"{n:,} of {rows:,} variants that pass have reads in the normal and none in the tumour: are the two exchanged?"
    )
    cure = "Say which column is the tumour's in a manifest (--files: path, column, sample_id, patient_id, role)."
    severity = "error" if n >= EXCHANGED_ROWS else "warning"
    out.problems.append(Problem(name, None, "normal", None, message, cure, severity))


def _said_inherited_alone(filters: pl.Series) -> list[str]:
    """Return the texts of a FILTER that say no more than that the normal has the variant, too."""
    held = filters.drop_nulls().unique().sort()
    words = held.str.strip_chars().str.to_lowercase().str.replace_all(r"[|,\s]+", ";").str.split(";")
    return held.filter(words.list.eval(pl.element().is_in(_NO_MORE_THAN_INHERITED)).list.all()).to_list()


def _pass_inherited(out: Decided) -> None:
    """Let pass what is set aside for being inherited alone and what the normal's own reads show (`inherited`).

    A caller of somatic mutations says "germline" of what is no mutation of the tumour, and doubts nothing of it: BRCA2
    c.5946delT in 48 of 100 reads of the normal is a call of germline origin.
    """
    if told := _said_inherited_alone(out.frame.filter(~pl.col("_pass"))["filter"]):
        born = pl.col("filter").is_in(told) & pl.lit(inherited(out.frame))
        out.frame = out.frame.with_columns((pl.col("_pass") | born.fill_null(False)).alias("_pass"))


def _called(out: Decided, name: str, called: str) -> None:
    frame = out.frame
    if called in ("yes", "no"):
        out.frame = frame.with_columns(pl.lit(called == "yes").alias("is_called"))
        if called == "yes":
            _contradictions(out, name, pl.lit(True))
        return
    said_no = pl.col("_status").is_in(NOT_CALLED).fill_null(False)
    not_seen = pl.col("validation").str.strip_chars().str.to_lowercase().is_in(NOT_VALIDATED).fill_null(False)
    held = said_no | not_seen | ~pl.col("_pass") | ~pl.col("carried").fill_null(True)
    looked = (pl.col("alt_count") == 0).fill_null(False) & pl.col("joint").fill_null(False)
    frame = frame.with_columns(pl.when(held | looked).then(False).otherwise(True).alias("is_called"))
    if called == "counts":
        by_counts = pl.when(pl.col("is_called") | looked).then(pl.lit(None, pl.Boolean)).otherwise(False)
        out.frame = frame.with_columns(by_counts.alias("is_called"))
        return
    out.frame = frame
    _tell_held(out, name, said_no, not_seen)
    forced = _forced_kinds(out, name)
    if forced:
        is_forced = kind().is_in(forced) & pl.col("is_called")
        out.frame = out.frame.with_columns(
            pl.when(is_forced).then(pl.lit(None, pl.Boolean)).otherwise("is_called").alias("is_called")
        )
    _contradictions(out, name, pl.col("is_called").fill_null(False))


def _tell_held(out: Decided, name: str, said_no: pl.Expr, not_seen: pl.Expr) -> None:
    """Note how many rows the file itself does not call, and by which word."""
    kinds = (
        ("status", said_no, "status"),
        ("FILTER", ~pl.col("_pass") & ~said_no, "filter"),
        ("validation", not_seen & pl.col("_pass") & ~said_no, "validation"),
    )
    there = out.frame.select(mask.any().alias(what) for what, mask, _ in kinds).row(0, named=True)
    for what, mask, column in kinds:
        if not there[what]:
            continue
        words = out.frame.filter(mask)[column].value_counts().sort(["count", column], descending=[True, False])
        if words.height:
            shown = ", ".join(f"{w} {n:,}" for w, n in words.head(5).iter_rows())
            more = f" and {words.height - 5} further words" if words.height > 5 else ""
            out.notes.append(
                f"{name}: {words['count'].sum():,} rows looked at and not called by their {what} ({shown}{more})"
            )


def _forced_kinds(out: Decided, name: str) -> list[str]:
    """Return the kinds of variant that the file lists whatever was seen.

    Rows without a variant read are such sites where most of them are listed for several samples, or where most single
    base changes have reads at the site and none of the variant. A kind whose rows are simply all 0 (callers that do not
    count indels; SU2C/PCF 2019) is not.
    """
    if not (out.frame["is_called"] & (out.frame["alt_count"] == 0)).any():
        return []
    columns = ("sample_id", "variant_id", "alt_count", "depth", "is_called")
    counted = out.frame.select(*columns, kind().alias("kind"))
    counted = counted.filter(pl.col("is_called") & pl.col("alt_count").is_not_null())
    covered = (pl.col("depth") > 0).fill_null(False)
    sites = counted.group_by("variant_id").agg(pl.col("sample_id").n_unique().alias("_n"))
    zero = pl.col("alt_count") == 0
    found = (
        counted.join(sites, on="variant_id", how="left")
        .group_by("kind")
        .agg(
            n=pl.len(),
            share=zero.mean(),
            several=(pl.col("_n") > 1).filter(zero).mean(),
            listed=(zero & covered).mean(),
        )
        .sort("kind")
    )
    is_list = pl.col("listed").filter(pl.col("kind") == "SNV").first() > 0.5
    forced = (pl.col("share") > GENOTYPED_SHARE) & ((pl.col("several") > 0.5) | is_list.fill_null(False))
    any_seen = bool((counted["alt_count"] > 0).any())
    found = found.filter(forced & ((pl.col("several") > 0.5) | pl.lit(any_seen)))
    for k, n, share in found.select("kind", "n", "share").iter_rows():
        out.notes.append(
            f"{name}: {share:.0%} of the {n:,} rows of kind {k} show no variant read: taken as forced counts (sites "
            f"that "
            "were looked at); a row is called by the assay's min_alt_count and min_vaf"
        )
    return found["kind"].to_list()


def _contradictions(out: Decided, name: str, is_call: pl.Expr) -> None:
    """Keep a call with 0 reads, without its counts, and say how many of each kind of variant."""
    wrong = is_call & (pl.col("alt_count") == 0).fill_null(False)
    kinds = out.frame.select(kind().alias("kind"), wrong.alias("wrong"))
    if not kinds["wrong"].any():
        return
    total = dict(kinds.group_by("kind").len().iter_rows())
    for k, n in kinds.filter("wrong").group_by("kind").len().sort("kind").iter_rows():
        message = (
            f"{n:,} of {total[k]:,} rows of kind {k} are calls with 0 variant reads; the calls stay, their counts are "
            "taken as unknown."
        )
        cure = "Correct the counts; or `--called counts` where the file lists sites that were only looked at."
        out.problems.append(Problem(name, None, "alt_count", "0", message, cure, "warning"))
    unknown = [pl.when(wrong).then(None).otherwise(pl.col(c)).alias(c) for c in ("alt_count", "depth")]
    out.frame = out.frame.with_columns(unknown)


def _origin(out: Decided, name: str, has_normal: bool | None) -> None:
    frame = out.frame
    said = pl.col("_status").replace_strict(ORIGINS, default=None, return_dtype=pl.String)
    words = pl.col("filter").str.to_lowercase().str.split(";")
    germline = words.list.eval(pl.element().is_in(GERMLINE_FILTERS)).list.any()
    by_filter = pl.lit(_each_word("filter", germline, frame, null=False))
    in_normal = pl.lit(inherited(frame))
    much, near = (pl.lit(x) & pl.col("is_called").fill_null(True) for x in in_blood(frame))
    matched = frame["normal_depth"].is_not_null().any() if has_normal is None else has_normal
    common = (pl.col("population_af") >= POPULATION_AF).fill_null(False) & pl.lit(not matched)
    origin = (
        pl.when(in_normal & (said != "somatic").fill_null(True))
        .then(pl.lit("germline"))
        .when(said.is_not_null())
        .then(said)
        .when(by_filter | common)
        .then(pl.lit("germline"))
        .when(much)
        .then(pl.lit("chip"))
        .otherwise(pl.lit("unknown"))
    )
    out.frame = frame.with_columns(origin.alias("origin"))
    n_blood = out.frame.select((much & (pl.col("origin") == "chip") & said.is_null()).sum())
    unclear = out.frame.select((near & (pl.col("origin") == "unknown")).sum())
    out.problems += tell_blood(n_blood.item(), unclear.item(), name)
    called = pl.col("is_called").fill_null(True)
    is_somatic = (said == "somatic").fill_null(False) & called
    n_much = frame.select((much & is_somatic).sum().alias("n"))["n"][0]
    if n_much:
        message = f"{n_much:,} calls named somatic show the variant in the normal as much as in the tumour."
        cure = "Is the normal of the same patient and free of tumour? Write CHIP or Germline where it is the blood's."
        out.problems.append(Problem(name, None, "status", None, message, cure, "warning"))
    doubt = frame.select((in_normal & is_somatic).sum().alias("n"))["n"][0]
    if doubt:
        message = f"{doubt:,} calls named somatic show the variant in {NORMAL_VAF:.0%} or more of the normal's reads."
        cure = "Is the normal of the same patient and free of tumour? Correct Mutation_Status where they are germline."
        out.problems.append(Problem(name, None, "status", None, message, cure, "warning"))
    n_normal = frame.select((in_normal & said.is_null() & called).sum().alias("n"))["n"][0]
    if n_normal:
        out.notes.append(f"{name}: {n_normal:,} calls are germline by the normal's own reads")
    if not matched and frame["population_af"].is_not_null().any():
        n_common = frame.select((common & said.is_null() & called).sum().alias("n"))["n"][0]
        out.notes.append(
            f"{name}: tumour-only calls (no normal); {n_common:,} with a population frequency of {POPULATION_AF:g} or "
            "more are taken as germline, the origin of the others is unknown"
        )


def germline_by_normals(calls: pl.DataFrame, samples: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Return the calls with ``origin`` germline where a normal sample of the patient shows the variant itself; what a
    filter sets aside for that alone is called (`_pass_inherited`).

    Calls whose origin the file states stay; `samples` has sample_id, patient_id, material.
    """
    owner = samples.select("sample_id", "patient_id", "material")
    told = _said_inherited_alone(calls["filter"]) if "filter" in calls.columns else []
    if not owner["material"].is_in(NORMALS).any() or not ((owner["material"] == "normal").any() or told):
        return calls
    known = calls.join(owner, on="sample_id", how="left", maintain_order="left")
    is_normal = pl.col("material").is_in(NORMALS).fill_null(False)
    seen = (pl.col("depth") >= NORMAL_DEPTH) & (pl.col("alt_count") >= NORMAL_VAF * pl.col("depth"))
    shown = known.filter(is_normal & seen).group_by("patient_id", "variant_id").agg(_by="material")
    if shown.is_empty():
        return calls
    known = known.join(shown, on=["patient_id", "variant_id"], how="left", maintain_order="left")
    of_normal, of_any = pl.col("_by").list.contains("normal").fill_null(False), pl.col("_by").is_not_null()
    changes = (of_normal & (pl.col("origin") == "unknown")).fill_null(False)
    n = known.filter(changes & ~is_normal)["variant_id"].len()
    if n:
        notes.append(f"{n:,} calls are germline by the reads of the patient's normal sample")
    called = pl.col("is_called")
    if told:
        held = of_any & pl.col("filter").is_in(told) & ~is_normal & ~called.fill_null(True)
        if n := known.select((held & (pl.col("alt_count") > 0)).fill_null(False).sum()).item():
            notes.append(
                f"{n:,} variants that a filter sets aside as inherited are germline calls by the normal's reads"
            )
        called = pl.when(held & (pl.col("alt_count") > 0)).then(True).otherwise(called)
    origin = pl.when(changes).then(pl.lit("germline")).otherwise(pl.col("origin"))
    return known.with_columns(origin.alias("origin"), called.alias("is_called")).select(calls.columns)
