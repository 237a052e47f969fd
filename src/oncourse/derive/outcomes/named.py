"""What study.yaml and the settings name, looked for in the study before any work is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from oncourse.derive.genes.burden import BurdenParams
from oncourse.derive.genes.gene_groups import chosen_pairs
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.derive.outcomes.covariates import chosen_covariates, source_of
from oncourse.derive.outcomes.prediction_data import strata_kind
from oncourse.errors import ConfigError
from oncourse.facts.statuses import parse_status
from oncourse.study.model import Study
from oncourse.study.settings import resolve, sections

log = logging.getLogger(__name__)

#: Settings of any section that list covariates.
COVARIATE_SETTINGS = ("covariates", "subgroups")


def wrong_names(
    study: Study,
    settings: Mapping[str, Mapping[str, Any]],
    sample_groups: Callable[[str | None], Any],
) -> list[str]:
    """Return one line per status that cannot be read, and per covariate, column or group that does not exist.

    The messages are those of the code that uses the name later; it is asked here before the work.

    settings : section -> setting -> value, checked (`oncourse.study.settings.merged_settings`)
    sample_groups : gives the groups of samples by a column, or by `groups.by` (None)
    """
    landscape = resolve(LandscapeParams, settings.get("landscape", {}))
    columns = [landscape.group_by, resolve(BurdenParams, settings.get("burden", {})).group_by]
    asked: list[Callable[[], object]] = [
        *(partial(parse_status, name, items) for name, items in study.config.statuses.items()),
        *(partial(source_of, study, name) for name in study.config.covariates),
        *(partial(chosen_covariates, study, names) for names in _named(settings, *COVARIATE_SETTINGS)),
        *(partial(strata_kind, study, name) for name in _named(settings, "strata")),
        *(partial(sample_groups, column) for column in columns if column is not None),
    ]
    grouped = settings.get("groups", {}).get("by") is not None
    if grouped:
        asked.append(partial(sample_groups, None))
    if landscape.groups and (grouped or landscape.group_by is not None):
        asked.append(lambda: chosen_pairs(sample_groups(landscape.group_by), landscape))
    return list(dict.fromkeys(line for ask in asked for line in refusal(ask)))


def refusal(ask: Callable[[], object]) -> tuple[str, ...]:
    """Return the problems of the ConfigError that asking raises; none where it raises none.

    Any other error is no wrong name: the analysis that meets it again says so.
    """
    try:
        ask()
    except ConfigError as error:
        return error.problems
    except Exception:
        log.debug("could not be asked beforehand", exc_info=True)
    return ()


def _named(settings: Mapping[str, Mapping[str, Any]], *keys: str) -> Iterator[Any]:
    """The values given to settings of these names, in any section; without those that are empty."""
    for name, given in settings.items():
        for key in keys:
            if key in given and (value := getattr(resolve(sections()[name], given), key)):
                yield value
