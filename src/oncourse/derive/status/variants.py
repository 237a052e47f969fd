"""Every variant of every patient in the genes that knowledge asks for: origin, where it was seen, whether it is new."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.derive.genes.hotspot_sites import with_codon_by_position
from oncourse.facts.absence import BY_CALLS, absent_by_calls
from oncourse.facts.called import is_called_expr
from oncourse.facts.inborn import GERMLINE_VAF, KEY, inborn
from oncourse.facts.material import TUMOUR, is_normal, is_tumour
from oncourse.genome.effect import consequences
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.gene_sets import gene_set
from oncourse.genome.protein import codon_of, short_change
from oncourse.knowledge.alterations import current_numbering, loss_reason
from oncourse.knowledge.classified import Classified, listings
from oncourse.knowledge.evaluate import germline_relevant
from oncourse.knowledge.findings import VariantFinding
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.derive.concordance.presence import PresenceTable

_EFFECTS = {
    "splice_site": "splice",
    "nonsense": "nonsense",
    "frameshift": "frameshift",
    "start_lost": "start_loss",
    "inframe_insertion": "inframe",
    "inframe_deletion": "inframe",
    "protein_altering": "inframe",
    "missense": "missense",
    "stop_lost": "missense",
    "synonymous": "silent",
    "upstream": "promoter",
}
#: Share of the tumour sample's fraction that white cells show at the least where they are what the variant is of (choice;
#: less is tumour in the blood).
OF_BLOOD = 0.3
#: From this allele fraction a repair-gene variant of a patient without a matched normal may be germline.
POSSIBLE_GERMLINE_VAF = 0.40
#: Genes of inherited cancer that are genes of blood clones, too, and effects of their variants that harm for certain.
INHERITED = frozenset({"BRCA1", "BRCA2", "ATM", "PALB2", "CHEK2", "TP53"})
_TRUNCATING = ("frameshift", "nonsense", "splice")
#: Share of plasma's reads from which such a variant is not taken for a blood clone: one of 40 % is of 80 % of the blood
#: cells (clones hold a few to some 30 % of reads: Jaiswal 2014, Genovese 2014); an inherited one has 50 %. Own choice.
INHERITED_VAF = 0.40
#: A second variant within so many codons of a truncating one may restore its reading frame.
REVERSION_CODONS = 50
#: Cell fraction from which a plasma variant is too frequent for a blood clone beside the tumour.
NOT_CHIP_CCF = 0.5
#: Mean cell fraction from which a variant is called clonal in a sample (page text only).
CLONAL_CCF = 0.8


def effect_of(consequence: str | None, change: str) -> str:
    """Return the effect of a variant; where it is not annotated, from the protein change.

    >>> effect_of("frameshift", "R248fs"), effect_of(None, "G12C"), effect_of(None, "X123_splice"), effect_of(None, "")
    ('frameshift', 'missense', 'splice', 'other')
    """
    if consequence in _EFFECTS:
        return _EFFECTS[consequence]
    if consequence not in (None, "unknown"):
        return "other"
    if change.endswith("splice"):
        return "splice"
    if change.endswith("fs"):
        return "frameshift"
    if change.endswith("*"):
        return "nonsense"
    if any(word in change for word in ("del", "ins", "dup")):
        return "inframe"
    return "missense" if codon_of(change) else "other"


def variant_rows(
    study: Study,
    genes: Collection[str],
    classified: Classified | None = None,
    germline_vaf: float = GERMLINE_VAF,
) -> pl.DataFrame:
    """Return the called variants of `genes` that may change the gene's product, in every sample, normals included.

    Columns: patient_id, sample_id, material, day, tumor_fraction, variant_id, gene (today's symbol), change, effect,
    codon (of the change, else by position at a hotspot; 0: at none; null: not known), hgvs_c, alt_count, depth,
    origin (germline in every sample of a patient born with it, see `oncourse.facts.inborn`), listed, listed_by
    (`oncourse.knowledge.classified.listings`); sorted.
    """
    variants = study["variants"].drop_nulls("gene")
    symbols = variants["gene"].unique().to_list()
    named = {s: current_symbol(s) for s in symbols}
    wanted = [s for s in symbols if named[s] in genes]
    variants = variants.filter(pl.col("gene").is_in(wanted)).select(
        "variant_id", "gene", "hgvs_c", "hgvs_p", "consequence", "pathogenicity"
    )
    consequence = consequences(variants["consequence"]).to_list() if variants.height else []
    gene = [named[g] for g in variants["gene"]]
    change = [current_numbering(g, short_change(p)) if p else "" for g, p in zip(gene, variants["hgvs_p"], strict=True)]
    effect = [effect_of(c, p) for c, p in zip(consequence, change, strict=True)]
    variants = variants.select(
        "variant_id",
        "hgvs_c",
        "pathogenicity",
        pl.Series("gene", gene, pl.String),
        pl.Series("change", change, pl.String),
        pl.Series("effect", effect, pl.String),
        pl.Series("codon", [codon_of(c) for c in change], pl.Int64),
    )
    variants = with_codon_by_position(variants, study.config.genome_build)
    variants = _with_splicing(listings(variants, classified, study.config.genome_build), study["variants"])
    samples = study["samples"].select("sample_id", "patient_id", "material", "day", "tumor_fraction", "assay_id")
    assays = study["assays"].select("assay_id", "min_alt_count", "min_vaf")
    return (
        study["calls"]
        .join(variants, on="variant_id", how="inner")
        .join(samples.join(assays, on="assay_id", how="left"), on="sample_id", how="inner")
        .filter(is_called_expr() & ~pl.col("effect").is_in(["silent", "other"]))
        .join(inborn(study, germline_vaf).with_columns(born=pl.lit("germline")), on=KEY, how="left")
        .with_columns(origin=pl.coalesce("born", "origin"))
        .select(
            "patient_id",
            "sample_id",
            "material",
            "day",
            "tumor_fraction",
            "variant_id",
            "gene",
            "change",
            "effect",
            "codon",
            "hgvs_c",
            "alt_count",
            "depth",
            "origin",
            "listed",
            "listed_by",
        )
        .sort("patient_id", "gene", "variant_id", "day", "sample_id", nulls_last=True)
    )


#: Words of effects on no residue by which a change that is called pathogenic acts on splicing.
_BESIDE_EXONS = ("splice_region", "intron", "synonymous")


def _with_splicing(rows: pl.DataFrame, variants: pl.DataFrame) -> pl.DataFrame:
    """Take a change in or beside an intron that is listed as pathogenic (MSH2 c.942+3A>T) for one of splicing."""
    told = variants.select("variant_id", _word="consequence").unique("variant_id")
    acts = (pl.col("listed") == "pathogenic") & pl.col("_word").is_in(_BESIDE_EXONS)
    acts &= pl.col("effect").is_in(["silent", "other"])
    rows = rows.join(told, on="variant_id", how="left", maintain_order="left")
    return rows.with_columns(pl.when(acts).then(pl.lit("splice")).otherwise("effect").alias("effect")).drop("_word")


def called_rows(study: Study) -> pl.DataFrame:
    """Return the called variants of every tumour sample, germline apart, with what is known of the variant.

    Columns: patient_id, those of calls, gene, hgvs_c, hgvs_p, consequence; sorted by patient, variant, sample.
    """
    samples = study["samples"].filter(is_tumour())
    assays = study["assays"].select("assay_id", "min_alt_count", "min_vaf")
    known = study["variants"].select("variant_id", "gene", "hgvs_c", "hgvs_p", "consequence")
    return (
        study["calls"]
        .join(samples.select("sample_id", "patient_id", "assay_id"), on="sample_id", how="inner")
        .join(assays, on="assay_id", how="left")
        .filter(is_called_expr())
        .join(inborn(study), on=KEY, how="anti")
        .join(known.with_columns(consequence=consequences(known["consequence"])), on="variant_id", how="left")
        .select(
            "patient_id",
            "sample_id",
            "variant_id",
            "alt_count",
            "depth",
            "origin",
            "gene",
            "hgvs_c",
            "hgvs_p",
            "consequence",
        )
        .sort("patient_id", "variant_id", "sample_id")
    )


def blood_classes(study: Study, rows: pl.DataFrame, presence: PresenceTable | None) -> dict[tuple[str, str], str]:
    """Return (patient, variant) -> germline, chip or possible_chip.

    What presence says counts first (recorded origin, reads in white cells or normal, blood-clone pattern), then what is
    called in white cells or a normal whose file knows no origin (`_of_blood`). Beside it
    every called variant seen only in plasma, in a gene of that set of gene_sets.tsv, of a patient in whom no white
    cells or normal were counted at the site, is possible CHIP, unless its cell fraction is `NOT_CHIP_CCF` or more, or it may
    be inherited (`_may_be_inherited`).
    """
    found: dict[tuple[str, str], str] = {}
    said = pl.col("origin").is_in(["germline", "chip"]).fill_null(False)
    keys = ("patient_id", "variant_id")
    for patient, variant, origin in rows.filter(said).select(*keys, "origin").iter_rows():
        found[(patient, variant)] = origin
    unsaid = rows.filter(~said & (pl.col("origin") != "somatic").fill_null(True))
    in_blood = unsaid.filter(~is_tumour()).select(keys).unique()
    unsaid = unsaid.join(in_blood, on=keys, how="semi", maintain_order="left")
    for (patient, variant), group in _groups(unsaid, list(keys)):
        if meaning := _of_blood(group):
            found.setdefault((patient, variant), meaning)
    if presence is not None and presence.cells.height:
        blood = presence.cells.select("patient_id", "variant_id", "blood").drop_nulls("blood").unique()
        found.update({(p, v): b for p, v, b in blood.iter_rows()})
    counted = _counted_in_blood(study)
    chip = gene_set("blood clone in plasma alone")
    tumour = rows.filter(is_tumour() & pl.col("gene").is_in(chip))
    ccf = 2 * pl.col("alt_count") / pl.col("depth") / pl.col("tumor_fraction")
    only = tumour.group_by("patient_id", "variant_id").agg(
        (pl.col("material") == "plasma").all().alias("only_plasma"), ccf.max().fill_null(0.0).alias("ccf")
    )
    columns = ["patient_id", "variant_id", "gene", "material", "alt_count", "depth", "effect"]
    inherited = {
        key for key, group in _groups(tumour.select(columns).sort(keys), list(keys)) if _may_be_inherited(group)
    }
    for patient, variant, fraction in only.filter("only_plasma").select("patient_id", "variant_id", "ccf").iter_rows():
        key = (patient, variant)
        if key in inherited:
            continue
        if key not in found and key not in counted and not fraction >= NOT_CHIP_CCF:
            found[key] = "possible_chip"
    return found


def _may_be_inherited(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a truncating variant of `INHERITED` holds so many of plasma's reads that a blood clone is unlikely.

    >>> def row(gene, effect, alt):
    ...     return dict(gene=gene, effect=effect, alt_count=alt, depth=1000, material="plasma")
    >>> several = (("BRCA2", "frameshift", 520), ("TP53", "nonsense", 60), ("TP53", "missense", 480))
    >>> [_may_be_inherited([row(*of)]) for of in several]
    [True, False, False]
    """
    return any(
        r["gene"] in INHERITED
        and r["material"] == "plasma"
        and r["effect"] in _TRUNCATING
        and bool(r["depth"])
        and r["alt_count"] is not None
        and r["alt_count"] >= INHERITED_VAF * r["depth"]
        for r in rows
    )


def _of_blood(group: Sequence[Mapping[str, Any]]) -> str | None:
    """Return chip or germline of a variant that is called in white cells or in a normal and of whose origin nothing is
    said; null where the tumour holds so much more of it that it got into them from there.

    The reads of a normal say what is inborn (`oncourse.facts.inborn`); here it speaks where they were not counted, or by
    a study of one's own.

    >>> def row(material, alt, origin="unknown"):
    ...     return {"material": material, "alt_count": alt, "depth": 1000, "origin": origin}
    >>> _of_blood([row("plasma", 30), row("white_cells", 25)]), _of_blood([row("tissue", 300), row("white_cells", 20)])
    ('chip', None)
    >>> _of_blood([row("tissue", 300), row("normal", 40)]), _of_blood([row("tissue", 300), row("normal", 400, None)])
    (None, 'germline')
    """
    shares = [(r["material"], r["alt_count"] / r["depth"]) for r in group if r["alt_count"] is not None and r["depth"]]
    highest = max((share for material, share in shares if material in TUMOUR), default=0.0)
    white = [r for r in group if r["material"] == "white_cells"]
    in_white = max((share for material, share in shares if material == "white_cells"), default=1.0)
    if white and in_white >= OF_BLOOD * highest:
        return "chip"
    normal = any(r["material"] == "normal" and (r["origin"] is None or r["alt_count"] is None) for r in group)
    return "germline" if normal else None


def _counted_in_blood(study: Study) -> set[tuple[str, str]]:
    """(patient, variant) of sites counted in white cells or a normal: a blood clone would have been seen."""
    normals = study["samples"].filter(is_normal())
    rows = (
        study["calls"]
        .filter(pl.col("depth") > 0)
        .join(normals.select("sample_id", "patient_id"), on="sample_id", how="inner")
    )
    return set(rows.select("patient_id", "variant_id").iter_rows())


def where_seen(presence: PresenceTable | None) -> dict[tuple[str, str], str]:
    """Return (patient, variant) -> words: in which of the patient's samples it is, is not, and cannot be told."""
    if presence is None or presence.cells.is_empty():
        return {}
    info = presence.samples.select("sample_id", "material", "role", "day")
    cells = presence.cells.select(
        "patient_id", "variant_id", "sample_id", "state", "ccf", by_calls=absent_by_calls()
    ).join(info, on="sample_id", how="left")
    tissue = pl.col("material") == "tissue"
    present, absent = pl.col("state") == "present", pl.col("state") == "absent"
    latest = (tissue & pl.col("role").is_in(["metastasis", "local_recurrence"])).fill_null(False)
    table = (
        cells.sort("patient_id", "variant_id", "day", "sample_id")
        .group_by("patient_id", "variant_id")
        .agg(
            tissue.sum().alias("n"),
            (tissue & present).sum().alias("yes"),
            pl.col("sample_id").filter(tissue & absent & ~pl.col("by_calls")).str.join(", ").alias("absent"),
            pl.col("sample_id").filter(tissue & pl.col("by_calls")).str.join(", ").alias("uncalled"),
            pl.col("sample_id").filter(tissue & ~present & ~absent).str.join(", ").alias("unclear"),
            (~tissue).sum().alias("n_plasma"),
            (~tissue & present).sum().alias("plasma"),
            (~tissue & pl.col("by_calls")).sum().alias("plasma_uncalled"),
            (~tissue & ~present & ~absent).sum().alias("plasma_unclear"),
            pl.col("state").filter(latest).last().alias("last"),
            pl.col("by_calls").filter(latest).last().alias("last_uncalled"),
            (tissue & present).any().alias("earlier"),
            pl.col("ccf").filter(tissue & present).min().alias("low"),
            pl.col("ccf").filter(tissue & present).max().alias("high"),
        )
    )
    words = {}
    for row in table.iter_rows(named=True):
        words[(row["patient_id"], row["variant_id"])] = _words(row)
    return words


def _words(row: dict) -> str:  # type: ignore[type-arg]
    n, yes, said = row["n"], row["yes"], []
    if n and yes == n:
        said.append(_in_all(n, "tissue"))
    elif yes:
        said.append(f"in {yes} of {n} tissue samples")
    elif row["plasma"]:
        only = f"only in plasma, {BY_CALLS}" if row["uncalled"] else "only in plasma"
        said.append(only if n and not row["unclear"] else "in plasma")
    if row["absent"] and (yes or row["plasma"]):
        said.append(f"absent in {row['absent']}")
    if row["uncalled"] and (yes or row["plasma"]):
        said.append(f"not called in {row['uncalled']}, where its reads were not counted")
    if row["unclear"]:
        said.append(f"not assessable in {row['unclear']}")
    if row["last"] == "absent" and row["earlier"]:
        said.append("lost in the latest metastasis" + (f" {BY_CALLS}" if row["last_uncalled"] else ""))
    if row["n_plasma"] and yes:
        k, of = row["plasma"], row["n_plasma"]
        said.append(_in_all(of, "plasma") if k == of else f"in {k} of {of} plasma samples" + _unsure(row))
    if row["low"] is not None:
        low, high = row["low"], row["high"]
        said.append("clonal" if low >= CLONAL_CCF else "subclonal" if high < CLONAL_CCF else "clonal in some samples")
    return "; ".join(said)


def _in_all(n: int, material: str) -> str:
    """
    >>> _in_all(1, "tissue"), _in_all(2, "plasma"), _in_all(3, "tissue")
    ('in the tissue sample', 'in both plasma samples', 'in all 3 tissue samples')
    """
    return f"in the {material} sample" if n == 1 else f"in {'both' if n == 2 else f'all {n}'} {material} samples"


def _unsure(row: dict) -> str:  # type: ignore[type-arg]
    """How many of the plasma samples without it were not looked at, or could not have shown it."""
    uncalled, unclear = row["plasma_uncalled"], row["plasma_unclear"]
    parts = (f"{uncalled} {BY_CALLS}" if uncalled else "", f"{unclear} not assessable" if unclear else "")
    return f" ({', '.join(filter(None, parts))})" if any(parts) else ""


def patient_variants(
    study: Study,
    rows: pl.DataFrame,
    blood: dict[tuple[str, str], str],
    where: dict[tuple[str, str], str],
    decision: dict[str, str],
    new: dict[tuple[str, str], tuple[str, ...]],
    alleles: dict[str, dict[str, bool]],
    plasma: Mapping[str, str] | None = None,
) -> dict[str, tuple[VariantFinding, ...]]:
    """Return the VariantFindings of each patient.

    Parameters
    ----------
    rows : `variant_rows`; blood : `blood_classes`; where : `where_seen`
    decision : patient -> sample nearest the decision; new : (patient, variant) -> classes it emerged under
    alleles : patient -> gene -> whether an allele is lost; no entry = not known
    plasma : patient -> the latest plasma that shows tumour DNA; None, or no entry: every plasma counts
    """
    normals = study["samples"].filter(is_normal())
    with_normal = set(normals["patient_id"])
    found: dict[str, list[VariantFinding]] = {}
    first_day: dict[str, dict[str, int]] = {}
    samples: dict[str, dict[str, frozenset[str]]] = {}
    keys = ["patient_id", "gene", "variant_id"]
    for (patient, gene, variant), group in _groups(rows, keys):
        first = group[0]
        key = (patient, variant)
        tumour = [r for r in group if r["material"] in TUMOUR]
        origin = blood.get(key) or _origin(tumour, gene, patient in with_normal)
        if not tumour and origin != "germline":
            continue
        days = [r["day"] for r in tumour if r["day"] is not None]
        if days:
            first_day.setdefault(patient, {})[variant] = min(days)
        finding = VariantFinding(
            gene=gene,
            change=first["change"],
            effect=first["effect"],
            origin=origin,
            codon=first["codon"],
            materials=tuple(sorted({r["material"] for r in tumour})) or ("tissue",),
            in_decision=any(r["sample_id"] == decision.get(patient) for r in tumour),
            in_latest_plasma=_in_latest(tumour, (plasma or {}).get(patient)),
            is_biallelic=alleles.get(patient, {}).get(gene),
            hgvs_c=first["hgvs_c"] or "",
            variant_id=variant,
            seen=_seen(tumour or group),
            where=where.get(key, ""),
            is_new_on=new.get(key, ()),
            listed=first["listed"],
            listed_by=first["listed_by"],
        )
        found.setdefault(patient, []).append(finding)
        samples.setdefault(patient, {})[variant] = frozenset(r["sample_id"] for r in tumour)
    return {p: tuple(_reversions(_two_hits(v, samples[p]), first_day.get(p, {}))) for p, v in found.items()}


@dataclass(frozen=True)
class SeenVariants:
    """The called variants of a set of genes: rows (`variant_rows`), blood (`blood_classes`).

    plasma : patient_id, sample_id, day, has_tumour: which plasma is ctDNA-positive.
    """

    rows: pl.DataFrame
    blood: dict[tuple[str, str], str]
    plasma: pl.DataFrame


def seen_variants(
    study: Study,
    presence: PresenceTable | None,
    genes: Collection[str],
    plasma: pl.DataFrame,
    classified: Classified | None = None,
    germline_vaf: float = GERMLINE_VAF,
) -> SeenVariants:
    """Return what was called in `genes`, with what is of the blood, beside which plasma is ctDNA-positive."""
    rows = variant_rows(study, genes, classified, germline_vaf)
    blood = blood_classes(study, rows, presence)
    return SeenVariants(rows, blood, plasma)


def _in_latest(tumour: list[dict[str, Any]], latest: str | None) -> bool:
    return latest is None or any(r["sample_id"] == latest for r in tumour)


def _groups(rows: pl.DataFrame, keys: list[str]):  # type: ignore[no-untyped-def]
    """Yield (key, rows as dicts) of consecutive rows with the same key; `rows` is sorted by them."""
    current: tuple[Any, ...] | None = None
    held: list[dict[str, Any]] = []
    for row in rows.iter_rows(named=True):
        key = tuple(row[k] for k in keys)
        if key != current and held:
            yield current, held
            held = []
        current = key
        held.append(row)
    if held:
        yield current, held


def _origin(tumour: list[dict], gene: str, has_normal: bool) -> str:  # type: ignore[type-arg]
    stated = {r["origin"] for r in tumour}
    if "somatic" in stated or has_normal:
        return "somatic"
    vafs = [r["alt_count"] / r["depth"] for r in tumour if r["depth"] and r["alt_count"] is not None]
    if gene in germline_relevant() and vafs and max(vafs) >= POSSIBLE_GERMLINE_VAF:
        return "possible_germline"
    if _may_be_inherited(tumour) and all(r["material"] == "plasma" for r in tumour):
        return "possible_germline"
    return "unknown"


def _seen(rows: list[dict]) -> str:  # type: ignore[type-arg]
    words = []
    for r in rows[:6]:
        if r["depth"] is None or r["alt_count"] is None:
            words.append(f"{r['sample_id']} (reads not recorded)")
        else:
            words.append(f"{r['sample_id']}: {r['alt_count']} of {r['depth']} reads")
    more = f" and {len(rows) - 6} more samples" if len(rows) > 6 else ""
    return "; ".join(words) + more


def _two_hits(variants: list[VariantFinding], samples: Mapping[str, frozenset[str]]) -> list[VariantFinding]:
    """Two different losses of one gene in one sample: both alleles may be hit (phase not known), taken as biallelic.

    Losses of two lesions hit one allele of each; an inherited loss is in every sample. samples : variant -> those of the
    tumour that show it.
    """
    from dataclasses import replace

    losses: dict[str, list[VariantFinding]] = {}
    for v in variants:
        if loss_reason(v)[0] and not v.is_from_blood:
            losses.setdefault(v.gene, []).append(v)

    def together(a: VariantFinding, b: VariantFinding) -> bool:
        return "germline" in (a.origin, b.origin) or bool(samples[a.variant_id] & samples[b.variant_id])

    both = {gene for gene, found in losses.items() if any(together(a, b) for a, b in combinations(found, 2))}
    return [replace(v, is_biallelic=True) if not v.is_biallelic and v.gene in both else v for v in variants]


def _reversions(variants: list[VariantFinding], first_day: dict[str, int]) -> list[VariantFinding]:
    """Mark variants that restore the reading frame of an earlier truncating variant of BRCA1, BRCA2 or PALB2.

    The earlier one is germline, or was seen on an earlier day. A frameshift is restored by an indel within
    `REVERSION_CODONS` codons whose length makes the sum divisible by three; a truncating variant by an in-frame
    deletion that spans its codon, or by another missense or in-frame change at a nonsense codon.
    """
    from dataclasses import replace

    genes = {v.gene for v in variants if v.gene in ("BRCA1", "BRCA2", "PALB2")}
    if not genes:
        return variants
    marked = []
    for v in variants:
        restores = v.gene in genes and any(
            _restores(old, v) and _is_earlier(old, v, first_day)
            for old in variants
            if old.gene == v.gene and old.variant_id != v.variant_id and old.effect in ("frameshift", "nonsense")
        )
        # a restored frame of the tumour's own loss is the tumour's: a blood clone has nothing to restore
        origin = "unknown" if v.origin == "possible_chip" else v.origin
        marked.append(replace(v, is_reversion=True, origin=origin) if restores and origin != "germline" else v)
    return marked


def _is_earlier(old: VariantFinding, new: VariantFinding, first_day: dict[str, int]) -> bool:
    if old.origin == "germline":
        return True
    first, second = first_day.get(old.variant_id), first_day.get(new.variant_id)
    return first is not None and second is not None and first < second


def shift(variant_id: str) -> int:
    """Return the bases an indel adds (negative: removes).

    >>> shift("13:100:A:-"), shift("13:100:-:TT"), shift("13:100:A:T")
    (-1, 2, 0)
    """
    _, _, ref, alt = variant_id.split(":")
    return len(alt.replace("-", "")) - len(ref.replace("-", ""))


def _restores(old: VariantFinding, new: VariantFinding) -> bool:
    if old.codon is None or new.codon is None or abs(old.codon - new.codon) > REVERSION_CODONS:
        return False
    if old.variant_id.count(":") != 3 or new.variant_id.count(":") != 3:
        return False
    first, second = shift(old.variant_id), shift(new.variant_id)
    if old.effect == "frameshift" and first % 3 and second % 3 and (first + second) % 3 == 0:
        return True
    at_codon = new.codon == old.codon and new.effect in ("missense", "inframe")
    spans = second < 0 and second % 3 == 0 and new.codon <= old.codon < new.codon + (-second) // 3 + 1
    return spans or (old.effect == "nonsense" and at_codon)
