"""What a patient's recorded tests add to the findings that therapy rules look at.

Where the reads could not see a gene, a hospital's own test speaks: its mutation is a finding, its wild type stands with
the words of the record. Where the reads did see it and say otherwise, nothing is claimed of the site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from oncourse.derive.status.variants import effect_of
from oncourse.facts.markers import NEGATIVE, POSITIVE
from oncourse.facts.recorded import TESTED_LOSS, GeneRecord
from oncourse.knowledge.alterations import loss_reason
from oncourse.knowledge.findings import MATERIALS, PatientFindings, VariantFinding

_BLIND = ("no_sample", "not_covered", "underpowered")
#: Materials a record without a sample speaks for: a hospital's test is of tissue unless it says otherwise.
_OF_TISSUE = ("decision", "tissue", "any")


def by_patient(records: Iterable[GeneRecord]) -> dict[str, list[GeneRecord]]:
    """Return patient -> records."""
    found: dict[str, list[GeneRecord]] = {}
    for record in records:
        found.setdefault(record.patient_id, []).append(record)
    return found


def read_of(codons: pl.DataFrame, records: Iterable[GeneRecord]) -> frozenset[tuple[str, str, int]]:
    """Return (sample, gene, codon) that reads could see in the very sample a record names (`callability`)."""
    named = {r.sample_id for r in records if r.sample_id is not None}
    if not named:
        return frozenset()
    seen = codons.filter(pl.col("sample_id").is_in(sorted(named)) & pl.col("state").is_in(["measured", "assumed"]))
    return frozenset(seen.select("sample_id", "gene", "codon").iter_rows())


def with_records(
    patient: PatientFindings,
    records: Sequence[GeneRecord],
    ish: str | None,
    read: frozenset[tuple[str, str, int]] = frozenset(),
) -> PatientFindings:
    """Return the findings with what the records say.

    Parameters
    ----------
    records : of this patient
    read : what was read of the samples that records name (`read_of`)
    ish : positive or negative by in situ hybridisation of HER2; None: not done, or not told
    """
    sites: dict[tuple[str, str, int], str] = {}
    added: list[VariantFinding] = []
    for record in (r for r in records if r.state == POSITIVE):
        if _is_seen(patient, record):
            continue
        at = [(gene, codon) for gene in record.genes for codon in _codons(patient, gene, record.codon)]
        blind = all(
            patient.site(gene, codon) in _BLIND and (record.sample_id, gene, codon) not in read for gene, codon in at
        )
        if (blind or _may_be_inborn(patient, record)) and not _may_be_of_blood(patient, record):
            added.append(_variant(record))
        else:  # the reads saw the site and have no such mutation
            sites.update({(material, gene, codon): "unread" for material in MATERIALS for gene, codon in at})
    mutated = {gene for v in added for gene in (v.gene, *v.or_genes)} | set(patient.by_gene)
    for record in (r for r in records if r.state == NEGATIVE and r.is_whole):
        for gene in set(record.genes) - mutated:
            sites.update(_told_wild(patient, gene))
    return replace(
        patient,
        variants=(*patient.variants, *added),
        sites={**patient.sites, **sites} if sites else patient.sites,
        copy_number=_with_her2(patient.copy_number, ish),
    )


def _is_seen(patient: PatientFindings, record: GeneRecord) -> bool:
    """Whether the reads have it: the same change, or any change of the gene where the record names none - of a gene asked
    for losses, any loss."""
    found = [v for gene in record.genes for v in patient.by_gene.get(gene, ()) if not v.is_from_blood]
    if not record.change and set(record.genes) <= set(TESTED_LOSS):
        return any(loss_reason(v)[0] for v in found)
    return any(record.change in ("", v.change) for v in found)


def _may_be_inborn(patient: PatientFindings, record: GeneRecord) -> bool:
    """Whether a positive test of BRCA may have found what is born with, which calls of a tumour do not tell here: they
    cannot deny it."""
    return set(record.genes) <= set(TESTED_LOSS) and not (patient.reports_germline and patient.has_normal)


def _may_be_of_blood(patient: PatientFindings, record: GeneRecord) -> bool:
    """Whether the test may have found a variant that the reads have, and that may be of blood cells."""
    found = [v for gene in record.genes for v in patient.by_gene.get(gene, ())]
    return any(v.is_from_blood and record.change in ("", v.change) for v in found)


def _variant(record: GeneRecord) -> VariantFinding:
    when = "" if record.day is None else f", day {record.day}"
    return VariantFinding(
        record.genes[0],
        record.change,
        effect_of(None, record.change) if record.change else _bare_effect(record),
        origin="somatic",
        codon=record.codon,
        seen=f"recorded: {record.words}{when}",
        is_recorded=True,
        or_genes=record.genes[1:],
    )


def _bare_effect(record: GeneRecord) -> str:
    """What a mutation that is not named does: a positive test of a gene asked for losses found one."""
    return "nonsense" if set(record.genes) <= set(TESTED_LOSS) else "missense"


def _told_wild(patient: PatientFindings, gene: str) -> dict[tuple[str, str, int], str]:
    """Sites of a gene that reads could not see, as recorded wild type."""
    return {
        (material, gene, codon): "recorded"
        for material in _OF_TISSUE
        for codon in _codons(patient, gene, None)
        if patient.site(gene, codon, material) in _BLIND
    }


def _codons(patient: PatientFindings, gene: str, codon: int | None) -> list[int]:
    """The codon of a record, else the whole gene (0) with every codon of it that was looked at by itself."""
    return [codon] if codon else sorted({c for _, g, c in patient.sites if g == gene} | {0})


def _with_her2(copies: Mapping[str, str], ish: str | None) -> Mapping[str, str]:
    """HER2 by in situ hybridisation: where copies were not profiled it speaks; where they differ neither does."""
    state = {POSITIVE: "amplified", NEGATIVE: "neutral"}.get(ish or "")
    if state is None:
        return copies
    known = copies.get("ERBB2")
    if known is None:
        return {**copies, "ERBB2": state}
    if (known == "amplified") == (state == "amplified"):
        return copies
    return {gene: value for gene, value in copies.items() if gene != "ERBB2"}
