"""ctDNA through time: clearance, molecular response and progression of each line of therapy, by posterior "
"probability."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from oncourse.derive.care.ctdna import CtdnaParams

if TYPE_CHECKING:
    from oncourse.evolution.course import Course

#: Fewest repeated pairs that move the biological variation away from its prior, which weighs as many.
MIN_REPEATS = 5
#: Fewest patients with so many counted samples whose courses tell that ctDNA varies more than assumed. A choice.
MIN_COURSES, LONG_COURSE = 8, 4
#: Reads above background from which the log of a ratio is near normal.
MIN_READS = 5
#: Rises of which `rise_shown` names the smallest that one more sample would show.
RISES = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0)

RESPONSE_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "drugs": pl.String,
    "start_day": pl.Int64,
    "baseline_day": pl.Int64,
    "baseline_vaf": pl.Float64,
    "n_samples": pl.Int64,
    "lowest_vaf": pl.Float64,
    "lowest_day": pl.Int64,
    "ratio": pl.Float64,
    "response": pl.String,
    "p_response": pl.Float64,
    "clearance_day": pl.Int64,
    "is_sustained": pl.Boolean,
    "progression_day": pl.Int64,
    "p_progression": pl.Float64,
    "rise_shown": pl.Float64,
}


@dataclass(frozen=True)
class PlasmaPoint:
    """One assessable plasma sample of a series; reads, depth and background are None where no reads were counted."""

    day: int
    state: str
    vaf: float | None
    reads: float | None
    depth: float | None
    background: float | None

    @property
    def level(self) -> float | None:
        return 0.0 if self.state == "negative" else self.vaf

    @property
    def has_reads(self) -> bool:
        return self.reads is not None

    @property
    def net(self) -> float:
        """Variant reads above background."""
        return (self.reads or 0.0) - (self.background or 0.0)

    @property
    def rate(self) -> float:
        return self.net / (self.depth or 1.0)

    @property
    def counting(self) -> float:
        """Relative variance of `net` by counting alone."""
        return (self.reads or 0.0) / self.net**2


def series(ctdna: pl.DataFrame) -> dict[str, list[PlasmaPoint]]:
    """Return the assessable dated samples of each patient in order of time."""
    found: dict[str, list[PlasmaPoint]] = {}
    rows = ctdna.filter(pl.col("state") != "not_assessable").drop_nulls("day").sort("day", "sample_id")
    kept = ("day", "state", "vaf", "alt_reads", "depth", "background_reads")
    for patient, *values in rows.select("patient_id", *kept).iter_rows():
        found.setdefault(patient, []).append(PlasmaPoint(*values))
    return found


class Variation(NamedTuple):
    """Coefficient of variation between samples of an unchanged tumour, and the repeated pairs, or the courses of patients,
    it rests on."""

    cv: float
    n_pairs: int
    n_courses: int = 0

    @property
    def uneven(self) -> float:
        """Share of samples that may vary twice as much: a prior is no measurement."""
        from oncourse.evolution.course import UNEVEN

        return UNEVEN if self.n_pairs < MIN_REPEATS else 0.0


def biological_cv(ctdna: pl.DataFrame, lines: pl.DataFrame, params: CtdnaParams) -> Variation:
    """Return the variation between samples of an unchanged tumour, learned from the study's repeated samples.

    Pairs: a patient's samples at most ``repeat_days`` apart, none before and the other after the start of a line.
    What counting does not explain of their log ratios, weighed with the prior (``biological_cv``, as `MIN_REPEATS`
    pairs). Where there are too few such pairs the courses of `MIN_COURSES` patients and more tell whether it varies
    more than assumed (`evolution.variation`); that it varies less they never say.
    """
    starts = {p: rows["start_day"].to_list() for (p,), rows in lines.group_by("patient_id")} if lines.height else {}
    excess = []
    for patient, samples in series(ctdna).items():
        for a, b in itertools.pairwise(samples):
            treated = any(a.day <= s < b.day for s in starts.get(patient, ()))
            if b.day - a.day <= params.repeat_days and not treated and min(a.net, b.net) >= MIN_READS:
                excess.append((np.log(a.rate / b.rate) ** 2 - a.counting - b.counting) / 2)
    n = len(excess)
    if n < MIN_REPEATS:
        return _by_courses(ctdna, params, n)
    found = (sum(excess) + MIN_REPEATS * params.biological_cv**2) / (n + MIN_REPEATS)
    return Variation(float(np.sqrt(max(found, 0.05**2))), n)


def _by_courses(ctdna: pl.DataFrame, params: CtdnaParams, n_pairs: int) -> Variation:
    from oncourse.evolution.variation import variation_of_courses

    counted = [[s for s in samples if s.has_reads] for _, samples in sorted(series(ctdna).items())]
    long = [samples for samples in counted if len(samples) >= LONG_COURSE]
    if len(long) < MIN_COURSES or params.biological_cv <= 0:
        return Variation(params.biological_cv, n_pairs)
    courses = (
        ([s.reads or 0.0 for s in x], [s.depth or 1.0 for s in x], [s.background or 0.0 for s in x]) for x in long
    )
    found = variation_of_courses(courses, params.biological_cv)
    if found <= params.biological_cv:
        return Variation(params.biological_cv, n_pairs)
    return Variation(found, n_pairs, len(long))


def course_of(samples: list[PlasmaPoint], params: CtdnaParams, variation: Variation) -> Course | None:
    """Return the probabilities of change of the samples with reads (`oncourse.evolution.course`); None below two."""
    from oncourse.evolution.course import course

    counted = [s for s in samples if s.has_reads]
    if len(counted) < 2:
        return None
    reads, depth, background = zip(*((s.reads, s.depth, s.background) for s in counted), strict=True)
    return course(
        reads,
        depth,
        background,
        cv=variation.cv,
        uneven=variation.uneven,
        rise=params.progression_ratio,
        fall=params.response_ratio,
    )


def ctdna_response(
    ctdna: pl.DataFrame, lines: pl.DataFrame, params: CtdnaParams, variation: Variation | None = None
) -> pl.DataFrame:
    """Return the molecular response of each line with a positive baseline and a later plasma sample
    (`RESPONSE_SCHEMA`).

    response: ``clearance`` (a later sample is negative), ``molecular_response`` (a later true level is at most
    ``response_ratio`` of the baseline's with probability ``min_probability``; its largest is ``p_response``),
    ``no_response``. ``is_sustained``: no positive sample follows the clearance within the line. ``progression_day``:
    the first sample whose true level is at least ``progression_ratio`` times the lowest before it with that
    probability (``p_progression``: the largest of the line); of results without reads, the first positive after a
    negative one. ``rise_shown``: the smallest of `RISES` times the latest level that one more such sample would have
    to show; null where none would do.
    """
    rows = []
    known = variation or Variation(params.biological_cv, 0)
    by_patient = series(ctdna) if ctdna.height else {}
    for line in lines.sort("patient_id", "start_day").iter_rows(named=True) if lines.height else ():
        row = _line_response(by_patient.get(line["patient_id"], []), line, params, known)
        if row is not None:
            rows.append(row)
    return pl.DataFrame(rows, schema=RESPONSE_SCHEMA)


def _line_response(
    samples: list[PlasmaPoint], line: dict[str, Any], params: CtdnaParams, variation: Variation
) -> dict[str, Any] | None:
    start, end = line["start_day"], line["next_start_day"]
    before = [s for s in samples if start - params.baseline_days <= s.day <= start and s.state == "positive"]
    after = [s for s in samples if s.day > start and (end is None or s.day <= end)]  # as `facts.days.on_line`
    if not before or not after:
        return None
    base = before[-1]
    levels = [(s.level, s.day) for s in after if s.level is not None]
    lowest, lowest_day = min(levels, default=(None, None))
    ratio = lowest / base.vaf if base.vaf and lowest is not None else None
    found = course_of([base, *after], params, variation)
    progression, p_rise = rise_day([base, *after], found, params.min_probability)
    p_fall = _largest(found.p_fall) if found is not None and base.has_reads else None
    cleared, sustained = _clearance(after)
    falls = p_fall is not None and p_fall >= params.min_probability
    return {
        **{name: line[name] for name in ("patient_id", "line", "drugs", "start_day")},
        "baseline_day": base.day,
        "baseline_vaf": base.vaf,
        "n_samples": len(after),
        "lowest_vaf": lowest,
        "lowest_day": lowest_day,
        "ratio": ratio,
        "p_response": p_fall,
        "clearance_day": cleared,
        "is_sustained": sustained,
        "response": "clearance" if cleared is not None else "molecular_response" if falls else "no_response",
        "progression_day": progression,
        "p_progression": p_rise,
        "rise_shown": _rise_shown([base, *after], params, variation),
    }


def _clearance(after: list[PlasmaPoint]) -> tuple[int | None, bool | None]:
    """Day of the first negative sample, and whether none after it is positive."""
    cleared = next((s.day for s in after if s.state == "negative"), None)
    if cleared is None:
        return None, None
    return cleared, not any(s.state == "positive" and s.day > cleared for s in after)


def _largest(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else None


def rise_day(samples: list[PlasmaPoint], found: Course | None, enough: float) -> tuple[int | None, float | None]:
    """Return the day of the first rise and the largest probability of one."""
    counted = [s for s in samples if s.has_reads]
    days = []
    if found is not None:
        days = [s.day for s, p in zip(counted, found.p_rise, strict=True) if p >= enough]
    # a result without reads is positive or negative and nothing between: positive after negative
    told = [s for s in samples if not s.has_reads]
    negative = next((s.day for s in told if s.state == "negative"), None)
    if negative is not None:
        days += [s.day for s in told if s.state == "positive" and s.day > negative]
    return min(days, default=None), None if found is None else _largest(found.p_rise)


def _rise_shown(samples: list[PlasmaPoint], params: CtdnaParams, variation: Variation) -> float | None:
    counted = [s for s in samples if s.has_reads]
    if not counted:
        return None
    last = counted[-1]
    assert last.reads is not None and last.background is not None
    for rise in RISES:
        reads = float(round(max(last.reads - last.background, 1.0) * rise + last.background))
        more = PlasmaPoint(last.day + 1, "positive", None, reads, last.depth, last.background)
        found = course_of([*counted, more], params, variation)
        if found is not None and found.p_rise[-1] >= params.min_probability:
            return rise
    return None
