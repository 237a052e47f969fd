"""Actionable statuses per sample: RAS, BRAF V600E, PIK3CA, HER2 amplification, MSI and the study's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from oncourse.derive.concordance.presence import PresenceTable
from oncourse.derive.genes.hotspot_sites import with_codon_by_position
from oncourse.derive.genes.panels import Panels
from oncourse.errors import ConfigError
from oncourse.genome.effect import PROTEIN_CHANGING, consequences
from oncourse.study.model import Study

#: Tumour fraction of plasma from which a negative result counts as informative (Clin Cancer Res 2024;30:2452).
MIN_TUMOR_FRACTION = 0.01
#: Altered autosomal megabases that show tumour DNA in plasma: an arm or more, which no blood clone of a healthy count
#: and no focal gene under evaluation explains.
MIN_ALTERED_MB = 50.0


@dataclass(frozen=True)
class Status:
    """One actionable status.

    Attributes
    ----------
    name : as shown
    codons : gene -> codons; an empty tuple: any protein-changing mutation of the gene
    changes : protein changes (without p.) that count; empty: all
    amplified : genes whose amplification (+2) counts
    is_msi : whether MSI-H counts
    gained, lost : what it means for therapy when only sample b, or only sample a, has it
    """

    name: str
    codons: Mapping[str, tuple[int, ...]]
    changes: frozenset[str] = frozenset()
    amplified: tuple[str, ...] = ()
    is_msi: bool = False
    gained: str = "positive in the second sample only: judge targeted therapy by it"
    lost: str = "positive in the first sample only: the target may be gone; repeat before relying on it"

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes the status is read from."""
        return tuple(sorted({*self.codons, *self.amplified}))


_RAS = (12, 13, 59, 61, 117, 146)
#: The statuses every study gets. RAS: exons 2-4 of KRAS and NRAS (ESMO 2023, NCCN); PIK3CA: activating hotspots.
STATUSES: tuple[Status, ...] = (
    Status("RAS", {"KRAS": _RAS, "NRAS": _RAS},
           gained="RAS mutant in the second sample only: anti-EGFR antibodies are not expected to work",
           lost="RAS wild type in the second sample: anti-EGFR antibodies come into question; the first is mutant"),
    Status("BRAF V600E", {"BRAF": (600,)}, frozenset({"V600E"}),
           gained="BRAF V600E in the second sample only: BRAF plus EGFR inhibition comes into question",
           lost="BRAF V600E in the first sample only: BRAF inhibition rests on tissue that the second contradicts"),
    Status("PIK3CA", {"PIK3CA": (88, 345, 420, 453, 542, 545, 546, 1043, 1044, 1047, 1049)}),
    Status("HER2 amplification", {}, amplified=("ERBB2",),
           gained="HER2 amplified in the second sample only: HER2-directed therapy comes into question",
           lost="HER2 amplified in the first sample only: confirm before HER2-directed therapy"),
    Status("MSI-H", {}, is_msi=True,
           gained="MSI-H in the second sample only: confirm by a second method, then PD-1 inhibition",
           lost="MSI-H in the first sample only: confirm by a second method before PD-1 inhibition"),
)  # fmt: skip

_ITEM = re.compile(r"^(?P<gene>[A-Za-z0-9_.\-]+)(?:\s+(?P<what>.+))?$")
_CODON = re.compile(r"^(?:p\.)?(?P<ref>[A-Z])(?P<codon>\d+)(?P<alt>[A-Z*]|fs.*)?$")


def parse_status(name: str, items: Any) -> Status:
    """Return the status that study.yaml defines: ``["KRAS p.G12C", "BRCA2", "EGFR codon 790", "MET amplification"]``.

    Examples
    --------
    >>> parse_status("G12C", ["KRAS p.G12C"]).codons
    {'KRAS': (12,)}
    """
    listed = [items] if isinstance(items, str) else items
    if not isinstance(listed, Sequence) or not listed:
        raise ConfigError(f"statuses.{name}: expected a list such as ['KRAS p.G12C', 'BRCA2'].")
    codons: dict[str, tuple[int, ...]] = {}
    changes: set[str] = set()
    amplified, is_msi = [], False
    for item in listed:
        match = _ITEM.match(str(item).strip())
        gene, what = (match["gene"], match["what"] or "") if match else ("", "")
        codon = re.match(r"^codons? ([\d, ]+)$", what)
        change = _CODON.match(what)
        if gene.upper() in ("MSI-H", "MSI"):
            is_msi = True
        elif what == "":
            codons[gene] = ()
        elif what == "amplification":
            amplified.append(gene)
        elif codon:
            codons[gene] = codons.get(gene, ()) + tuple(int(c) for c in re.findall(r"\d+", codon[1]))
        elif change:
            codons[gene] = codons.get(gene, ()) + (int(change["codon"]),)
            if change["alt"]:
                changes.add(f"{change['ref']}{change['codon']}{change['alt']}")
        else:
            raise ConfigError(
                f"statuses.{name}: '{item}' is not understood. Write GENE, GENE p.X1Y, GENE codon 1, or "
                "GENE amplification."
            )
    return Status(name, codons, frozenset(changes), tuple(amplified), is_msi)


