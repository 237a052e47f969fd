"""What a reader of the concordance must know beside its numbers: noise, withheld shares, guesses, swaps."""

from __future__ import annotations

import polars as pl

from oncourse.derive.concordance.pairs import PairTable
from oncourse.derive.concordance.presence import PresenceTable
from oncourse.derive.concordance.withheld import hidden_by_errors

#: Samples named in a note; the others are in the table it names.
MANY = 12

#: What is set apart, as a reader says it.
_BLOOD = {
    "germline": "germline",
    "possible_germline": "possible germline",
    "chip": "clonal haematopoiesis",
    "possible_chip": "possible clonal haematopoiesis",
}


#: The comparisons without a shared fraction: rows of the summary.
_WITHOUT = (
    (pl.col("set") == "all")
    & (pl.col("chip") == "without")
    & (pl.col("n_variants") > 0)
    & (pl.col("estimand") == "shared_fraction_assessable")
    & pl.col("estimate").is_null()
)


def hidden_comparisons(
    summary: pl.DataFrame, presence: PresenceTable, pairs: PairTable, min_power: float
) -> dict[str, tuple[int, int]]:
    """The comparisons without a shared fraction because errors hide small clones: at how many sites, of how many."""
    found = {}
    for comparison in summary.filter(_WITHOUT)["comparison"]:
        main = pairs.pairs.filter("is_main", pl.col("comparison") == comparison)
        here = pairs.variants.join(main.select("pair"), on="pair", how="semi")
        found[comparison] = hidden_by_errors(presence, here, min_power)
    return {comparison: sites for comparison, sites in found.items() if sites is not None}


def withheld_notes(
    summary: pl.DataFrame, hidden: dict[str, tuple[int, int]], noisy: tuple[str, ...]
) -> tuple[str, ...]:
    """A note per comparison without a shared fraction: errors hide small clones (`hidden_comparisons`), most of its
    samples may have more errors than told, or its mutations could only be judged where both samples have them."""
    notes = []
    for comparison, n in summary.filter(_WITHOUT).select("comparison", "n_variants").iter_rows():
        if comparison in hidden:
            undecided, sites = hidden[comparison]
            notes.append(
                f"{comparison}: at {undecided} of {sites} sites where a clone would have been seen the reads are as "
                "likely errors as a small clone; what can be decided is mostly there, and no shared fraction is given."
            )
        elif comparison in noisy:
            notes.append(
                f"{comparison}: most samples have, or may have, more errors than told. Errors at one place of both "
                "samples look like a mutation that both have: no shared fraction is given."
            )
        else:
            notes.append(
                f"{comparison}: {n} mutations were found in both samples, and in no sample could one have been judged "
                "absent: no shared fraction is given."
            )
    return tuple(notes)


def without_a_share(summary: pl.DataFrame) -> tuple[str, ...]:
    """The comparisons whose shared fraction is withheld."""
    return tuple(summary.filter(_WITHOUT)["comparison"])


#: A mutation of less than this share of a sample's tumour cells may be errors that sit in few places: five reads in a
#: hundred are a clone of a tenth to a third of the cells at purities of 1 to .3. A choice.
SMALL_CLONE = 0.5


def few_places_notes(presence: PresenceTable, pairs: PairTable, withheld: tuple[str, ...]) -> tuple[str, ...]:
    """A note per comparison with a shared fraction: how many mutations are shared without small clones, which errors in
    few places look like (nothing tells such errors: they name no sample)."""
    if presence.kernel is None:
        return ()
    cells = presence.cells
    small = cells.select((pl.col("ccf") < SMALL_CLONE) & (pl.col("basis") == "counted")).to_series().fill_null(False)
    main = pairs.pairs.filter("is_main", ~pl.col("comparison").is_in(withheld)).select("pair", "comparison")
    judged = pairs.variants.filter(pl.col("state") != "not_assessable", pl.col("blood").is_null()).join(main, on="pair")
    few_a, few_b = (small.gather(judged[f"cell_{s}"].to_numpy()) for s in "ab")
    found = (
        judged.with_columns(few=few_a | few_b)
        .group_by("comparison")
        .agg(
            n=pl.len(),
            shared=(~pl.col("state").is_in(["private_a", "private_b"])).sum(),
            few=((pl.col("state") == "shared") & pl.col("few")).sum(),
        )
    )
    return tuple(
        f"{comparison}: errors that sit in few places look like small clones, and nothing tells them apart. Of "
        f"{shared} shared mutations {few} are in less than half of the tumour cells of one of the samples; without them "
        f"{shared - few} of {n} judged mutations are shared."
        for comparison, n, shared, few in found.sort("comparison").iter_rows()
        if few
    )


def concordance_notes(presence: PresenceTable, counts: pl.DataFrame, related: pl.DataFrame) -> tuple[str, ...]:
    cells, notes = presence.cells, []
    assumed = cells.filter(pl.col("basis") == "assumed").height
    if assumed:
        notes.append(
            f"{assumed:,} of {cells.height:,} judgements (variant in a sample) rest on an assumed depth or a bare "
            f"call: the "
            "reads were not counted there. Counting every variant in every sample of its patient would settle them."
        )
    guessed = presence.samples.filter(pl.col("purity_basis") == "estimated")
    if guessed.height:
        n_open = guessed["purity"].null_count()
        notes.append(
            f"Purity or tumour fraction of {guessed.height} samples was not given and was estimated from their "
            "variants." + (f" Of {n_open} the reads set no lower limit: it is not known." if n_open else "")
        )
    noisy = presence.samples.drop_nulls("noise")
    if noisy.height:
        named = [f"{s} ({word})" for s, word in noisy.select("sample_id", "noise").head(MANY).iter_rows()]
        notes.append(
            f"The reads of {noisy.height} of {presence.samples.height} samples are, or may be, noisier than told, as "
            "FFPE, oxidation or contamination make them. They are judged at their own noise (concordance/samples, noise). "
            + " ".join(f"{text}." for text in named)
            + (" And more." if noisy.height > MANY else "")
        )
    if presence.kernel is not None and presence.kernel.background.told_apart < 1:
        notes.append(
            "Whether errors exceed those told could not be learned, or not in full: nearly all mutations are in nearly all "
            "samples. Where errors are ten times as many, up to one in five mutations that a sample lacks would be "
            "called present. Samples whose few reads the errors that are possible would show are named, and their "
            "sites (concordance/states, reason few_reads)."
        )
    blood = cells.filter(pl.col("blood").is_not_null())
    if blood.height:
        kinds = blood.select("site", "blood").unique().group_by("blood").len().sort("blood")
        words = ", ".join(f"{_BLOOD.get(kind, kind)} {n}" for kind, n in kinds.iter_rows())
        notes.append(f"Variants set apart or shown both ways as not of the tumour: {words}.")
    doubtful = related.filter(pl.col("is_main") & pl.col("verdict").is_in(["unrelated", "swap", "second_primary"]))
    for row in doubtful.iter_rows(named=True):
        notes.append(
            f"Patient {row['patient_id']}: {row['sample_a']} and {row['sample_b']} show no common origin "
            f"({row['verdict'].replace('_', ' ')}); check for a swap or a second primary."
        )
    merged = cells.filter(pl.col("written_as").is_not_null() & (pl.col("written_as") != pl.col("variant_id")))
    if merged.height:
        notes.append(f"{merged.height} calls of indels written at another place were taken as the same variant.")
    return tuple(notes)
