"""Blocks of features, and the order in which the tumour samples of a patient speak for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.derive.clones.evolution import PatientEvolution
    from oncourse.derive.clones.heterogeneity import HeterogeneityTable
    from oncourse.derive.concordance.pairs import PairTable
    from oncourse.derive.concordance.presence import PresenceTable
    from oncourse.derive.genes.gene_status import GeneStatus
    from oncourse.derive.genes.panels import Panels


#: What a block says whose numbers have no scale of their own: a step of one is a scale that nobody knows.
PER_UNIT = "per unit"
SAMPLE_RULES = ("first", "primary", "metastasis", "tissue", "plasma")


@dataclass(frozen=True)
class FeatureBlock:
    """Features that became known on the same days.

    Attributes
    ----------
    names, kinds : per column; the name is that of the results (gene symbol, else ``kind:name``)
    values : (patients, columns): int8 1 altered, 0 not altered, -1 unknown; or float64 with NaN unknown
    day : (patients,), day of the sample or marker that speaks for the patient; NaN: no day recorded (or unknown)
    sample_id : per patient, that sample; None where there is none
    per : what a hazard ratio compares
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    values: NDArray[Any]
    day: NDArray[np.float64]
    sample_id: tuple[str | None, ...]
    per: str

    @property
    def is_binary(self) -> bool:
        """Whether values are altered / not altered / unknown."""
        return self.values.dtype == np.int8


def per_deviation(block: FeatureBlock) -> FeatureBlock:
    """Return a block of one number without a scale of its own per standard deviation over the patients who have it.

    A number of 0 to 1e-6 had a ratio of 1.4e-07 per unit. Any other block is returned as it is.

    >>> raw = FeatureBlock(("marker:X",), ("marker",), np.array([[1.0], [3.0]]), np.zeros(2), (None, None), PER_UNIT)
    >>> per_deviation(raw).values.ravel().tolist(), per_deviation(raw).per
    ([1.0, 3.0], 'per standard deviation (1)')
    >>> small = FeatureBlock(raw.names, raw.kinds, raw.values * 2e-7, raw.day, raw.sample_id, PER_UNIT)
    >>> per_deviation(small).values.ravel().round(6).tolist(), per_deviation(small).per
    ([1.0, 3.0], 'per standard deviation (2e-07)')
    """
    if block.per != PER_UNIT or block.values.shape[1] != 1:
        return block
    known = block.values[~np.isnan(block.values)]
    step = float(known.std()) if known.size else 0.0
    if not (np.isfinite(step) and step > 0):
        return block
    return replace(block, values=block.values / step, per=f"per standard deviation ({step:.3g})")