def statuses_of(study: Study) -> tuple[Status, ...]:
    """Return the statuses of a study: the package's, and its own of study.yaml (the same name replaces)."""
    own = {name: parse_status(name, items) for name, items in study.config.statuses.items()}
    return tuple(s for s in STATUSES if s.name not in own) + tuple(own[name] for name in sorted(own))


STATUS_SCHEMA: dict[str, Any] = {
    "patient_id": pl.String, "sample_id": pl.String, "sample": pl.Int64, "status": pl.String, "state": pl.String,
    "basis": pl.String, "variants": pl.String, "alt_count": pl.Int64, "depth": pl.Int64,
}  # fmt: skip


def sample_statuses(
    study: Study, panels: Panels, presence: PresenceTable, *, min_power: float = 0.95
) -> pl.DataFrame:
    """Return one row per tumour sample of `presence` and status.

    Columns: patient_id, sample_id, sample (row), status, state (positive / negative / not_assessable), basis,
    variants (protein changes behind a positive or unclear state), alt_count, depth (of the variant with most
    reads; for a negative, the counts at a variant another sample of the patient has).

    basis of a positive: counted / assumed (called without counts); of a negative: measured (coverage or counts at
    the codons give the power) or assumed (the gene was on the panel and nothing more is known).
    """
    frames = [_one(study, panels, presence, status, min_power) for status in statuses_of(study)]
    return pl.concat([f for f in frames if f is not None] or [pl.DataFrame(schema=STATUS_SCHEMA)])


def _one(
    study: Study, panels: Panels, presence: PresenceTable, status: Status, min_power: float
) -> pl.DataFrame | None:
    base = presence.samples.select("patient_id", "sample_id", "sample")
    if status.is_msi:
        return _msi(study, base, status)
    parts = []
    if status.codons:
        parts.append(_mutation(study, panels, presence, status, min_power))
    if status.amplified and study.has("gene_copy_number"):
        parts.append(_amplification(study, base, status))
    if not parts:
        return None
    table = parts[0]
    if len(parts) > 1:  # positive by either; negative only where both looked
        other = parts[1].select("sample", state_2="state")
        table = table.join(other, on="sample", how="left", maintain_order="left").with_columns(
            state=pl.when((pl.col("state") == "positive") | (pl.col("state_2") == "positive")).then(pl.lit("positive"))
            .when((pl.col("state") == "negative") & (pl.col("state_2") == "negative")).then(pl.lit("negative"))
            .otherwise(pl.lit("not_assessable"))
        ).drop("state_2")  # fmt: skip
    return table.with_columns(status=pl.lit(status.name)).select(
        pl.col(name).cast(dtype) for name, dtype in STATUS_SCHEMA.items()
    )


def _msi(study: Study, base: pl.DataFrame, status: Status) -> pl.DataFrame | None:
    known = study["samples"].select("sample_id", "msi_status")
    if known["msi_status"].null_count() == known.height:
        return None
    state = (
        pl.when(pl.col("msi_status") == "MSI-H").then(pl.lit("positive"))
        .when(pl.col("msi_status").is_in(["MSS", "MSI-L"])).then(pl.lit("negative"))
        .otherwise(pl.lit("not_assessable"))
    )  # fmt: skip
    table = base.join(known, on="sample_id", how="left", maintain_order="left").with_columns(state=state)
    return _finish(table, status, basis=pl.lit("measured"))


def _amplification(study: Study, base: pl.DataFrame, status: Status) -> pl.DataFrame:
    calls = study["gene_copy_number"].filter(pl.col("gene").is_in(status.amplified)).drop_nulls("call")
    top = calls.group_by("sample_id").agg(pl.col("call").max(), n=pl.col("gene").n_unique())
    state = (
        pl.when(pl.col("call") >= 2).then(pl.lit("positive"))
        .when(pl.col("n") == len(status.amplified)).then(pl.lit("negative"))
        .otherwise(pl.lit("not_assessable"))
    )  # fmt: skip
    table = base.join(top, on="sample_id", how="left", maintain_order="left").with_columns(state=state)
    return _finish(table, status, basis=pl.lit("measured"))


