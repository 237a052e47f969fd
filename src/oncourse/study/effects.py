"""Which gene a variant is in and what it does: decided once for every source, from the place first.

The annotation of the file is a second witness. At a residue of the reference tables (RAS, BRAF, hotspots ...) place and
bases decide; elsewhere the file's protein change stays and the more severe of two effects counts, so that a wrong word
never hides a mutation. Every difference is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import polars as pl

from oncourse.genome import effect, protein
from oncourse.genome.annotate import Reference
from oncourse.genome.gene_models import listed_residues
from oncourse.genome.gene_names import gene_names
from oncourse.genome.named_changes import consequences_named
from oncourse.genome.places import locate
from oncourse.genome.texts import each
from oncourse.study.frames import optional, with_optional
from oncourse.study.schema import Problem

#: Columns of genes in the tables of a study.
GENE_COLUMNS = (
    ("variants", "gene"),
    ("gene_copy_number", "gene"),
    ("fusions", "gene_5p"),
    ("fusions", "gene_3p"),
    ("coverage", "gene"),
)
_HOW_TEXT = {
    "spelling": "is spelt as {gene}",
    "former name": "is today's {gene}",
    "entrez id": "is the Entrez id of {gene}",
    "ensembl id": "is the Ensembl id of {gene}",
    "spreadsheet date": "is a date: a spreadsheet has changed {gene}",
    "one of several": "names several genes: {gene} is used",
}
_ALTERING = effect.PROTEIN_CHANGING | {"splice_site"}
_SHOWN = 5


def with_gene_names(
    tables: Mapping[str, pl.DataFrame], first_row: Mapping[str, int] | None = None
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the tables with today's gene symbols (``assays.targets`` too), and a warning per kind of renaming.

    `first_row`: the line of the file that holds a table's first row (default 2).
    """
    out = dict(tables)
    problems: list[Problem] = []
    for name, column in GENE_COLUMNS:
        frame = out.get(name)
        if frame is None or frame.is_empty() or column not in frame.columns:
            continue
        named = gene_names(frame[column])
        problems += _renamed(name, column, frame[column], named, (first_row or {}).get(name, 2))
        out[name] = frame.with_columns(named["gene"].alias(column))
    problems += _met_again(out)
    if (assays := out.get("assays")) is not None and "targets" in assays.columns:
        out["assays"] = assays.with_columns(_target_names(assays["targets"]))
    return out, problems


def _renamed(table: str, column: str, given: pl.Series, named: pl.DataFrame, first_row: int) -> Iterator[Problem]:
    told = pl.DataFrame({"given": given, "gene": named["gene"], "how": named["how"]}).with_row_index("row")
    told = told.filter(pl.col("how").is_in(list(_HOW_TEXT)))
    if told.is_empty():
        return
    told = told.group_by("how", "given", "gene").agg(pl.len(), pl.col("row").min())
    for how, text in _HOW_TEXT.items():
        rows = told.filter(pl.col("how") == how).sort("len", "given", descending=[True, False])
        if rows.is_empty():
            continue
        shown = [f"'{g}' {text.format(gene=to)}" for g, to in rows.select("given", "gene").head(_SHOWN).iter_rows()]
        more = f", and {rows.height - _SHOWN} more" if rows.height > _SHOWN else ""
        message = f"{int(rows['len'].sum()):,} gene names were read under another: {', '.join(shown)}{more}."
        row = int(rows["row"].min()) + first_row  # type: ignore[arg-type]
        yield Problem(table, row, column, None, message, "Check them; today's symbols need no reading.", "warning")


def _met_again(tables: dict[str, pl.DataFrame]) -> Iterator[Problem]:
    """Keep one copy number per sample and gene where two names turned out to be one gene: the one further from 0."""
    frame = tables.get("gene_copy_number")
    key = ["sample_id", "gene"]
    if frame is None or not {*key, "call"} <= set(frame.columns):
        return
    order = frame.with_row_index("_row").sort(pl.col("call").abs(), descending=True, nulls_last=True)
    kept = order.unique(key, keep="first", maintain_order=True).sort("_row").drop("_row")
    if kept.height < frame.height:
        n = frame.height - kept.height
        message = (
            f"{n:,} rows give a gene of a sample a second copy number (under another name): the larger change counts."
        )
        yield Problem("gene_copy_number", None, "gene", None, message, "Keep one row per sample and gene.", "warning")
        tables["gene_copy_number"] = kept


