"""Copy number of a cohort in one place: samples, arms, bands, focal events."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.derive.genes.copy_profile import arm_table, profile_table, segment_states
from oncourse.derive.genes.copy_recurrence import band_frequencies, band_states, focal_events
from oncourse.derive.genes.copy_states import CopyNumberParams
from oncourse.study.model import Study


@dataclass(frozen=True)
class CopyProfile:
    """``samples`` and ``arms`` (`copy_profile`); ``bands``, ``focal`` and ``band_states`` (`copy_recurrence`)."""

    samples: pl.DataFrame
    arms: pl.DataFrame
    bands: pl.DataFrame
    focal: pl.DataFrame
    band_states: pl.DataFrame


def copy_profile(study: Study, params: CopyNumberParams) -> CopyProfile:
    """Derive all of it from the segments; without a known build only the samples' numbers."""
    build = study.config.genome_build
    states = segment_states(study, params)
    of_bands = band_states(states, build)
    return CopyProfile(
        profile_table(states, build),
        arm_table(states, build, params),
        band_frequencies(of_bands, build),
        focal_events(states, build, params),
        of_bands,
    )
