"""What is known of each patient that may predict outcome: altered, not altered or unknown, and since which day."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.derive.outcomes.clone_features import can_tell_clones, diversity_blocks, seeding_blocks
from oncourse.derive.outcomes.feature_blocks import (
    SAMPLE_RULES,
    FeatureBlock,
    FeatureTables,
    blocks_by_day,
    of_kind,
    sample_order,
)
from oncourse.derive.outcomes.feature_scores import burden_findings, number_blocks
from oncourse.derive.outcomes.gene_features import gene_findings, new_in_metastasis, status_in_metastasis
from oncourse.derive.outcomes.marker_features import marker_blocks
from oncourse.study.model import Study
from oncourse.study.settings import section, setting


@section("features")
@dataclass(frozen=True)
class FeatureParams:
    """Which sample speaks for the patient, and which features are made."""

    sample: str = setting(
        "first",
        "whose findings count: the first assessable tumour sample, or the first of a kind",
        choices=SAMPLE_RULES,
    )
    min_altered: int = setting(3, "features altered in fewer patients are not made", low=1)
    hotspots: bool = setting(True, "one feature per recurrent protein change")
    pathways: bool = setting(True, "one feature per pathway: any of its genes altered")
    by_lesion: bool = setting(
        True, "gene status in the metastasis and mutations new in it, where primaries were sampled too"
    )
    clones: bool = setting(
        True,
        "diversity within the sample and similarity of primary and metastasis, in studies where at least a tenth of "
        "the "
        "patients have several tumour samples",
    )
    seeding: bool = setting(
        True,
        "polyclonal and polyphyletic seeding of metastases, in the same studies (needs a tree of each patient)",
    )
    scores: tuple[str, ...] = setting(
        (),
        "numeric columns of samples that are features (score:NAME); columns called like a COSMIC signature (SBS3, ID6) "
        "always are (signature:SBS3)",
    )


@dataclass(frozen=True)
class FeatureTable:
    """Patient x feature, in blocks; ``left_out`` counts features altered in too few patients, by kind."""

    patients: tuple[str, ...]
    blocks: tuple[FeatureBlock, ...]
    left_out: dict[str, int]

    def column(self, name: str) -> tuple[FeatureBlock, int] | None:
        """Return the block and column of a feature, or None."""
        for block in self.blocks:
            if name in block.names:
                return block, block.names.index(name)
        return None


@dataclass(frozen=True)
class Asked:
    """Which costly tables the features of a study need."""

    pairs: bool
    heterogeneity: bool
    evolution: bool


def asks(study: Study, profiled: pl.DataFrame, params: FeatureParams) -> Asked:
    """Return which tables the features need; `profiled`: `oncourse.derive.genes.panels.Panels.samples`."""
    samples = sample_order(study, profiled)
    several = len(set(samples.patient.tolist())) < len(samples.ids)
    clones = can_tell_clones(study["calls"], samples)
    return Asked(
        pairs=params.by_lesion and several and "primary" in samples.role,
        heterogeneity=params.clones and clones,
        evolution=params.seeding and clones,
    )


def feature_table(tables: FeatureTables, params: FeatureParams) -> FeatureTable:
    """Return every feature of the study's patients.

    A finding of a sample holds from that sample's day; before it the patient's state is unknown, never "not altered".
    The sample that speaks for a patient is, feature by feature, the first that looked (`FeatureParams.sample`); what a
    later sample shows is another feature (``metastasis:GENE``, ``new:GENE``), known from that later day.
    """
    study = tables.study
    samples = sample_order(study, tables.panels.samples)
    chosen = of_kind(samples, params.sample)
    left_out: dict[str, int] = {}
    wanted = list(gene_findings(tables, samples, params))
    made = blocks_by_day(samples, wanted, chosen, params.min_altered, left_out)
    if params.by_lesion:
        made += status_in_metastasis(samples, wanted, chosen, made, params.min_altered)
        made += new_in_metastasis(tables, samples, params.min_altered)
    made += blocks_by_day(samples, list(burden_findings(tables, samples)), chosen, params.min_altered, left_out)
    made += number_blocks(tables, samples, chosen, params)
    if tables.heterogeneity is not None:
        made += diversity_blocks(tables.heterogeneity, samples, chosen)
    made += seeding_blocks(tables.evolution, study["samples"], samples.patients, params.min_altered, left_out)
    made += marker_blocks(study, samples.patients, params.min_altered, left_out)
    return FeatureTable(samples.patients, tuple(made), left_out)
