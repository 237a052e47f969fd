"""What only several columns or tables together show: broken references, impossible counts, times, builds, spellings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import polars as pl

from oncourse.genome.builds import build_named
from oncourse.genome.chromosomes import chromosome_end, lies_nowhere
from oncourse.genome.gene_models import BUILDS
from oncourse.genome.variant import canonical_ids, with_parts
from oncourse.study.config import StudyConfig
from oncourse.study.first_cause import mismatched_ids
from oncourse.study.links import Links
from oncourse.study.repeated import repeated
from oncourse.study.schema import Problem, nearest, row_problems
from oncourse.study.tables import TABLES

Tables = Mapping[str, pl.DataFrame]

#: Where some often mutated genes lie (Ensembl, forward strand coordinates): tells one build from the other.
_GENES = {
    "KRAS": {"GRCh37": (25357723, 25403870), "GRCh38": (25204789, 25250936)},
    "NRAS": {"GRCh37": (115247090, 115259515), "GRCh38": (114704469, 114716894)},
    "BRAF": {"GRCh37": (140419127, 140624564), "GRCh38": (140719327, 140924929)},
    "TP53": {"GRCh37": (7565097, 7590856), "GRCh38": (7661779, 7687550)},
    "PIK3CA": {"GRCh37": (178865902, 178957881), "GRCh38": (179148114, 179240093)},
    "APC": {"GRCh37": (112043195, 112181936), "GRCh38": (112707498, 112846239)},
    "AR": {"GRCh37": (66763874, 66950461), "GRCh38": (67544021, 67730619)},
}
_IDS = {"patients": "patient_id", "samples": "sample_id", "lesions": "lesion_id", "assays": "assay_id"}
#: Above this number ids of another spelling are a habit of the file, told once.
MANY_SPELLINGS = 20
#: Words that mean something else on the command line (`--patients none`).
_RESERVED = ("none", "all")
_UNSAFE = r"[/\\\x00-\x1f\x7f]|\.\.|^[.~-]"
_MONTHS = "(mar|sep|sept|dec|oct|nov|apr|feb)"
_EXCEL_DATE = rf"(?i)^(\d{{1,2}}-{_MONTHS}|{_MONTHS}-\d{{1,2}}|\d{{4}}-\d\d-\d\d)$"


def cross_checks(tables: Tables, config: StudyConfig, whole: Tables | None = None) -> list[Problem]:
    """Return every problem between columns and tables; `tables` typed as `check_table` returns them.

    `whole`: the same with the columns that are the user's own, where `tables` has none of them: identical rows are
    alike in these too, and a build of a sample is such a column.
    """
    found: list[Problem] = []
    links = Links(tables)
    for check in (
        _nothing,
        _ids,
        partial(_references, links=links),
        partial(_mismatched, links=links),
        _same_patient,
        partial(_counts, links=links),
        _spellings,
        _builds,
        _regions,
        _genes,
        _times,
        _contradictions,
    ):
        found.extend(check(tables, config))
    for check in (_builds_of_samples, _repeats):
        found.extend(check(whole or tables, config))
    return found


def _rows(
    table: str,
    frame: pl.DataFrame,
    bad: pl.Series,
    column: str,
    message: str,
    cure: str,
    severity: str = "error",
) -> list[Problem]:
    return row_problems(table, frame, bad, column, message, cure, severity=severity) if bad.any() else []


def _where(frame: pl.DataFrame, expression: pl.Expr) -> pl.Series:
    return frame.select(expression.fill_null(False).alias("x"))["x"]


def _nothing(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    """A table that must be there and holds no row."""
    for name in ("patients", "samples"):
        if name in tables and tables[name].is_empty():
            yield Problem(name, None, None, None, "the table holds no row.", "Fill it in.", "warning")


def _ids(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    """Ids become file names and links: nothing in them may point elsewhere."""
    for name, column in _IDS.items():
        frame = tables.get(name)
        if frame is None or frame.is_empty():
            continue
        text = pl.col(column)
        unsafe, long, low = frame.select(
            text.str.contains(_UNSAFE).fill_null(False).alias("unsafe"),
            (text.str.len_bytes() > 150).fill_null(False).alias("long"),
            text.str.to_lowercase().alias("low"),
        )
        alike = _one_spelling(text)
        message = "the id '{value}' holds '/', '\\', '..', a control character, or starts with '.', '~' or '-'."
        yield from _rows(name, frame, unsafe, column, message, "Use letters, digits, '_', '-' and '.'.")
        yield from _rows(name, frame, long, column, "the id is longer than 150 characters.", "Shorten it.")
        if name == "patients":
            reserved = low.is_in(_RESERVED).fill_null(False)
            message = "'{value}' is a word of the command line, not an id."
            yield from _rows(name, frame, reserved, column, message, "Give the patient another id.")
        spelt = frame.select(pl.col(column), alike.alias("low"))
        if spelt["low"].n_unique() < spelt[column].n_unique():
            clash = spelt.filter(pl.col(column).n_unique().over("low") > 1)["low"].unique()
            bad = spelt["low"].is_in(clash.implode()).fill_null(False)
            message = "'{value}' differs from another id only in capitals, in the width of its signs, or in a stroke."
            yield from _rows(name, frame, bad, column, message, "Is it the same one? Write it one way.", "warning")


def _one_spelling(text: pl.Expr) -> pl.Expr:
    """Return ids without what two hands write differently: capitals, width (Ｓ０２), and a stroke between letters and a
    number (S-02)."""
    plain = text.str.normalize("NFKC").str.strip_chars().str.to_lowercase()
    return plain.str.replace(r"^([a-z\x{4e00}-\x{9fff}]+)[-_ ](\d+)$", "${1}${2}")


def _references(tables: Tables, config: StudyConfig, links: Links) -> Iterator[Problem]:
    for name, frame in tables.items():
        for column in TABLES[name].columns:
            if not column.references or column.name not in frame.columns or frame.is_empty():
                continue
            target, target_column = column.references.split(".")
            if target not in tables:
                if target in ("patients", "samples") or frame[column.name].null_count() == len(frame):
                    continue  # the missing table is told once
                bad = frame[column.name].is_not_null()
                cure = f"Add {target}.tsv, or leave {column.name} empty."
                yield from _rows(name, frame, bad, column.name, f"'{{value}}': there is no table {target}.", cure)
                continue
            missing = links.missing(name, column.name, column.references)
            if len(missing):
                known = tables[target][target_column].drop_nulls().unique().sort().to_list()
                yield from _broken(name, frame, column.name, target, missing.to_list(), known)


def _mismatched(tables: Tables, config: StudyConfig, links: Links) -> Iterator[Problem]:
    return mismatched_ids(tables, links)


def _broken(
    name: str, frame: pl.DataFrame, column: str, target: str, missing: list[str], known: list[str]
) -> Iterator[Problem]:
    bad = _where(frame, pl.col(column).is_in(missing))
    near = {m: nearest(m, known, cutoff=0.8) for m in missing[:50]} if len(known) < 20_000 else {}
    for problem in row_problems(
        name, frame, bad, column, f"'{{value}}' is not in {target}.", f"Add it to {target}.tsv."
    ):
        found = near.get(problem.value or "")
        yield (replace(problem, cure=f"Did you mean {found}? Else add it to {target}.tsv.") if found else problem)


def _same_patient(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    """A sample's lesion, a marker's sample, a procedure's lesion are the same patient's."""
    links = (
        ("samples", "lesion_id", "lesions"),
        ("procedures", "lesion_id", "lesions"),
        ("markers", "sample_id", "samples"),
    )
    for name, column, target in links:
        if name not in tables or target not in tables:
            continue
        frame = tables[name]
        if frame[column].null_count() == frame.height:
            continue
        owner = tables[target].select(column, pl.col("patient_id").alias("_owner")).unique(column, keep="first")
        owners = frame.join(owner, on=column, how="left", maintain_order="left")["_owner"]
        bad = (owners != frame["patient_id"]).fill_null(False)
        message = f"'{{value}}' is another patient's in {target}."
        yield from _rows(name, frame, bad, column, message, f"Correct patient_id or {column}.")
    if "samples" in tables:
        frame = tables["samples"]
        blood = _where(frame, (pl.col("material") != "tissue") & pl.col("lesion_id").is_not_null())
        cure = "Blood is of no lesion: leave lesion_id empty, or correct material."
        yield from _rows(
            "samples", frame, blood, "lesion_id", "a blood sample has the lesion '{value}'.", cure, "warning"
        )


def _counts(tables: Tables, config: StudyConfig, links: Links) -> Iterator[Problem]:
    calls = tables.get("calls")
    if calls is not None and not calls.is_empty():
        alt, depth, called = pl.col("alt_count"), pl.col("depth"), pl.col("is_called")
        more, none, lone = calls.select(
            (alt > depth).fill_null(False).alias("more"),
            (called & (alt == 0)).fill_null(False).alias("none"),
            (alt.is_not_null() & depth.is_null() & called.is_null()).alias("lone"),
        )
        message = "{value} variant reads are more than the depth."
        cure = "depth counts all reads at the site, the variant's too. Are the columns swapped?"
        yield from _rows("calls", calls, more, "alt_count", message, cure)
        message = "the row is called and has no variant read."
        yield from _rows("calls", calls, none, "is_called", message, "Is is_called right here?", "warning")
        message = "without depth nobody can say whether {value} reads are a call."
        yield from _rows("calls", calls, lone, "alt_count", message, "Fill in depth or is_called.", "warning")
    if calls is not None and "variants" in tables and not tables["variants"].is_empty():
        unknown = links.missing("calls", "variant_id", "variants.variant_id")
        if len(unknown):
            message = f"{len(unknown):,} variants of calls are not in variants: their gene is unknown."
            cure = "Add them to variants.tsv."
            yield Problem("calls", None, "variant_id", unknown[0], message, cure, "warning")
    segments = tables.get("segments")
    if segments is not None:
        bad = _where(segments, pl.col("minor_cn") > pl.col("total_cn"))
        message = "{value} copies of the minor allele are more than all copies."
        yield from _rows("segments", segments, bad, "minor_cn", message, "minor_cn is at most half of total_cn.")


#: Ids that are canonical as they stand: of a single base, and of an insertion or deletion.
_PLAIN = r"^(?:(?:\d+|X|Y|MT):\d+:[ACGT]:[ACGT]|(?:[1-9]|1\d|2[0-2]|X|Y|MT):[1-9]\d{0,11}:(?:[ACGT]+:-|-:[ACGT]+))$"
#: A variant without a place: gene and protein or coding change, or the line of a row that says no change.
_BY_GENE = r"^[A-Za-z][A-Za-z0-9_.-]*:([pc]\..+|line\d+|(IVS)?\d+\D.*)$"


def _spellings(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    """One variant under two ids would be private twice; an id of no known form cannot be compared."""
    for name in ("calls", "variants"):
        frame = tables.get(name)
        if frame is None or frame.is_empty():
            continue
        ids = frame["variant_id"].drop_nulls()
        odd = ids.filter(~ids.str.contains(_PLAIN)).unique().sort()
        if odd.is_empty():
            continue
        written = pl.DataFrame({"variant_id": odd, "right": canonical_ids(odd)})
        formless = written.filter(pl.col("right").is_null())["variant_id"]
        by_gene = formless.filter(formless.str.contains(_BY_GENE))
        if len(by_gene):
            message = f"{len(by_gene):,} variants are named by gene and change alone (first: '{by_gene[0]}')."
            cure = "They are compared with ids of the same form only; give chrom:pos:ref:alt where it is known."
            yield Problem(name, None, "variant_id", by_gene[0], message, cure, "warning")
        formless = formless.filter(~formless.str.contains(_BY_GENE))
        if len(formless):
            message = "'{value}' is not chrom:pos:ref:alt: two spellings of it would be two variants."
            cure = "Write ids like 12:25398284:C:T; an empty allele is '-'."
            if len(formless) > MANY_SPELLINGS:
                message = f"{len(formless):,} ids are not chrom:pos:ref:alt (first: '{formless[0]}')."
                yield Problem(name, None, "variant_id", formless[0], message, cure, "warning")
                formless = formless.clear()
            bad = _where(frame, pl.col("variant_id").is_in(formless.implode()))
            yield from _rows(name, frame, bad, "variant_id", message, cure, "warning")
        wrong = written.filter(pl.col("right") != pl.col("variant_id"))
        if wrong.is_empty():
            continue
        # the id it should have stands in the table too, or two wrong ids mean the same variant
        there = pl.col("right").is_in(ids.implode()) | pl.col("right").is_duplicated()
        twice, alone = wrong.filter(there), wrong.filter(~there)
        for problems, text, severity in (
            (twice, "is there under another id too", "error"),
            (alone, "is not normalised", "warning"),
        ):
            right = dict(problems.iter_rows())
            if severity == "warning" and len(right) > MANY_SPELLINGS:
                first = problems["variant_id"][0]
                message = f"{len(right):,} variant ids are not normalised (first: '{first}')."
                cure = f"Write it {right[first]}, and the others likewise."
                yield Problem(name, None, "variant_id", first, message, cure, severity)
                continue
            bad = _where(frame, pl.col("variant_id").is_in(list(right)))
            for problem in row_problems(
                name, frame, bad, "variant_id", f"the variant '{{value}}' {text}.", severity=severity
            ):
                yield replace(problem, cure=f"Write it {right.get(problem.value or '', 'in one way')}.")


def _builds_of_samples(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    samples = tables.get("samples")
    if samples is not None and "genome_build" in samples.columns and config.genome_build:
        text = samples["genome_build"].cast(pl.String)
        words = text.drop_nulls().unique()
        named = text.replace_strict(words, [build_named(w) or w for w in words], default=None, return_dtype=pl.String)
        bad = (named != config.genome_build).fill_null(False)
        message = f"the sample is of build {{value}}, the study of {config.genome_build}."
        yield from _rows("samples", samples, bad, "genome_build", message, "Lift its calls over, or leave it out.")


def _builds(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    build = config.genome_build
    if build not in BUILDS:
        return
    table = "variants" if "variants" in tables and not tables["variants"].is_empty() else "calls"
    frame = tables.get(table)
    if frame is None or frame.is_empty():
        return
    located = with_parts(frame)
    yield from _past_the_end(table, frame, located, build)
    if "gene" not in frame.columns:
        return
    other = "GRCh38" if build == "GRCh37" else "GRCh37"
    known = located.filter(pl.col("gene").is_in(list(_GENES)) & pl.col("pos").is_not_null())
    inside = dict.fromkeys(BUILDS, 0)
    for (gene,), at in known.group_by(["gene"]):
        for b in inside:
            inside[b] += int(at["pos"].is_between(*_GENES[str(gene)][b]).sum())
    if inside[other] > inside[build] and inside[other] >= 0.5 * known.height:
        message = (
            f"{inside[other]} of {known.height} variants in {', '.join(_GENES)} lie where {other} has these genes."
        )
        cure = f"study.yaml says {build}: correct genome_build, or lift the calls over."
        yield Problem(table, None, "variant_id", known["variant_id"][0], message, cure)


#: Where more of the rows than this lie in no assembly, positions as a whole were misread: an error.
_MOST_NOWHERE = 0.1


def _past_the_end(table: str, frame: pl.DataFrame, located: pl.DataFrame, build: str) -> Iterator[Problem]:
    """Rows past the end of their chromosome: of another build (an error), or of none, a wrong place (a warning).

    A place that no assembly has says nothing of the build. Its row is kept, and may be anywhere: what it could change is
    not assessable (`oncourse.derive.genes.unread`).
    """
    past = _where(located, pl.col("pos") > chromosome_end(build))
    if not past.any():
        return
    nowhere = _where(located, lies_nowhere())
    message = f"'{{value}}' lies past the end of its chromosome in {build}"
    few = nowhere.sum() <= max(1, _MOST_NOWHERE * located["pos"].count())
    wrong = past & ~nowhere if few else past
    yield from _rows(table, frame, wrong, "variant_id", f"{message}.", "Is genome_build in study.yaml right?")
    if few:
        told = f"{message} and in every other assembly: the call is kept, its place is unknown."
        cure = "Correct the position; until then it may be any change of its gene, or of any gene where it names none."
        yield from _rows(table, frame, nowhere, "variant_id", told, cure, "warning")


def _regions(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    for name in ("segments", "coverage"):
        frame = tables.get(name)
        if frame is None or frame.is_empty():
            continue
        bad = _where(frame, pl.col("start") > pl.col("end"))
        message = "start {value} is after end."
        yield from _rows(name, frame, bad, "start", message, "Both are 1-based and inclusive; are they swapped?")
        yield from _beyond(name, frame, config.genome_build)
    frame = tables.get("segments")
    if frame is not None and frame.height > 1:
        indexed = frame.with_row_index("_i").sort("sample_id", "chrom", "start", "_i")
        before = pl.col("end").shift(1).over("sample_id", "chrom")
        overlap = indexed.filter(pl.col("start") <= before)["_i"]
        if len(overlap):
            bad = pl.Series("x", [False] * frame.height).scatter(overlap, True)
            message = "the segment overlaps the one before it."
            yield from _rows(
                "segments", frame, bad, "start", message, "Segments of a sample lie side by side.", "warning"
            )


#: The last window of a caller may end so far behind its chromosome.
_LAST_WINDOW = 1_000_000


def _beyond(name: str, frame: pl.DataFrame, build: str | None) -> Iterator[Problem]:
    """Regions that end where their chromosome ends in the other build, or far behind its end: they are of that build."""
    if build not in BUILDS or not {"chrom", "end"} <= set(frame.columns):
        return
    other = next(b for b in BUILDS if b != build)
    own, theirs = chromosome_end(build), chromosome_end(other)
    far = frame.filter((pl.col("end") > own + _LAST_WINDOW) | ((pl.col("end") == theirs) & (theirs > own)))
    if far.height:
        first = far.row(0, named=True)
        message = (
            f"{far.height:,} regions end behind the end of their chromosome in {build} (chromosome {first['chrom']})."
        )
        cure = f"Are they of {other}? Give copies and depths of one build with the calls, or lift them over."
        yield Problem(name, None, "end", str(first["end"]), message, cure)


def _genes(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    for name, columns in (
        ("variants", ["gene"]),
        ("gene_copy_number", ["gene"]),
        ("fusions", ["gene_5p", "gene_3p"]),
    ):
        frame = tables.get(name)
        if frame is None or frame.is_empty():
            continue
        for column in columns:
            words = frame[column].drop_nulls().unique()
            dates = words.filter(words.str.contains(_EXCEL_DATE))
            if len(dates):
                bad = _where(frame, pl.col(column).is_in(dates.implode()))
                message = "'{value}' is a date, not a gene: a spreadsheet has changed it (MARCH1, SEPTIN2 ...)."
                yield from _rows(name, frame, bad, column, message, "Restore the gene symbol.", "warning")
        if name == "fusions":
            bad = _where(frame, pl.col("gene_5p").is_null() & pl.col("gene_3p").is_null())
            yield from _rows(name, frame, bad, "gene_5p", "the fusion names no gene.", "Fill in one partner at least.")


def _times(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    """Samples and the like from after the death: unlikely, sometimes true (autopsy), so warnings.

    Treatments, scans and laboratory values: `oncourse.study.checks_endpoints`.
    """
    dates = (
        ("samples", "day", "the sample of day {value} was taken after the death (autopsy?)."),
        ("procedures", "day", "the procedure of day {value} is after the death."),
        ("markers", "day", "the marker of day {value} is from after the death."),
        ("adverse_events", "start_day", "the adverse event of day {value} began after the death."),
    )
    follow_up = tables.get("follow_up")
    if follow_up is not None and not follow_up.is_empty():
        deaths = follow_up.select("patient_id", "death_day").drop_nulls().unique("patient_id")
        for name, column, message in dates:
            frame = tables.get(name)
            if frame is None or frame.is_empty() or frame[column].null_count() == frame.height:
                continue
            death = frame.join(deaths, on="patient_id", how="left", maintain_order="left")["death_day"]
            bad = (frame[column] > death).fill_null(False)
            yield from _rows(name, frame, bad, column, message, "Compare it with follow_up.death_day.", "warning")
    yield from _found_after_sample(tables)


def _found_after_sample(tables: Tables) -> Iterator[Problem]:
    if "samples" not in tables or "lesions" not in tables:
        return
    samples = tables["samples"]
    found = tables["lesions"].select("lesion_id", "found_day").unique("lesion_id", keep="first")
    first = samples.join(found, on="lesion_id", how="left", maintain_order="left")["found_day"]
    bad = (samples["day"] < first).fill_null(False)
    message = "the sample of day {value} is older than its lesion (found_day)."
    yield from _rows("samples", samples, bad, "day", message, "Compare it with lesions.found_day.", "warning")


def _contradictions(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    follow_up = tables.get("follow_up")
    if follow_up is not None and not follow_up.is_empty():
        said = pl.col("cause_of_death").is_not_null() & (pl.col("cause_of_death") != "unknown")  # no cause: no death
        bad = _where(follow_up, ~pl.col("is_dead") & said)
        message = "is_dead is false and there is a cause of death ({value})."
        yield from _rows("follow_up", follow_up, bad, "cause_of_death", message, "Correct one of the two.")
        bad = _where(follow_up, pl.col("second_primary_day").is_not_null() & pl.col("second_primary").is_null())
        message = "a second primary of day {value} of an organ that is not told: no disease-free survival is told."
        cure = "Fill in second_primary: same (a second colorectal cancer) is an event of it, other is none."
        yield from _rows("follow_up", follow_up, bad, "second_primary_day", message, cure, "warning")
    lesions = tables.get("target_lesions")
    if lesions is not None and not lesions.is_empty():
        bad = _where(lesions, pl.col("diameter").is_not_null() & pl.col("unit").is_null())
        message = "the diameter {value} has no unit."
        yield from _rows(
            "target_lesions",
            lesions,
            bad,
            "diameter",
            message,
            "Fill in unit (mm or cm), or use diameter_mm.",
        )


def _repeats(tables: Tables, config: StudyConfig) -> Iterator[Problem]:
    """The same row twice in a table without key: it is counted once."""
    for name, frame in tables.items():
        if TABLES[name].key or frame.height < 2 or not frame.columns:
            continue
        again = repeated(frame, frame.columns)
        if again.any():
            rows = again.arg_true()
            again = again.scatter(rows, ~frame[rows].select(pl.struct(frame.columns).is_first_distinct()).to_series())
        column = frame.columns[0]
        yield from _rows(name, frame, again, column, "the same row is there twice.", "It is counted once.", "warning")
