"""Sample size and power of a planned outcome study: a finding, an interaction, a landmark, a prediction model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from oncourse.errors import ConfigError
from oncourse.stats.rng import generator

MONTHS_PER_YEAR = 12.0


@dataclass(frozen=True)
class SurvivalDesign:
    """A planned study; times in months.

    Attributes
    ----------
    hazard_ratio : of altered over not altered (or of the new over the reference arm)
    share_altered : altered among the patients, 0-1
    survival_24m : 24-month survival of the not altered
    accrual_months, follow_up_months : patients come evenly during accrual and are then followed so long at least
    yearly_loss : share lost to follow-up per year
    sampling_delay_months : mean time from the start of the clock to the sample (exponential); who dies before it is not
        in the study, and enters the risk set then (delayed entry)
    alpha : two-sided; power; tests : features tested (alpha is divided by it)
    treated_share, interaction_ratio : for the interaction of finding and treatment (ratio of two hazard ratios)
    """

    hazard_ratio: float = 1.7
    share_altered: float = 0.3
    survival_24m: float = 0.6
    accrual_months: float = 36.0
    follow_up_months: float = 24.0
    yearly_loss: float = 0.03
    sampling_delay_months: float = 0.0
    alpha: float = 0.05
    power: float = 0.8
    tests: int = 1
    treated_share: float = 0.5
    interaction_ratio: float | None = None

    def __post_init__(self) -> None:
        problems = [
            f"{name}: {value:g} must lie between 0 and 1"
            for name, value in (
                ("share altered", self.share_altered),
                ("24-month survival", self.survival_24m),
                ("alpha", self.alpha),
                ("power", self.power),
                ("treated share", self.treated_share),
            )
            if not 0 < value < 1
        ]
        for name, ratio in (
            ("hazard ratio", self.hazard_ratio),
            ("interaction ratio", self.interaction_ratio),
        ):
            if ratio is not None and (ratio <= 0 or ratio == 1):
                problems.append(f"{name}: {ratio:g} must be above 0 and not 1")
        if not 0 <= self.yearly_loss < 1:
            problems.append(f"yearly loss: {self.yearly_loss:g} must be at least 0 and below 1")
        if min(self.accrual_months, self.follow_up_months, self.sampling_delay_months) < 0 or self.tests < 1:
            problems.append("months are 0 or more, tests 1 or more")
        if self.accrual_months + self.follow_up_months <= 0:
            problems.append("accrual and follow-up are both 0: nobody is observed")
        if problems:
            raise ConfigError(problems)

    @property
    def hazard(self) -> float:
        """Monthly hazard of the not altered (constant)."""
        return -math.log(self.survival_24m) / 24.0

    @property
    def loss(self) -> float:
        """Monthly hazard of being lost."""
        return -math.log1p(-self.yearly_loss) / MONTHS_PER_YEAR


def schoenfeld_events(hazard_ratio: float, share: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return the events that find a hazard ratio between groups of `share` and 1 - `share` [1]_.

    References
    ----------
    .. [1] Schoenfeld. Biometrics 1983;39:499.

    Examples
    --------
    >>> schoenfeld_events(0.6, 0.5)
    121
    """
    return math.ceil(_information(alpha, power) / (share * (1 - share) * math.log(hazard_ratio) ** 2))


def interaction_patients(design: SurvivalDesign) -> int:
    """Return the patients that find ``design.interaction_ratio`` (Peterson, George. Control Clin Trials 1993;14:511).

    The variance of the log ratio of hazard ratios is the sum over the four cells of 1 / events.
    """
    alpha = design.alpha / design.tests
    need = _information(alpha, design.power) / math.log(design.interaction_ratio or 1.0) ** 2
    return math.ceil(need * sum(1 / (share * events / enrolled) for share, events, enrolled in _cells(design)))


def _information(alpha: float, power: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2) + ndtri(power)) ** 2


def power_of(design: SurvivalDesign, patients: int) -> float:
    """Return the power of so many patients for the hazard ratio, or for the interaction where one is given."""
    from scipy.special import ndtr, ndtri

    alpha = design.alpha / design.tests
    if design.interaction_ratio is None:
        information = patients * event_probability(design) * design.share_altered * (1 - design.share_altered)
        drift = abs(math.log(design.hazard_ratio)) * math.sqrt(information)
    else:
        spread = sum(1 / (patients * share * events / enrolled) for share, events, enrolled in _cells(design))
        drift = abs(math.log(design.interaction_ratio)) / math.sqrt(spread)
    z = float(ndtri(1 - alpha / 2))
    return float(ndtr(drift - z) + ndtr(-drift - z))


