"""What hit each cancer gene of each patient: mutation, copy number, fusion, germline; driver or not, one allele or
both."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, lru_cache
from pathlib import Path

import polars as pl

from oncourse.derive.genes.gene_status import GeneStatus, within_gene_alone
from oncourse.derive.status.alleles import both_alleles
from oncourse.derive.status.variants import variant_rows
from oncourse.errors import InputError
from oncourse.facts.inborn import GERMLINE_VAF
from oncourse.facts.material import TUMOUR
from oncourse.genome.gene_sets import set_codons
from oncourse.genome.genes import gene_table, genes_of_role, hotspot_codons
from oncourse.knowledge.alterations import listed_genes, loss_reason
from oncourse.knowledge.classified import Classified
from oncourse.knowledge.findings import VariantFinding
from oncourse.study.model import Study

HIT_SCHEMA = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "gene": pl.String,
    "kind": pl.String,
    "variant_id": pl.String,
    "change": pl.String,
    "effect": pl.String,
    "alt_count": pl.Int64,
    "depth": pl.Int64,
    "driver": pl.String,
    "rule": pl.String,
}
ALTERATION_SCHEMA = {
    "patient_id": pl.String,
    "gene": pl.String,
    "kinds": pl.String,
    "changes": pl.String,
    "samples": pl.String,
    "n_hits": pl.Int64,
    "driver": pl.String,
    "driver_samples": pl.String,
    "rule": pl.String,
    "is_biallelic": pl.Boolean,
    "basis": pl.String,
}
#: Strongest word first.
DRIVER_ORDER = ("driver", "unknown")
LOSSES = ("nonsense", "frameshift", "splice", "start_loss")


def cancer_genes() -> frozenset[str]:
    """Genes of genes.tsv: those whose role is looked at."""
    return frozenset(gene_table()["gene"])


@cache
def _hotspots() -> frozenset[tuple[str, int]]:
    """(gene, codon) of hotspots.tsv and of the residues of the sets RAS and PIK3CA."""
    listed = {
        (gene, codon) for name in ("RAS", "PIK3CA") for gene, codons in set_codons(name).items() for codon in codons
    }
    return frozenset(listed | hotspot_codons())


def read_hotspots(path: Path) -> frozenset[tuple[str, int]]:
    """Read a user's hotspots: TSV with gene (or Hugo_Symbol) and codon (or Amino_Acid_Position)."""
    try:
        frame = pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path.name}: cannot be read as a table of hotspots ({error}).") from None
    names = {c.lower(): c for c in frame.columns}
    gene = next((names[n] for n in ("gene", "hugo_symbol") if n in names), None)
    codon = next((names[n] for n in ("codon", "amino_acid_position") if n in names), None)
    if gene is None or codon is None:
        raise InputError(
            f"{path.name}: hotspots need the columns gene and codon; found {', '.join(frame.columns[:8])}."
        )
    rows = frame.select(gene=gene, codon=pl.col(codon).cast(pl.Int64, strict=False)).drop_nulls()
    return frozenset(rows.iter_rows())


def hits_table(
    study: Study,
    status: GeneStatus,
    hotspots: str | None = None,
    classified: Classified | None = None,
    germline_vaf: float = GERMLINE_VAF,
) -> pl.DataFrame:
    """Return every hit of a gene of genes.tsv: `HIT_SCHEMA`, sorted.

    kind: mutation, germline, amplification, deletion, fusion, rearrangement (within the gene). driver: ``driver``, or
    ``unknown`` where no rule says so; rule: the first of `_mutation_rules` (copy number: `_copy_rules`) that holds. A
    germline variant is a hit only where it takes the protein of a suppressor away or is listed as pathogenic; blood clones
    are no hits.
    """
    rows = variant_rows(study, cancer_genes(), classified, germline_vaf).with_columns(
        kind=pl.when(pl.col("origin") == "germline").then(pl.lit("germline")).otherwise(pl.lit("mutation"))
    )
    tumour = pl.col("material").is_in(list(TUMOUR)) & ~pl.col("origin").is_in(["chip"]).fill_null(False)
    rows = rows.filter((pl.col("kind") == "germline") | tumour)
    extra = read_hotspots(Path(hotspots)) if hotspots else frozenset()
    known = _with_rule(rows, _hotspots() | extra)
    known = known.filter((pl.col("kind") == "mutation") | (pl.col("driver") == "driver"))
    return pl.concat([known.select(list(HIT_SCHEMA)), _events(status)]).sort(
        "patient_id", "gene", "sample_id", "variant_id"
    )


