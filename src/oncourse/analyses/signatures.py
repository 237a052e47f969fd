"""Which processes made the mutations: spectra and their refit to reference signatures, early and late apart."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._group_tables import groups_table, tests_table
from oncourse.analyses._headline import Headline, rated
from oncourse.analyses._people import counted
from oncourse.cohort import Cohort
from oncourse.derive.genes.exposures import Refit, refit, usable
from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.derive.genes.sample_groups import group_summaries, group_tests
from oncourse.derive.genes.spectra import SignatureParams
from oncourse.disk.guard import refuse_special
from oncourse.errors import NotEnoughData
from oncourse.genome.contexts import SBS96
from oncourse.genome.gene_models import BUILDS
from oncourse.genome.signatures import Signatures, installed_table, read_signatures
from oncourse.stats.exposures import AT
from oncourse.study.schema import Column
from oncourse.words.catalogue import said

_T, _F, _I = pl.String, pl.Float64, pl.Int64
_PART = Column(
    "part",
    _T,
    "cohort (all samples together), sample, shared (in all samples of a patient), private (in this "
    "sample, absent in another)",
)
_WHOSE = (
    _PART,
    Column("patient_id", _T, "the patient; null: the cohort"),
    Column("sample_id", _T, "the sample; null: the cohort, or shared"),
)
_KIND = Column("kind", _T, "SBS (96 classes of substitutions) or ID (83 of insertions and deletions)")
EXPOSURES = OutputTable(
    "signatures/exposures",
    "mutations due to each signature",
    (
        *_WHOSE,
        _KIND,
        Column("signature", _T, "reference signature"),
        Column("aetiology", _T, "what it is known for; null: unknown"),
        Column("n", _F, "mutations due to it"),
        Column("share", _F, "of the classified mutations", unit="fraction"),
        Column("ci_low", _F, "lower limit, resampled spectra, signatures chosen anew", unit="fraction"),
        Column("ci_high", _F, "upper limit", unit="fraction"),
        Column("needed", _F, "share of the resampled spectra that needed it", unit="fraction"),
    ),
)
FITS = OutputTable(
    "signatures/fits",
    "every spectrum, also those with too few mutations",
    (
        *_WHOSE,
        _KIND,
        Column("n", _I, "classified mutations"),
        Column("n_unknown", _I, "mutations whose surrounding bases are not known or do not fit"),
        Column("status", _T, "fitted, too few mutations, or no table of signatures"),
        Column("n_signatures", _I, "signatures needed"),
        Column("cosine", _F, "cosine of the seen and the rebuilt spectrum"),
    ),
)
SPECTRA = OutputTable(
    "signatures/spectra",
    "mutations per class",
    (
        *_WHOSE[1:],
        Column("part", _T, "sample, shared or private"),
        _KIND,
        Column("class", _T, "COSMIC's word of the class"),
        Column("n", _I, "mutations"),
    ),
)
GROUPS = groups_table(
    "signatures/groups", "shares of signatures by group", "signature; 0 where it was not needed", "fraction"
)
TESTS = tests_table(
    "signatures/tests", "shares of signatures in two groups compared, by patient", "signature", "fraction"
)
#: The question of the ledger, and why a patient is in it with no sample.
ENOUGH, NONE = "samples with enough mutations for a refit", "no sample with a classified substitution"


@analysis(
    title="Mutational signatures",
    question="Which processes made the mutations, early and late?",
    needs=("samples", "calls"),
    params=SignatureParams,
    tables=(EXPOSURES, FITS, SPECTRA, GROUPS, TESTS),
    order=12,
)
def signatures(cohort: Cohort, params: SignatureParams) -> Result:
    """Spectra by the bases around each mutation, refitted to reference signatures."""
    spectra = cohort.spectra
    classified = spectra.filter((pl.col("part") == "sample") & pl.col("class").is_not_null())
    if classified.is_empty():
        raise NotEnoughData(
            "The bases around the mutations are not known: run with --fasta GENOME.fa, or give a MAF with a column "
            "CONTEXT or ref_tri (variants.context in a study folder)."
        )
    tables = {kind: _table(cohort, kind, params) for kind in ("SBS", "ID")}
    fits = [refit(spectra, kind, table, params, cohort.seed) for kind, table in tables.items()]
    both = Refit(pl.concat([f.exposures for f in fits]), pl.concat([f.fits for f in fits]))
    estimates, by_group = _estimates(both), _by_group(cohort, both)
    own = both.fits.filter((pl.col("kind") == "SBS") & (pl.col("part") == "sample")).sort("sample_id")
    fitted = own.filter(pl.col("status") == "fitted")
    few = own.filter(pl.col("status") != "fitted").rename({"status": "reason"})
    return Result(
        answer=_answer(estimates, tables["SBS"]),
        estimates=tuple(estimates),
        tables={
            EXPOSURES.name: EXPOSURES.frame(both.exposures),
            FITS.name: FITS.frame(both.fits),
            SPECTRA.name: SPECTRA.frame(spectra),
            GROUPS.name: GROUPS.frame(group_summaries(by_group, shares=by_group["measure"].unique())),
            TESTS.name: TESTS.frame(group_tests(by_group)),
        },
        figures=tuple(_figures(both, spectra, tables["SBS"])),
        people=counted(ENOUGH, cohort.study["patients"]["patient_id"], fitted, few, rest=NONE, unit="sample"),
        samples_used=fitted.select("patient_id", "sample_id", pl.lit("enough classified mutations").alias("reason")),
        notes=_notes(both, tables),
        headline=_headline(estimates),
        methods=(
            "Classes by the reference base and its neighbours (COSMIC SBS-96; ID-83 by length, repeats, overlap, with "
            "a "
            "FASTA is given). Poisson mixture of as few signatures as the counts ask for: one is taken in where the "
            f"log likelihood gains {params.min_gain:g} at {AT:,} mutations (the logarithm of their number more or "
            "less, half of it after Schwarz 1978), let go where less is lost, and exchanged for another that is worth more; "
            + (f"{', '.join(params.background)} are in from the start and stay for less; " if params.background else "")
            + f"below {params.min_mutations} mutations nothing is fitted. Intervals: {params.replicates} resampled "
            "spectra, signatures chosen anew each time.",
            "Reference: " + "; ".join(f"{k}: {t.source}" if t else f"{k}: none" for k, t in tables.items()) + ".",
        ),
    )


def _table(cohort: Cohort, kind: str, params: SignatureParams) -> Signatures | None:
    """The user's table, else that of the installed package; exome tables where no assay is a genome."""
    given = params.table if kind == "SBS" else params.id_table
    if given is not None:
        refuse_special(Path(given))
        return usable(read_signatures(Path(given)), params) if kind == "SBS" else read_signatures(Path(given))
    build = cohort.study.config.genome_build
    kinds = set(cohort.study["assays"]["kind"].drop_nulls())
    found = installed_table(kind, build if build in BUILDS else "GRCh37", exome="wgs" not in kinds)
    if found is None:
        return None
    return usable(read_signatures(found), params) if kind == "SBS" else read_signatures(found)