def _finish(table: pl.DataFrame, status: Status, *, basis: pl.Expr) -> pl.DataFrame:
    null = pl.lit(None)
    return table.with_columns(
        status=pl.lit(status.name),
        basis=pl.when(pl.col("state") != "not_assessable").then(basis),
        variants=null.cast(pl.String), alt_count=null.cast(pl.Int64), depth=null.cast(pl.Int64),
    ).select(pl.col(name).cast(dtype) for name, dtype in STATUS_SCHEMA.items())  # fmt: skip


def matching(cells: pl.DataFrame, status: Status, build: str | None = None) -> pl.DataFrame:
    """Return the cells whose variant counts for the status, with `change` (protein change without p.).

    `is_unclear`: an altering variant of the gene whose codon nobody tells (no protein change, no known position):
    where it is present the status cannot be read.
    """
    change = pl.col("hgvs_p").str.strip_prefix("p.").str.replace_all(r"[()]", "")
    codon = change.str.extract(r"^[A-Za-z*]+(\d+)").cast(pl.Int64, strict=False)
    found = cells.filter(pl.col("gene").is_in(list(status.codons))).with_columns(change=change, codon=codon)
    if found.is_empty():
        return found.with_columns(altering=pl.lit(False), is_unclear=pl.lit(False))
    found = with_codon_by_position(found, build)
    effect = consequences(found["consequence"])
    altering = effect.is_null() | effect.is_in([*PROTEIN_CHANGING, "splice_site"])
    found = found.with_columns(altering=altering)
    rule, unclear = pl.lit(False), pl.lit(False)
    for gene, codons in status.codons.items():
        is_gene = pl.col("gene") == gene
        rule = rule | (is_gene & (pl.col("codon").is_in(codons).fill_null(False) if codons else pl.lit(True)))
        if codons:
            unclear = unclear | (is_gene & pl.col("codon").is_null())
    if status.changes:
        named = pl.col("change").is_not_null()
        unclear = unclear | (rule & ~named)
        rule = rule & pl.col("change").is_in(list(status.changes)).fill_null(False)
    # a splice-site variant has no codon and is none of the listed ones
    unclear = unclear & (effect != "splice_site").fill_null(True) & ~rule
    return found.with_columns(is_unclear=unclear).filter(pl.col("altering") & (rule | unclear))


def _mutation(
    study: Study, panels: Panels, presence: PresenceTable, status: Status, min_power: float
) -> pl.DataFrame:
    base = presence.samples.select("patient_id", "sample_id", "sample")
    cells = matching(presence.cells, status, study.config.genome_build)
    order = ["present", "not_assessable", "absent"]
    ranked = cells.filter(pl.col("blood").is_null() | (pl.col("blood") == "possible_chip"))
    unclear = pl.col("is_unclear") & (pl.col("state") == "present")
    ranked = ranked.with_columns(state=pl.when(unclear).then(pl.lit("not_assessable")).otherwise("state"))
    label = pl.concat_str("gene", pl.lit(" "), pl.coalesce("change", "variant_id"))
    ranked = ranked.with_columns(grade=pl.col("state").replace_strict({s: i for i, s in enumerate(order)}))
    best = (
        ranked.sort("sample", "grade", "alt_count", "variant_id", descending=[False, False, True, False], nulls_last=True)
        .group_by("sample", maintain_order=True)
        .agg(
            pl.col("state").first().alias("cell_state"), pl.col("basis").first().alias("cell_basis"),
            pl.col("alt_count").first(), pl.col("depth").first(),
            (pl.col("basis") == "counted").all().alias("all_counted"),
            label.filter(pl.col("grade") < 2).unique().sort().str.join(", ")
            .alias("variants"),
        )
    )  # fmt: skip
    covered = (
        panels.profiled(status.codons.keys())
        .group_by("sample_id")
        .agg(pl.col("gene").n_unique().alias("n_gene"))
    )
    table = base.join(best, on="sample", how="left", maintain_order="left")
    table = table.join(covered, on="sample_id", how="left", maintain_order="left")
    table = table.join(
        _codon_coverage(study, presence, status, min_power), on="sample_id", how="left", maintain_order="left"
    )
    on_panel = pl.col("n_gene").fill_null(0) == len(status.codons)
    state = (
        pl.when(pl.col("cell_state") == "present").then(pl.lit("positive"))
        .when(pl.col("cell_state") == "not_assessable").then(pl.lit("not_assessable"))
        .when(pl.col("is_shallow")).then(pl.lit("not_assessable"))
        .when(on_panel | pl.col("is_deep") | (pl.col("cell_state") == "absent")).then(pl.lit("negative"))
        .otherwise(pl.lit("not_assessable"))
    )  # fmt: skip
    measured = pl.col("is_deep").fill_null(False) | (
        (pl.col("cell_state") == "absent") & pl.col("all_counted")
    )
    basis = (
        pl.when(pl.col("state") == "positive").then("cell_basis")
        .when((pl.col("state") == "negative") & measured.fill_null(False)).then(pl.lit("measured"))
        .when(pl.col("state") == "negative").then(pl.lit("assumed"))
    )  # fmt: skip
    table = table.with_columns(state=state).with_columns(basis=basis, status=pl.lit(status.name))
    return table.select(pl.col(name).cast(dtype) for name, dtype in STATUS_SCHEMA.items())