@lru_cache(maxsize=8)
def _spots(hotspots: frozenset[tuple[str, int]]) -> pl.DataFrame:
    """gene, codon, is_hotspot: true."""
    spots = pl.DataFrame(sorted(hotspots), schema={"gene": pl.String, "codon": pl.Int64}, orient="row")
    return spots.with_columns(is_hotspot=pl.lit(True))


def _with_rule(rows: pl.DataFrame, hotspots: Collection[tuple[str, int]]) -> pl.DataFrame:
    """Add driver and rule to variant rows."""
    rows = rows.join(_spots(frozenset(hotspots)), on=["gene", "codon"], how="left", maintain_order="left")
    rows = rows.join(
        _listed(rows),
        on=["gene", "change", "effect", "codon", "listed"],
        how="left",
        maintain_order="left",
        nulls_equal=True,
    )
    driver, rule = pl.lit("unknown"), pl.lit("no rule says that it drives")
    for when, word, text in reversed(_mutation_rules()):
        driver = pl.when(when).then(pl.lit(word)).otherwise(driver)
        rule = pl.when(when).then(pl.lit(text)).otherwise(rule)
    return rows.with_columns(driver=driver, rule=rule)


@cache
def _mutation_rules() -> list[tuple[pl.Expr, str, str]]:
    """The rules for mutations, first come first served: when, driver or unknown, in words with the source."""
    suppressor = pl.col("gene").is_in(sorted(genes_of_role("suppressor")))
    oncogene = pl.col("gene").is_in(sorted(genes_of_role("oncogene")))
    changed = pl.col("effect").is_in(["missense", "inframe"])
    truncating = pl.col("effect").is_in(list(LOSSES))
    return [
        (
            pl.col("is_loss").fill_null(False) & (pl.col("listed") == "pathogenic"),
            "driver",
            "loss by the classified changes of the study, or the laboratory",
        ),
        (pl.col("is_loss").fill_null(False), "driver", "loss by pathogenic.tsv and harmless_truncations.tsv"),
        (pl.col("listed") == "benign", "unknown", "benign by the classified changes of the study, or the laboratory"),
        (pl.col("listed") == "uncertain", "unknown", "of uncertain significance by the laboratory"),
        (truncating & ~pl.col("is_loss").fill_null(True), "unknown", "truncation listed as harmless"),
        (truncating & suppressor, "driver", "truncating or splice site in a suppressor (genes.tsv)"),
        (
            changed & pl.col("is_hotspot").fill_null(False),
            "driver",
            "hotspot residue (hotspots.tsv, gene_sets.tsv, or yours)",
        ),
        (truncating & oncogene, "unknown", "truncating in an oncogene"),
        (changed & pl.col("codon").is_null(), "unknown", "protein change not recorded: hotspots not assessed"),
    ]


def _listed(rows: pl.DataFrame) -> pl.DataFrame:
    """Judge the changes of genes with rules of their own by `oncourse.knowledge.alterations.loss_reason`: is_loss."""
    keys = {
        "gene": pl.String,
        "change": pl.String,
        "effect": pl.String,
        "codon": pl.Int64,
        "listed": pl.String,
        "is_loss": pl.Boolean,
    }
    # an oncogene's pathogenic change is no loss
    own = (pl.col("listed") != "") & pl.col("gene").is_in(sorted(genes_of_role("suppressor")))
    mine = rows.filter(pl.col("gene").is_in(sorted(listed_genes())) | own)
    mine = mine.select(list(keys)[:5]).unique().sort(list(keys)[:5])
    judged = [(*row, _is_loss(*row)) for row in mine.iter_rows()]
    return pl.DataFrame(judged, schema=keys, orient="row")