@dataclass(frozen=True)
class SampleOrder:
    """Tumour samples in the order in which they speak for their patient."""

    patients: tuple[str, ...]
    ids: tuple[str, ...]
    patient: NDArray[np.int64]
    day: NDArray[np.float64]
    role: tuple[str, ...]
    assay: tuple[str | None, ...]
    index: dict[str, int]

    def first(self, looked: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return per patient the first sample that looked; -1 where none did."""
        out = np.full(len(self.patients), -1, np.int64)
        rows = np.flatnonzero(looked)[::-1]
        out[self.patient[rows]] = rows  # the last write is the first sample
        return out


@dataclass(frozen=True)
class FeatureTables:
    """What features are made from: a study and tables derived from it.

    Attributes
    ----------
    pairs, presence, heterogeneity : None where no feature needs them (`oncourse.derive.outcomes.features.asks`)
    evolution : one per patient with a tree; empty where no feature needs it
    """

    study: Study
    panels: Panels
    gene_status: GeneStatus
    annotated_calls: pl.DataFrame
    burden: pl.DataFrame
    statuses: pl.DataFrame
    pairs: PairTable | None = None
    presence: PresenceTable | None = None
    heterogeneity: HeterogeneityTable | None = None
    evolution: tuple[PatientEvolution, ...] = ()


def sample_order(study: Study, profiled: pl.DataFrame) -> SampleOrder:
    """Return the order of the study's tumour samples; `profiled`: `oncourse.derive.genes.panels.Panels.samples`."""
    patients = tuple(sorted(study["patients"]["patient_id"].to_list()))
    frame = (
        profiled.join(study["samples"].select("sample_id", "day", "lesion_id"), on="sample_id", how="left")
        .join(study["lesions"].select("lesion_id", "role"), on="lesion_id", how="left")
        .filter(pl.col("patient_id").is_in(list(patients)))
        .with_columns(
            role=pl.when(pl.col("material") == "plasma")
            .then(pl.lit("plasma"))
            .otherwise(pl.col("role").fill_null("tissue"))
        )
        .sort(
            "patient_id",
            "day",
            "material",
            "sample_id",
            nulls_last=False,
            descending=[False, False, True, False],
        )
    )
    number = {p: i for i, p in enumerate(patients)}
    ids = tuple(frame["sample_id"].to_list())
    return SampleOrder(
        patients,
        ids,
        np.array([number[p] for p in frame["patient_id"].to_list()], np.int64),
        frame["day"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        tuple(frame["role"].to_list()),
        tuple(frame["mutation"].to_list()),
        {s: i for i, s in enumerate(ids)},
    )


@dataclass(frozen=True)
class Finding:
    """One finding of samples: shape (n_sample,) each, whether the sample was looked at, and whether it has it."""

    name: str
    kind: str
    looked: NDArray[np.bool_]
    hits: NDArray[np.bool_]


def of_kind(samples: SampleOrder, rule: str) -> NDArray[np.bool_]:
    """Return which samples may speak by a rule: first (any), tissue, metastasis (or local recurrence), or a role."""
    roles = np.array(samples.role)
    if rule == "first":
        return np.ones(roles.size, bool)
    if rule == "tissue":
        return roles != "plasma"
    if rule == "metastasis":
        return np.isin(roles, ("metastasis", "local_recurrence"))
    return roles == rule


def blocks_by_day(
    samples: SampleOrder,
    wanted: list[Finding],
    chosen: NDArray[np.bool_],
    min_altered: int,
    left_out: dict[str, int],
    rename: Callable[[Finding], tuple[str, str]] = lambda w: (w.name, w.kind),
) -> list[FeatureBlock]:
    """Group features by the samples that looked at them: one block per such set."""
    groups: dict[bytes, list[Finding]] = {}
    for item in wanted:
        groups.setdefault((item.looked & chosen).tobytes(), []).append(item)
    out = []
    for items in groups.values():
        speaks = samples.first(items[0].looked & chosen)
        known = speaks >= 0
        values = np.full((len(samples.patients), len(items)), -1, np.int8)
        for j, item in enumerate(items):
            values[known, j] = item.hits[speaks[known]]
        altered = (values == 1).sum(0)
        kept = np.flatnonzero(altered >= min_altered)
        for item, n in zip(items, altered, strict=True):
            if 0 < n < min_altered:
                left_out[item.kind] = left_out.get(item.kind, 0) + 1
        if kept.size:
            names = [rename(items[j]) for j in kept]
            out.append(make_block(samples, names, values[:, kept], speaks, "altered v not altered"))
    return out


def make_block(
    samples: SampleOrder,
    names: list[tuple[str, str]],
    values: NDArray[Any],
    speaks: NDArray[np.int64],
    per: str,
) -> FeatureBlock:
    """Return the features `names` (name, kind): `values` by person, with the sample that `speaks` (-1: none)."""
    day = np.where(speaks >= 0, samples.day[speaks], np.nan) if samples.ids else np.full(speaks.size, np.nan)
    ids = tuple(samples.ids[s] if s >= 0 else None for s in speaks)
    return FeatureBlock(tuple(n for n, _ in names), tuple(k for _, k in names), values, day, ids, per)


def mask(samples: SampleOrder, ids: Iterable[str]) -> NDArray[np.bool_]:
    """Return which samples are among `ids`, shape (n_sample,); ids that are no sample are left out."""
    out = np.zeros(len(samples.ids), bool)
    out[[samples.index[s] for s in ids if s in samples.index]] = True
    return out