def _target_names(targets: pl.Series) -> pl.Series:
    """Return the gene lists with today's symbols; a file name stays."""
    is_list = ~targets.str.to_lowercase().str.contains(r"\.(bed|txt|tsv|csv|list)(\.gz)?$").fill_null(True)
    lists = targets.filter(is_list).unique()
    new = [
        ";".join(
            g or part for part, g in zip(parts, gene_names(pl.Series(parts, dtype=pl.String))["gene"], strict=True)
        )
        or ";"  # a list without genes (nothing looked at) is none that is missing
        for parts in ([p.strip() for p in text.replace(",", ";").split(";") if p.strip()] for text in lists)
    ]
    return targets.replace(lists, pl.Series(new, dtype=pl.String)) if len(lists) else targets


def with_effects(
    tables: Mapping[str, pl.DataFrame], build: str | None, reference: Reference | None = None
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the tables with gene, protein change and consequence of every variant of ``calls`` and ``variants``.

    A variant of ``calls`` that ``variants`` lacks gets a row there where its place says something. With a `reference`
    place and bases name every variant of its genes (hgvs_c and transcript too) and decide as they do at listed
    residues.
    """
    calls, variants = tables.get("calls"), tables.get("variants")
    if calls is None or "variant_id" not in calls.columns or (build is None and reference is None):
        return dict(tables), []
    n_given = 0 if variants is None else variants.height
    variants = _every_variant(calls, variants)
    if variants.is_empty():
        return dict(tables), []
    both = _witnesses(variants, build, reference)
    decided = both.with_columns(_gene().alias("gene"), _change().alias("hgvs_p"), _consequence().alias("consequence"))
    if reference is not None:
        decided = _with_coding_names(decided, both)
    told = pl.concat(
        [
            both.rename({c: f"{c}_file" for c in ("gene", "hgvs_p", "consequence")}),
            decided.select("gene", "hgvs_p", "consequence"),
        ],
        how="horizontal",
    )
    new = decided.select(c for c in dict.fromkeys([*variants.columns, "transcript"]) if c in decided.columns)
    known = pl.any_horizontal(pl.col(c).is_not_null() for c in new.columns if c != "variant_id")
    new = new.with_row_index("_row").filter(known | (pl.col("_row") < n_given)).drop("_row")
    return {**tables, "variants": new} if new.height else dict(tables), list(_differences(told))


def _every_variant(calls: pl.DataFrame, variants: pl.DataFrame | None) -> pl.DataFrame:
    columns = {
        "variant_id": pl.String,
        "gene": pl.String,
        "hgvs_c": pl.String,
        "hgvs_p": pl.String,
        "consequence": pl.String,
    }
    frame = pl.DataFrame(schema=columns) if variants is None else variants
    frame = with_optional(frame, columns)
    unseen = calls.select("variant_id").drop_nulls().join(frame.select("variant_id"), on="variant_id", how="anti")
    unseen = unseen.unique().sort("variant_id")
    return pl.concat([frame, unseen], how="diagonal")


def _with_coding_names(decided: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Add hgvs_c and transcript by place where the file has none, or where the place's protein change stands."""
    named = pl.col("at_hgvs_c").is_not_null() & (pl.col("gene") == pl.col("at_gene"))
    place = named & (
        pl.col("hgvs_c").is_null() | (pl.col("hgvs_p") == pl.col("at_hgvs_p")) | pl.col("decides")
    ).fill_null(False)
    kept = optional(given, "transcript")
    return decided.with_columns(
        pl.when(place).then(pl.col("at_hgvs_c")).otherwise(pl.col("hgvs_c")).alias("hgvs_c"),
        pl.when(place).then(pl.col("at_transcript")).otherwise(kept).alias("transcript"),
    )


def _witnesses(variants: pl.DataFrame, build: str | None, reference: Reference | None) -> pl.DataFrame:
    """Add what the place says (``at_*``), what kind of place it is, and the file's effect in our words (``word``)."""
    where = locate if reference is None else reference.locate
    place = where(variants["variant_id"], build).drop("variant_id")
    place = place if reference is not None else place.with_columns(by_reference=pl.lit(False))
    place = place.rename({c: f"at_{c}" for c in place.columns})
    # a reference allele that is not there: another build, strand or a wrong position, so the place says nothing
    there = pl.col("at_is_ref_match").fill_null(True)
    residues = listed_residues().with_columns(pl.lit(True).alias("at_listed"))
    both = (
        pl.concat([variants, place], how="horizontal")
        .with_columns(
            protein.canonicals(variants["hgvs_p"]).alias("hgvs_p"),
            effect.consequences(variants["consequence"]).alias("word"),
            pl.when(there).then(pl.col("at_region")).alias("at_region"),
            pl.when(there).then(pl.col("at_gene")).alias("at_gene"),
        )
        .join(
            residues,
            left_on=["at_gene", "at_codon_first"],
            right_on=["gene", "codon"],
            how="left",
            maintain_order="left",
        )
    )
    by_name = consequences_named(both["gene"], both["hgvs_p"])
    word, implied = pl.col("word"), by_name.fill_null(protein_words(both["hgvs_p"])).alias("implied")
    listed = pl.col("at_listed") & pl.col("at_is_ref_match")
    named = pl.col("at_by_reference") & pl.col("at_is_ref_match").fill_null(True)
    listed = (listed.fill_null(False) | named) & pl.col("at_consequence").is_in(sorted(_ALTERING))
    both = both.with_columns(implied, listed.fill_null(False).alias("decides"))
    return both.with_columns(
        pl.when(word.is_null() | (word == "unknown")).then(pl.col("implied")).otherwise(word).alias("word")
    )


def protein_words(changes: pl.Series) -> pl.Series:
    """Return the consequence each protein change implies (`oncourse.genome.effect.of_protein_change`)."""
    return each(changes, lambda change: None if (w := effect.of_protein_change(change)) == "unknown" else w)


@cache
def _harmless(word: str) -> pl.Expr:
    """Whether the effect is known and leaves the protein as it is."""
    return (
        pl.col(word).is_not_null() & (pl.col(word) != "unknown") & ~pl.col(word).is_in(sorted(_ALTERING))
    ).fill_null(False)


@cache
def _raised() -> pl.Expr:
    """Whether the place alters the protein and the file's word does not, against the file's own protein change.

    A file that calls it synonymous speaks of the same bases; one that says intron or UTR and gives no change may speak
    of another transcript: it is left alone.
    """
    altering = sorted(_ALTERING)
    against = pl.col("implied").is_in(altering) | (pl.col("word") == "synonymous")
    return (pl.col("at_consequence").is_in(altering) & _harmless("word") & against).fill_null(False)


@cache
def _elsewhere() -> pl.Expr:
    """Whether the file says intron, UTR or the like, without a protein change, of a place that alters the protein on
    the transcript known here: it speaks of another transcript, and its word stays."""
    word = _harmless("word") & (pl.col("word") != "synonymous") & pl.col("hgvs_p").is_null()
    apart = word & pl.col("at_consequence").is_in(sorted(_ALTERING)) & ~pl.col("decides")
    return apart.fill_null(False) & ~_raised()


@cache
def _gene() -> pl.Expr:
    by_place = pl.col("decides") | pl.col("gene").is_null() | _raised()
    return pl.when(by_place & pl.col("at_gene").is_not_null()).then(pl.col("at_gene")).otherwise(pl.col("gene"))


@cache
def _change() -> pl.Expr:
    letters = r"^p\.([A-Z*])\d+([A-Z*=]|fs.*)?$"
    same = pl.all_horizontal(
        pl.col("hgvs_p").str.extract(letters, n) == pl.col("at_hgvs_p").str.extract(letters, n) for n in (1, 2)
    )
    is_one_gene = pl.col("gene").is_null() | (pl.col("gene") == pl.col("at_gene"))
    # the same exchange under another number is another transcript's numbering (BRAF V640E, AR T877A)
    by_place = pl.col("decides") | _raised() | (is_one_gene & (pl.col("hgvs_p").is_null() | same)).fill_null(False)
    is_told = pl.col("at_is_ref_match").fill_null(True) & ~_elsewhere()
    place = pl.when(is_told).then(pl.col("at_hgvs_p"))
    return pl.when(by_place & place.is_not_null()).then(place).otherwise(pl.col("hgvs_p"))


@cache
def _consequence() -> pl.Expr:
    is_one_gene = pl.col("gene").is_null() | (pl.col("gene") == pl.col("at_gene"))
    silent = pl.col("word").is_null() & is_one_gene & pl.col("at_region").is_not_null()
    # the last bases of an exon are a splice site to some annotators: their word says more
    by_place = (
        (pl.col("decides") & (pl.col("word") != "splice_site").fill_null(True)) | _raised() | silent.fill_null(False)
    )
    place = pl.col("at_consequence")
    untold = pl.col("consequence").is_null() | (pl.col("consequence") == "unknown")
    kept = pl.when(untold).then(pl.coalesce("word", "consequence")).otherwise(pl.col("consequence"))
    return pl.when(by_place & place.is_not_null()).then(place).otherwise(kept)


def _residue(column: str) -> pl.Expr:
    """Return a protein change without what a shifted frame or a lost stop reads on: some sources write it, some not."""
    return pl.col(column).str.replace(r"[A-Z*]?(fs|ext).*$", "fs")


def _differences(told: pl.DataFrame) -> Iterator[Problem]:
    """Say in one warning per kind where the place spoke for or against the file."""
    kinds: tuple[tuple[pl.Expr, str, str, str], ...] = (
        (
            pl.col("gene_file").is_null() & pl.col("gene").is_not_null(),
            "gene",
            "{n} variants came without a gene: read from their place ({shown}).",
            "Nothing is to be done; an annotated file names them itself.",
        ),
        (
            pl.col("gene_file").is_not_null() & (pl.col("gene_file") != pl.col("gene")),
            "gene",
            "{n} variants lie in another gene than the file says ({shown}): the place counts.",
            "Check the annotation of the file.",
        ),
        (
            pl.col("hgvs_p_file").is_not_null() & (_residue("hgvs_p_file") != _residue("hgvs_p")),
            "hgvs_p",
            "{n} protein changes are not what place and bases give ({shown}): the place counts.",
            "Another transcript's numbering, or a wrong cell: check them.",
        ),
        (
            pl.col("word").is_not_null() & _harmless("word") & pl.col("consequence").is_in(sorted(_ALTERING)),
            "consequence",
            "{n} variants change their protein by their place, not by the file's word ({shown}): the place counts.",
            "Check the annotation of the file.",
        ),
        (
            _harmless("word")
            & (pl.col("word") != "synonymous")
            & pl.col("at_consequence").is_in(sorted(_ALTERING))
            & _harmless("consequence"),
            "consequence",
            "{n} variants are outside the coding bases by the file's word and change the protein by their place "
            "({shown}): the file's word stays.",
            "The file names another transcript. Where the canonical one is meant, annotate the file again.",
        ),
        (
            pl.col("at_by_reference")
            & _harmless("at_consequence")
            & pl.col("consequence").is_in(sorted(_ALTERING))
            & (pl.col("consequence") != "splice_site"),
            "consequence",
            "{n} variants change their protein by the file's word, not by their place ({shown}): the file's word "
            "stays.",
            "Check their positions, and which transcript the file names.",
        ),
    )
    # one look for all kinds: most studies have none of them
    any_of = told.select(found.fill_null(False).any().alias(str(i)) for i, (found, *_) in enumerate(kinds)).row(0)
    for (found, column, message, cure), is_there in zip(kinds, any_of, strict=True):
        if is_there:
            rows = told.filter(found.fill_null(False)).sort("variant_id")
            yield Problem(
                "variants",
                None,
                column,
                None,
                message.format(n=f"{rows.height:,}", shown=_shown(rows)),
                cure,
                "warning",
            )
    wrong = told.filter((~pl.col("at_is_ref_match")).fill_null(False))
    if wrong.height:
        message = f"{wrong.height:,} variants have another reference base than the genome there ({_shown(wrong)})."
        yield Problem(
            "variants",
            None,
            "variant_id",
            None,
            message,
            "Check genome_build, strand and positions.",
            "warning",
        )


def _shown(rows: pl.DataFrame) -> str:
    words = [
        " ".join(w for w in (variant, f"{gene or ''} {change or ''}".strip()) if w)
        for variant, gene, change in rows.select("variant_id", "gene", "hgvs_p").head(_SHOWN).iter_rows()
    ]
    return ", ".join(words) + (" ..." if rows.height > _SHOWN else "")