def _estimates(both: Refit) -> list[Estimate]:
    samples = both.fits.filter((pl.col("kind") == "SBS") & (pl.col("part") == "sample"))
    found = [
        Estimate("classified_mutations", int(samples["n"].sum()), unit="count", method="counted"),
        Estimate(
            "fitted_samples",
            int((samples["status"] == "fitted").sum()),
            unit="count",
            method="counted",
            question=ENOUGH,
        ),
    ]
    whole = both.exposures.filter((pl.col("part") == "cohort") & (pl.col("kind") == "SBS")).head(8)
    for row in whole.iter_rows(named=True):
        found.append(
            Estimate(
                f"cohort:{row['signature']}",
                row["share"],
                row["ci_low"],
                row["ci_high"],
                int(samples["n"].sum()),
                "refit of all mutations together",
                "fraction",
            )
        )
    return found


def _answer(estimates: list[Estimate], table: Signatures | None) -> str:
    if table is None:
        return (
            "{classified_mutations} mutations are classified by their bases; without a table of signatures they are "
            "not "
            "refitted (signatures.table, or the package SigProfilerAssignment)."
        )
    named = [e.name for e in estimates if e.name.startswith("cohort:")][:3]
    words = "Of {classified_mutations} classified mutations, all samples together: " if named else ""
    words += "; ".join(f"{name.removeprefix('cohort:')} {{{name}}}" for name in named)
    return words + (". " if named else "") + "{fitted_samples} samples had enough mutations for a refit of their own."


def _headline(estimates: list[Estimate]) -> Headline | None:
    first = next((e for e in estimates if e.name.startswith("cohort:")), None)
    if first is None:
        return None
    words = said("headline.signatures.first", signature=first.name.removeprefix("cohort:"), share=first)
    return rated(words, first, first.name)


def _by_group(cohort: Cohort, both: Refit) -> pl.DataFrame:
    """Shares by the group of landscape.group_by or --group, else by the lesion's role; 0 where none was needed."""
    found = cohort.sample_groups(cohort.params(LandscapeParams).group_by)
    found = group_of_samples(cohort.study, "role") if found is None else found
    groups = found.select("sample_id", "group")
    fitted = both.fits.filter((pl.col("part") == "sample") & (pl.col("status") == "fitted"))
    mine = both.exposures.filter(pl.col("part") == "sample")
    names = mine.select("kind", "signature").unique().sort("kind", "signature")
    grid = fitted.select("patient_id", "sample_id", "kind").join(names, on="kind", how="inner")
    values = grid.join(mine.select("sample_id", "signature", "share"), on=["sample_id", "signature"], how="left")
    return values.join(groups, on="sample_id", how="left", maintain_order="left").select(
        "sample_id", "patient_id", "group", measure="signature", value=pl.col("share").fill_null(0.0)
    )


