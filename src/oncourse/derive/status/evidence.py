"""Study -> statuses: gathers the evidence that `oncourse.derive.status.table` decides by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from oncourse.derive.concordance.callability import CallabilityParams, callability, shown_content
from oncourse.derive.genes.copy_states import CopyNumberParams, copy_table
from oncourse.derive.genes.panels import Panels
from oncourse.derive.status.table import StatusEvidence, codons_asked, status_table
from oncourse.derive.status.variants import SeenVariants, patient_variants
from oncourse.facts.material import is_normal
from oncourse.facts.statuses import Status
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.gene_sets import gene_set
from oncourse.knowledge.alterations import loss_reason
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.derive.concordance.presence import PresenceTable


def germline_losses(study: Study, seen: SeenVariants, name: str) -> list[str]:
    """Return the patients with a germline loss of function in the gene set `name`; nobody where germline is not
    reported."""
    if not study.config.report_germline:
        return []
    rows = seen.rows.filter(pl.col("gene").is_in(list(gene_set(name))))
    found = patient_variants(study, rows, seen.blood, {}, {}, {}, {})
    lost = (p for p, variants in found.items() if any(v.origin == "germline" and loss_reason(v)[0] for v in variants))
    return sorted(lost)


def sample_statuses(
    study: Study,
    panels: Panels,
    presence: PresenceTable | None,
    seen: SeenVariants,
    readings: pl.DataFrame,
    statuses: Sequence[Status],
    callable_params: CallabilityParams,
    copy_params: CopyNumberParams,
) -> pl.DataFrame:
    """Return the status table of the study (`oncourse.derive.status.columns.STATUS_COLUMNS`)."""
    genes = {current_symbol(gene) for status in statuses for gene in status.genes}
    rows = seen.rows.filter(pl.col("gene").is_in(sorted(genes)))
    purity = shown_content(study, presence)
    evidence = StatusEvidence(
        variants=patient_variants(study, rows, seen.blood, {}, {}, {}, {}),
        rows=rows,
        presence=presence,
        codons=callability(study, panels, callable_params, codons=codons_asked(statuses), purity=purity),
        copies=copy_table(study, genes, copy_params),
        plasma=seen.plasma,
        readings=readings,
        reports_germline=study.config.report_germline,
        with_normal=frozenset(study["samples"].filter(is_normal())["patient_id"]),
    )
    return status_table(study, statuses, evidence)