def mean_time_at_risk(design: SurvivalDesign) -> float:
    """Return the mean months a patient of the study is at risk: until event, loss or end, from the sample on."""
    cells = _cells(design)
    ratios = [design.hazard_ratio, 1.0]
    if design.interaction_ratio is not None:
        ratios = [design.hazard_ratio * design.interaction_ratio, design.hazard_ratio, 1.0, 1.0]
    total = sum(
        share * events / (design.hazard * ratio) for (share, events, _), ratio in zip(cells, ratios, strict=True)
    )
    return total / sum(share * enrolled for share, _, enrolled in cells)


def event_probability(design: SurvivalDesign) -> float:
    """Return the share of the patients in the study who have the event while at risk.

    Even accrual, constant hazards of event and loss; with a sampling delay among those alive and followed at sampling.
    """
    cells = _cells(design)
    return sum(share * events for share, events, _ in cells) / sum(share * enrolled for share, _, enrolled in cells)


def _cells(design: SurvivalDesign, *, n_grid: int = 400) -> list[tuple[float, float, float]]:
    """Share, probability of an event in the study, and of being in it: altered or not, by treatment if it interacts."""
    altered, ratio, treated = design.share_altered, design.hazard_ratio, design.treated_share
    kinds = [(altered, ratio), (1 - altered, 1.0)]
    if design.interaction_ratio is not None:
        kinds = [
            (altered * treated, ratio * design.interaction_ratio),
            (altered * (1 - treated), ratio),
            ((1 - altered) * treated, 1.0),
            ((1 - altered) * (1 - treated), 1.0),
        ]
    end = design.follow_up_months + design.accrual_months * (np.arange(n_grid) + 0.5) / n_grid
    out = []
    for share, times in kinds:
        hazard = design.hazard * times
        leave = hazard + design.loss
        if design.sampling_delay_months > 0:
            # sampled at s (exponential, before the end), alive and not lost until then; event between s and the end
            rate = 1 / design.sampling_delay_months
            enrolled = rate / (rate + leave) * (1 - np.exp(-(rate + leave) * end))
            events = hazard / leave * (enrolled - np.exp(-leave * end) * (1 - np.exp(-rate * end)))
            out.append((share, float(events.mean()), float(enrolled.mean())))
        else:
            out.append((share, float((hazard / leave * (1 - np.exp(-leave * end))).mean()), 1.0))
    return out


def landmark_half_width(design: SurvivalDesign, patients: int, *, months: float = 24.0, level: float = 0.95) -> float:
    """Return half the width of the interval of survival at `months` among the not altered (Greenwood, expected).

    NaN where nobody is followed so long, and with a sampling delay: next to nobody is then at risk at the first events,
    and the variance of a curve from the start of the clock has no limit (`simulate_landmark` says what to expect).
    """
    from scipy.special import ndtri

    if design.sampling_delay_months > 0:
        return float("nan")
    grid = (np.arange(2000) + 0.5) / 2000 * months
    since = np.clip((design.accrual_months + design.follow_up_months - grid) / max(design.accrual_months, 1e-9), 0, 1)
    followed = since * np.exp(-design.loss * grid)
    if (followed <= 0).any():
        return float("nan")
    variance = float((design.hazard * np.exp(design.hazard * grid) / followed).mean()) * months / patients
    return float(ndtri(0.5 + level / 2)) * math.exp(-design.hazard * months) * math.sqrt(variance)


def landmark_patients(design: SurvivalDesign, half_width: float, *, months: float = 24.0, level: float = 0.95) -> int:
    """Return the patients for an interval of survival at `months` of plus/minus `half_width`."""
    one = landmark_half_width(design, 1, months=months, level=level)
    if design.sampling_delay_months > 0:
        raise ConfigError(
            "a precise survival from the start of the clock cannot be planned by formula with a sampling delay: give "
            "--patients and read the simulated interval, or start the clock at the sample (--sampling-delay-months 0)"
        )
    if math.isnan(one):
        raise ConfigError(f"nobody is followed for {months:g} months: lengthen accrual or follow-up")
    return math.ceil((one / half_width) ** 2)