def _notes(both: Refit, tables: dict[str, Signatures | None]) -> tuple[str, ...]:
    notes = []
    lost = int(both.fits.filter((pl.col("part") == "sample") & (pl.col("kind") == "SBS"))["n_unknown"].sum())
    if lost:
        notes.append(f"{lost:,} substitutions have no class: the bases around them are not known, or do not fit.")
    if tables["ID"] is None or not both.fits.filter((pl.col("kind") == "ID") & (pl.col("n") > 0)).height:
        notes.append("Insertions and deletions are not classified: that needs a FASTA of the genome.")
    artefacts = both.exposures.filter(pl.col("aetiology") == "possible sequencing artefact")["signature"]
    artefacts = artefacts.unique().sort()
    if len(artefacts):
        notes.append(f"Possible sequencing artefacts among the signatures needed: {', '.join(artefacts)}.")
    if any(table is not None for table in tables.values()):
        notes.append("Flat signatures (SBS3, SBS5, SBS40) are told apart only with many mutations: see 'needed'.")
    return tuple(notes)


def _figures(both: Refit, spectra: pl.DataFrame, table: Signatures | None) -> list[Figure]:
    from oncourse.plots.bars import interval_bars
    from oncourse.plots.signatures import spectrum_svg

    single = spectra.filter((pl.col("part") == "sample") & (pl.col("kind") == "SBS"))
    whole = single.group_by("class").agg(pl.col("n").sum())
    seen = dict(whole.drop_nulls("class").iter_rows())
    who = single.filter(pl.col("n") > 0).drop_nulls("class").group_by("class").agg(pl.col("patient_id").unique().sort())
    by = dict(who.iter_rows())
    counts = np.array([seen.get(c, 0) for c in SBS96], float)
    mine = both.exposures.filter((pl.col("part") == "cohort") & (pl.col("kind") == "SBS"))
    rebuilt = None
    if table is not None and mine.height:
        weight = np.array([dict(mine.select("signature", "n").iter_rows()).get(s, 0.0) for s in table.names])
        by_class = dict(zip(table.classes, weight @ table.matrix, strict=True))
        rebuilt = np.array([by_class.get(c, 0.0) for c in SBS96])
    figures = [
        Figure(
            "spectrum",
            "Substitutions by their neighbours",
            "All classified substitutions of all samples in the "
            "96 classes; dots: what the signatures needed rebuild. Table signatures/spectra.",
            partial(spectrum_svg, SBS96, counts, rebuilt, [by.get(c, []) for c in SBS96]),
        )
    ]
    if mine.height:
        rows = mine.head(15)
        labels = [f"{s} ({a})" if a else s for s, a in rows.select("signature", "aetiology").iter_rows()]
        words = [f"{n:,.0f}" for n in rows["n"]]
        fit = both.exposures.filter((pl.col("part") == "sample") & (pl.col("kind") == "SBS") & (pl.col("n") > 0))
        needed = dict(fit.group_by("signature").agg(pl.col("patient_id").unique().sort()).iter_rows())
        figures.append(
            Figure(
                "cohort",
                "Signatures of all mutations together",
                "Share of the classified mutations with the "
                "95 % interval of resampled spectra; number of mutations beside.",
                partial(
                    interval_bars,
                    labels,
                    rows["share"].to_list(),
                    rows["ci_low"].to_list(),
                    rows["ci_high"].to_list(),
                    words,
                    xlabel="share of mutations",
                    people=[needed.get(s, []) for s in rows["signature"]],
                ),
            )
        )
    figures += _stacked(
        both,
        ("sample",),
        "samples",
        "Signatures by sample",
        "Shares by sample with enough mutations (number on top). Intervals in table signatures/exposures.",
    )
    figures += _stacked(
        both,
        ("shared", "private"),
        "early_late",
        "Signatures early and late",
        "Of patients with several samples: what all of them share (early) beside what one has alone (late), where there "
        "are enough mutations (number on top). Intervals in table signatures/exposures.",
    )
    return figures


def _stacked(both: Refit, parts: tuple[str, ...], name: str, title: str, caption: str) -> list[Figure]:
    """The shares of every fitted spectrum of these parts, by patient, the shared one first; nothing where none is."""
    from oncourse.plots.signatures import stacked_svg

    mine, keys = (pl.col("kind") == "SBS") & pl.col("part").is_in(parts), ["part", "patient_id", "sample_id"]
    fitted = both.fits.filter(mine & (pl.col("status") == "fitted"))
    fitted = fitted.sort("patient_id", pl.col("part") == "private", "sample_id", maintain_order=True)
    if fitted.is_empty():
        return []
    own, shares = both.exposures.filter(mine), {}
    for signature in own["signature"].unique().sort():
        of = own.filter(pl.col("signature") == signature).select(*keys, "share")
        joined = fitted.join(of, on=keys, how="left", maintain_order="left", nulls_equal=True)
        shares[signature] = joined["share"].fill_null(0.0).to_list()
    words = {"sample": "{1}", "shared": "{0} early", "private": "{1} late"}
    labels = [words[part].format(patient, sample) for part, patient, sample in fitted.select(keys).iter_rows()]
    people, ordered = fitted["patient_id"].to_list(), len(parts) > 1
    draw = partial(stacked_svg, labels, shares, fitted["n"].to_list(), people, ordered=ordered)
    return [Figure(name, title, caption, draw)]