def _is_loss(gene: str, change: str, effect: str, codon: int | None, listed: str) -> bool | None:
    """Whether the lists say loss; None where a missense or in-frame change is on none of them."""
    found, _ = loss_reason(VariantFinding(gene, change, effect, codon=codon, listed=listed))
    return found if found or effect in LOSSES else None


def _events(status: GeneStatus) -> pl.DataFrame:
    """Amplifications, deletions, fusions and rearrangements within one gene of cancer genes as hits."""
    suppressor, oncogene = (pl.col("gene").is_in(sorted(genes_of_role(r))) for r in ("suppressor", "oncogene"))
    found = status.altered.filter(pl.col("gene").is_in(sorted(cancer_genes())))
    parts = []
    nobody = pl.lit(False)
    for flag, kind, drives, rule in (
        (pl.col("is_amplified"), "amplification", oncogene, "amplified oncogene (genes.tsv)"),
        (pl.col("is_deleted"), "deletion", suppressor, "both copies of a suppressor deleted (genes.tsv)"),
        (pl.col("is_fused"), "fusion", suppressor | oncogene, "fusion of a gene of known role (genes.tsv)"),
        (within_gene_alone(), "rearrangement", nobody, ""),
    ):
        parts.append(
            found.filter(flag).select(
                "patient_id",
                "sample_id",
                "gene",
                kind=pl.lit(kind),
                variant_id=pl.lit(None, pl.String),
                change=pl.lit(kind),
                effect=pl.lit(kind),
                alt_count=pl.lit(None, pl.Int64),
                depth=pl.lit(None, pl.Int64),
                driver=pl.when(drives).then(pl.lit("driver")).otherwise(pl.lit("unknown")),
                rule=pl.when(drives).then(pl.lit(rule)).otherwise(pl.lit("no rule says that it drives")),
            )
        )
    return pl.concat(parts)


def alterations_table(study: Study, hits: pl.DataFrame) -> pl.DataFrame:
    """Return one row per patient and gene with a hit: `ALTERATION_SCHEMA`.

    is_biallelic and basis: of suppressors with a driver hit (`oncourse.derive.status.alleles.both_alleles`).
    """
    if hits.is_empty():
        return pl.DataFrame(schema=ALTERATION_SCHEMA)
    rank = pl.col("driver").replace_strict({w: i for i, w in enumerate(DRIVER_ORDER)}, return_dtype=pl.Int8)
    ordered = hits.with_columns(rank=rank).sort(
        "patient_id", "gene", "rank", "sample_id", "variant_id", nulls_last=True
    )
    named = pl.coalesce(pl.col("variant_id"), pl.col("kind"))
    word = pl.when(pl.col("change") == "").then(pl.col("effect")).otherwise("change")
    drives = pl.col("driver") == "driver"
    several = ordered.select((pl.len().over("patient_id", "gene") > 1).alias("several"))["several"]
    table = (
        ordered.filter(several)
        .group_by("patient_id", "gene", maintain_order=True)
        .agg(
            kinds=pl.col("kind").unique().sort().str.join(";"),
            changes=word.unique(maintain_order=True).str.join(";"),
            samples=pl.col("sample_id").unique().sort().str.join(";"),
            n_hits=named.n_unique().cast(pl.Int64),
            driver=pl.col("driver").first(),
            driver_samples=pl.col("sample_id").filter(drives).unique().sort().str.join(";"),
            rule=pl.col("rule").first(),
        )
    )
    alone = ordered.filter(~several).with_columns(
        kinds="kind",
        changes=word.fill_null(""),
        samples="sample_id",
        n_hits=pl.lit(1, pl.Int64),
        driver_samples=pl.when(drives).then("sample_id"),
    )
    table = pl.concat([table, alone.select(table.columns)]).with_columns(
        pl.when(pl.col("driver_samples") != "").then("driver_samples")
    )
    table = table.join(both_alleles(study, hits), on=["patient_id", "gene"], how="left", maintain_order="left")
    return table.select(list(ALTERATION_SCHEMA)).sort("patient_id", "gene")