@dataclass(frozen=True)
class SimulatedPower:
    """Power by simulation, with its exact 95 % interval, the mean number of events and the mean estimate (log)."""

    power: float
    ci_low: float
    ci_high: float
    mean_events: float
    mean_log_ratio: float
    replicates: int


@dataclass(frozen=True)
class SimulatedLandmark:
    """Survival at a landmark in simulated studies: median half-width of its interval and how often it covers the
    truth."""

    half_width: float
    coverage: float
    known: int
    replicates: int


def simulate_landmark(
    design: SurvivalDesign, patients: int, *, months: float = 24.0, replicates: int = 500, seed: int = 1
) -> SimulatedLandmark:
    """Simulate studies of so many not altered patients; Kaplan-Meier with delayed entry, log-log interval at `months`.

    ``known`` studies have an interval there (some patient is followed so long and the curve is neither 1 nor 0).
    """
    from dataclasses import replace

    from oncourse.stats.km import kaplan_meier

    alike = replace(design, hazard_ratio=1.0 + 1e-9, interaction_ratio=None)
    truth = math.exp(-design.hazard * months)
    random = generator(seed, "plan landmark")
    widths, covered = [], 0
    for _ in range(replicates):
        time, event, entry, *_ = _draw(alike, patients, random)
        curve = kaplan_meier(time, event, entry=entry if design.sampling_delay_months else None)
        at = curve.at([months])
        low, high = float(at.ci_low[0]), float(at.ci_high[0])
        if math.isnan(low) or math.isnan(high):
            continue
        widths.append((high - low) / 2)
        covered += low <= truth <= high
    known = len(widths)
    nothing = float("nan")
    return SimulatedLandmark(
        float(np.median(widths)) if known else nothing,
        covered / known if known else nothing,
        known,
        replicates,
    )


def _draw(design: SurvivalDesign, patients: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Patients of one simulated study: time, event, entry (months), altered, treated."""
    parts: list[np.ndarray] = []
    have = 0
    while have < patients:
        n = max(64, int(1.5 * (patients - have)))
        altered = random.random(n) < design.share_altered
        treated = random.random(n) < design.treated_share
        log = altered * math.log(design.hazard_ratio)
        if design.interaction_ratio is not None:
            log = log + (altered & treated) * math.log(design.interaction_ratio)
        life = random.exponential(1 / (design.hazard * np.exp(log)))
        lost = random.exponential(1 / design.loss, n) if design.loss > 0 else np.full(n, np.inf)
        end = np.minimum(lost, design.follow_up_months + design.accrual_months * random.random(n))
        delay = random.exponential(design.sampling_delay_months, n) if design.sampling_delay_months else np.zeros(n)
        time = np.minimum(life, end)
        rows = np.column_stack([time, life <= end, delay, altered, treated])[delay < time]
        parts.append(rows)
        have += rows.shape[0]
    table = np.concatenate(parts)[:patients]
    return table[:, 0], table[:, 1].astype(bool), table[:, 2], table[:, 3], table[:, 4]


def simulate_power(design: SurvivalDesign, patients: int, *, replicates: int = 500, seed: int = 1) -> SimulatedPower:
    """Return the share of simulated studies whose Cox model (delayed entry) finds the effect, or the interaction."""
    from scipy.special import ndtr

    from oncourse.stats.cox import fit_cox
    from oncourse.stats.proportions import clopper_pearson
    from oncourse.stats.sandwich import small_sample_variance

    random = generator(seed, "plan survival")
    alpha = design.alpha / design.tests
    found, events, logs = 0, 0, []
    for _ in range(replicates):
        time, event, entry, altered, treated = _draw(design, patients, random)
        columns = [altered] if design.interaction_ratio is None else [altered * treated, altered, treated]
        fit = fit_cox(time, event, np.column_stack(columns), entry=entry if design.sampling_delay_months else None)
        events += fit.n_event
        if fit.converged and not np.isnan(fit.coef[0]):
            p = float(fit.p_value[0])
            if design.interaction_ratio is not None:  # as the analysis tests it
                p = float(2 * ndtr(-abs(fit.coef[0]) / math.sqrt(small_sample_variance(fit)[0, 0])))
            found += p < alpha
            logs.append(float(fit.coef[0]))
    low, high = clopper_pearson(found, replicates)
    mean = float(np.mean(logs)) if logs else float("nan")
    return SimulatedPower(found / replicates, float(low), float(high), events / replicates, mean, replicates)