def _codon_coverage(study: Study, presence: PresenceTable, status: Status, min_power: float) -> pl.DataFrame:
    """Return per sample is_deep (every codon measured with power) and is_shallow (one known to lack it)."""
    from oncourse.evolution.vaf import expected_vaf, min_alt_reads
    from oncourse.stats.betabinomial import sf

    schema = {"sample_id": pl.String, "is_deep": pl.Boolean, "is_shallow": pl.Boolean}
    rows = study["coverage"].filter(pl.col("gene").is_in(list(status.codons)))
    if rows.is_empty():
        return pl.DataFrame(schema=schema)
    facts = presence.samples.select("sample_id", "purity", "min_alt_count", "min_vaf")
    rows = rows.join(facts, on="sample_id", how="inner")
    purity = rows["purity"].cast(pl.Float64).fill_null(0.5).to_numpy()
    depth = rows["min_depth"].to_numpy()
    least = min_alt_reads(depth, rows["min_alt_count"].to_numpy(), rows["min_vaf"].to_numpy())
    rows = rows.with_columns(power=pl.Series(sf(least, depth, expected_vaf(purity, 2.0), 200.0)))
    wanted = pl.DataFrame(
        [(g, c) for g, codons in status.codons.items() for c in (codons or (None,))],
        schema={"gene": pl.String, "codon": pl.Int64}, orient="row",
    )  # fmt: skip
    whole = (
        rows.filter(pl.col("codon").is_null()).group_by("sample_id", "gene").agg(whole=pl.col("power").min())
    )
    exact = rows.drop_nulls("codon").group_by("sample_id", "gene", "codon").agg(exact=pl.col("power").max())
    grid = rows.select("sample_id").unique().join(wanted, how="cross")
    grid = grid.join(whole, on=["sample_id", "gene"], how="left").join(
        exact, on=["sample_id", "gene", "codon"], how="left"
    )
    power = pl.coalesce("exact", "whole")
    return (
        grid.group_by("sample_id")
        .agg(
            is_deep=(power >= min_power).fill_null(False).all(),
            is_shallow=(power < min_power).fill_null(False).any(),
        )
        .sort("sample_id")
    )


def informative_plasma(presence: PresenceTable, status: Status | None = None) -> pl.DataFrame:
    """Return sample, is_informative of every sample: whether there is tumour DNA by evidence of other genes.

    Tissue is always informative. Plasma is where a tumour fraction of `MIN_TUMOR_FRACTION` or more is recorded, where
    its segments are altered over `MIN_ALTERED_MB` or more, or where a variant outside the status' genes (not of the
    blood) is present: the status itself is no evidence.
    """
    return _informative(presence, _evidence(presence), status)


def informative_by_status(presence: PresenceTable, statuses: Sequence[Status]) -> dict[str, pl.DataFrame]:
    """Return `informative_plasma` of each status by name."""
    evidence = _evidence(presence)
    return {status.name: _informative(presence, evidence, status) for status in statuses}


def _evidence(presence: PresenceTable) -> pl.DataFrame:
    """Return sample, gene, n: variants present in plasma, not of the blood."""
    plasma = presence.samples.filter(pl.col("material") == "plasma").select("sample")
    cells = presence.cells.select("sample", "gene", "state", "blood")
    present = cells.filter((pl.col("state") == "present") & pl.col("blood").is_null())
    return present.join(plasma, on="sample", how="semi").group_by("sample", "gene").agg(n=pl.len())


def _informative(presence: PresenceTable, evidence: pl.DataFrame, status: Status | None) -> pl.DataFrame:
    own = list(status.genes) if status is not None else []
    other = evidence.filter(~pl.col("gene").fill_null("").is_in(own))
    table = presence.samples.join(
        other.group_by("sample").agg(pl.col("n").sum()), on="sample", how="left", maintain_order="left"
    )
    is_plasma = pl.col("material") == "plasma"
    enough = (
        (pl.col("given_purity").fill_null(0) >= MIN_TUMOR_FRACTION)
        | (pl.col("n").fill_null(0) > 0)
        | (pl.col("altered_mb").fill_null(0) >= MIN_ALTERED_MB)
    )
    return table.select("sample", is_informative=~is_plasma | enough)
