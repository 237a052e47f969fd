"""The Cohort: a study and its derived tables, each computed once and shared by every analysis.

One class in seven rooms, each resting on those before: `clinical`, `genes`, `concordance`, `clones`, `blood`, `status`,
`outcomes`. Each derived table is one property: one call into its room of `oncourse.derive`.
"""

from __future__ import annotations

from oncourse.cohort._base import derived
from oncourse.cohort.outcomes import Outcomes

__all__ = ["Cohort", "derived"]


class Cohort(Outcomes):
    """A study with its derived tables: the one door to them, for analyses, pages, exports and users alike.

    Parameters
    ----------
    study : the study as recorded
    settings : section -> parameter -> value, over those of study.yaml, over the documented defaults
    seed : seed of every random number (`oncourse.stats.rng.generator`)
    store : where clones derived before are read, and others kept (`oncourse.disk.store`); None: nowhere
    jobs : patients whose clones are derived at a time
    shared : where the processes of a run share what they derive (`oncourse.disk.shared`); None: one process alone

    `progress` is told in words how far a derivation of many minutes is; by default nobody listens.

    Raises
    ------
    ConfigError : unknown or wrong settings, all at once
    """

    def wrong_names(self) -> list[str]:
        """Return what study.yaml and the settings name and the study does not have
        (`oncourse.derive.outcomes.named`), and files of knowledge that cannot be used."""
        from oncourse.derive.outcomes.named import wrong_names

        wrong = wrong_names(self.study, self.settings, self.sample_groups)
        if self.settings.get("knowledge"):
            from oncourse.derive.care.therapy import KnowledgeParams, wrong_knowledge

            wrong += wrong_knowledge(self.params(KnowledgeParams), self.study.config.genome_build, self.study.source)
        return wrong
