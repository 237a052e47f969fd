"""The sentences of the risk model: its headline, answer, reasons against it, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from oncourse.analyses._base import Estimate
from oncourse.analyses._headline import Headline, endpoint_short, light_of
from oncourse.facts.days import landmark_days
from oncourse.words.catalogue import Said, catalogue, said

if TYPE_CHECKING:
    from oncourse.derive.outcomes.prediction_data import PredictionFrame
    from oncourse.models.fit_report import FittedPrediction

#: p-value of the proportional-hazards test below which the page names the setting that fits within the horizon.
NOT_PROPORTIONAL = 0.01
#: Share of patients lost before the horizon from which what losing them may do to the AUC is said.
MIN_LOST = 0.05


class PredictionSettings(Protocol):
    """The settings that the sentences name (`oncourse.analyses.prediction.PredictionParams`)."""

    @property
    def endpoint(self) -> str: ...
    @property
    def months(self) -> float: ...
    @property
    def covariates(self) -> tuple[str, ...]: ...
    @property
    def min_events(self) -> int: ...


def _model(name: str | None) -> Said | str:
    """A model in words, its own name where the catalogue has none."""
    return said(f"model.{name}") if f"model.{name}" in catalogue("en") else str(name)


def _is_useless(fitted: FittedPrediction, found: dict[str, Estimate], params: PredictionSettings) -> bool:
    """Whether the recommended model removes nothing of the error of one risk for everyone."""
    gain = found.get(f"ipa_{params.months:g}m {fitted.recommended}")
    return gain is None or gain.value is None or gain.value <= 0


def headline_of(
    fitted: FittedPrediction,
    found: dict[str, Estimate],
    params: PredictionSettings,
    since: str,
    reasons: tuple[str, ...] = (),
) -> Headline:
    """Too few for a model, no better than one risk for all, or how well it ranks; with reasons against its use (`against`)
    it is never answered for sure.

    since : time zero, a key of `since` in the catalogue
    """
    patients, events = found["n_patients"], found["n_events"]
    n, m = int(patients.value or 0), f"{params.months:g}"
    r = fitted.recommended
    useful = fitted.supported >= 1 and r is not None and not _is_useless(fitted, found, params)
    if useful and found[f"auc_{m}m {r}"].value is not None:
        auc = found[f"auc_{m}m {r}"]
        added = "adds_unknown" if fitted.added is None else "adds" if fitted.mutations_add else "adds_not"
        told = {"model": _model(r), "auc": auc, "patients": n, "added": said(f"beside.{added}")}
        text = said("headline.prediction.works", **told)
        weak = bool(reasons or fitted.warnings)
        return Headline(text, *(("uncertain", said("reason.not_for_use")) if weak else light_of(auc, n)), auc.name)
    if fitted.supported < 1:
        deaths = said(f"noun.{'deaths' if params.endpoint == 'OS' else 'events'}", n=int(events.value or 0))
        risk = found["observed_risk"]
        told = {"deaths": deaths, "patients": n}
        if risk.value is None:
            return Headline(said("headline.prediction.few", **told), "cannot", said("reason.few", what=deaths))
        text = said("headline.prediction.few_observed", **told, **_risk_of(params, since), risk=risk)
        return Headline(text, "cannot", said("reason.few", what=deaths), risk.name)
    if r is not None:
        text = said("headline.prediction.no_better", model=_model(r), patients=n)
        return Headline(text, "answered", said("reason.no_better"), f"ipa_{m}m {r}")
    risk = found["observed_risk"]
    text = said("headline.prediction.plain", **_risk_of(params, since), risk=risk, patients=n)
    return Headline(text, "uncertain", said("reason.too_few"), risk.name)


def _risk_of(params: PredictionSettings, since: str) -> dict[str, Said | str]:
    """Of what the risk is, within how many months, and from which day on."""
    event = said("term.death") if params.endpoint == "OS" else said("term.event", what=endpoint_short(params.endpoint))
    return {"event": event, "months": f"{params.months:g}", "since": said(f"since.{since}")}


def answer_of(
    fitted: FittedPrediction, frame: PredictionFrame, estimates: tuple[Estimate, ...], params: PredictionSettings
) -> str:
    """Size first, then the observed risk, accuracy, what mutations add, and why not to use the model."""
    m = f"{params.months:g}"
    event = {"OS": "death"}.get(params.endpoint, params.endpoint)
    parts = [
        _support(fitted, params),
        f"For a patient alive on {frame.zero.words}, the observed risk of {event} by {m} months is {{observed_risk}}.",
    ]
    reasons = against(fitted, frame)
    if fitted.recommended is not None and fitted.supported >= 1:
        parts += _accuracy(fitted.recommended, estimates, params, usable=not reasons)
    if fitted.added is not None and fitted.supported >= 1:
        parts.append(
            f"The mutations add to the {_model(fitted.base)} model."
            if fitted.mutations_add
            else f"There is no evidence that mutations add to the {_model(fitted.base)} model."
        )
        parts.append(f"They change its AUC by {{added auc_{m}m}} and its gain in Brier score by {{added ipa_{m}m}}.")
    if fitted.supported < 1:
        parts.append("What its models reached, in tables and plots, is no result.")
    if reasons:
        parts.append("The model should not be used for decisions.")
        parts += [f"Reason: {why}." for why in reasons]
    return " ".join(parts)


def _accuracy(r: str, estimates: tuple[Estimate, ...], params: PredictionSettings, *, usable: bool) -> list[str]:
    """How well the recommended model did in patients it had not seen; operating points only of one that may be used."""
    m = f"{params.months:g}"
    gain = next((e.value for e in estimates if e.name == f"ipa_{m}m {r}"), None)
    better = (
        f"Against the same risk for everyone, it removes {{ipa_{m}m {r}}} of the prediction error (Brier score)."
        if gain is not None and gain > 0
        else f"The {_model(r)} model predicted no better than giving every patient the same risk."
    )
    points = (
        f"At a threshold of {{threshold:value}}, its sensitivity is {{sensitivity_{m}m {r}}} and its specificity "
        f"{{specificity_{m}m {r}}}; its PPV is {{ppv_{m}m {r}}} and its NPV {{npv_{m}m {r}}}."
    )
    return [
        f"The {_model(r)} model reaches an AUC of {{auc_{m}m {r}}} in patients it had not seen.",
        better,
        f"Its calibration slope is {{calibration_slope {r}}}; 1 is ideal.",
        *([points] if usable else []),
    ]


def _support(fitted: FittedPrediction, params: PredictionSettings) -> str:
    """The sentence on sample size, which comes first."""
    event = {"OS": "deaths"}.get(params.endpoint, f"{params.endpoint} events")
    start = f"With {{n_events:value}} {event} by {params.months:g} months in {{n_patients:value}} patients"
    if fitted.supported < 1:
        return f"{start}, the data are too few to build a reliable model."
    some = "predictor" if fitted.supported == 1 else "predictors"
    offered = "{candidate_parameters:value} were offered"
    return f"{start}, a model of {{supported_parameters:value}} {some} is reliable; {offered}."


def against(fitted: FittedPrediction, frame: PredictionFrame) -> tuple[str, ...]:
    """Reasons against using the model: those of its accuracy, and findings that may be later than time zero."""
    if 2 * frame.zero.assumed <= frame.patients.height:
        return fitted.warnings
    return (
        *fitted.warnings,
        "most samples carry no day, so findings may be later than time zero and follow-up before them immortal",
    )


def notes_of(fitted: FittedPrediction, frame: PredictionFrame, params: PredictionSettings) -> tuple[str, ...]:
    """What limits the model: covariates, strata, days assumed, delayed entry, effects that change, those lost."""
    notes = [
        "Accuracy here is of this way of building a model in this study; a new study has to confirm it.",
    ]
    if params.covariates == () and not frame.columns:
        notes.append("No clinical covariates are recorded; list them under `covariates:` in study.yaml.")
    if not frame.genes:
        notes.append("No gene was altered in enough patients by time zero: clinical models only.")
    if frame.strata is not None and frame.stratum is not None:
        sizes = ", ".join(f"{v} {int((frame.stratum == k).sum())}" for k, v in enumerate(frame.strata.levels))
        notes.append(
            f"Strata of {frame.strata.covariate}, each with a baseline hazard of its own (patients: {sizes}): "
            f"coefficients "
            "compare patients within a stratum; every model, the null model too, knows the stratum."
        )
    if frame.zero.assumed:
        notes.append(
            f"{frame.zero.assumed} patients have samples without a day; their findings are taken as known at time zero."
        )
    if fitted.truncation is not None:
        late, p = fitted.truncation
        notes.append(
            f"{late} patients came under observation after time zero (delayed entry)."
            + (
                f" Entry time itself predicts the outcome (p = {p:.2g}): truncation is dependent and the estimates "
                "may be off."
                if p < 0.05
                else ""
            )
        )
    if fitted.proportional is not None and fitted.proportional < NOT_PROPORTIONAL:
        notes.append(
            f"The predictors do not act alike at all times (proportional hazards p = {fitted.proportional:.2g}): over "
            f"the "
            f"whole follow-up their effect differs from that by {params.months:g} months. "
            f"prediction.stop_at_horizon=yes "
            "fits within the horizon."
        )
    notes += _lost(fitted, frame, params)
    if fitted.unstable:
        notes.append(f"Refits did not all converge: {fitted.unstable}.")
    return tuple(notes)


def _lost(fitted: FittedPrediction, frame: PredictionFrame, params: PredictionSettings) -> list[str]:
    """How far the AUC may be off because those lost are not like the others; whether losing them hangs on the risk."""
    import numpy as np

    from oncourse.models.auc_bounds import LOST_ODDS, auc_bounds
    from oncourse.stats.cox import fit_cox

    data, risk, horizon = frame.arrays(), fitted.out_of_fold, landmark_days(params.months)
    lost = ~data.event & (data.time < horizon)
    if np.isnan(risk).any() or lost.mean() < MIN_LOST or data.entry.any():
        return []
    text = f"{int(lost.sum())} patients were lost before {params.months:g} months."
    if fitted.supported < 1:  # a model of which no accuracy is told has no bounds of it either
        return [text]
    low, high = auc_bounds(risk, data.time, data.event, horizon)
    least, most = auc_bounds(risk, data.time, data.event, horizon, of_others=True)
    text += (
        f" Were their odds of the event {LOST_ODDS:g} times, or 1/{LOST_ODDS:g} of, those of others at like risk, the AUC "
        f"would lie between {low:.2f} and {high:.2f}, the luck of those lost included; "
        f"in all patients like these between {least:.2f} and {most:.2f} (95 %)."
    )
    rank = np.argsort(np.argsort(risk)) / len(risk)
    fit = fit_cox(np.minimum(data.time, horizon), lost, rank[:, None]) if lost.sum() >= params.min_events else None
    if fit is not None and float(fit.p_value[0]) < 0.05:
        text += f" Losing patients hangs on the predicted risk (p = {float(fit.p_value[0]):.2g}): the AUC may be off."
    return [text]
