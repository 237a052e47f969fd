"""Tables of the Cohort - concordance: present, absent, not assessable."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

import polars as pl

from oncourse.cohort._base import derived
from oncourse.cohort.genes import Genes
from oncourse.facts.material import is_tumour

if TYPE_CHECKING:
    from oncourse.derive.concordance.pairs import PairTable
    from oncourse.derive.concordance.presence import PresenceTable


class Concordance(Genes):
    """Concordance: present, absent, not assessable."""

    @derived
    def presence(self) -> PresenceTable:
        """Present, absent or not assessable per variant and tumour sample (`oncourse.derive.concordance.presence`)."""
        from oncourse.derive.concordance.pairs import ConcordanceParams
        from oncourse.derive.concordance.presence import PresenceParams, presence_table

        if self._part_of is not None:
            whole, patient_id = self._part_of
            return whole.presence.of_patient(patient_id)
        rules = self.params(ConcordanceParams)
        return presence_table(
            self.study,
            self.panels,
            self.params(PresenceParams),
            min_power=rules.min_power,
            merge_same_site=rules.merge_same_site,
        )

    @property
    def presence_or_none(self) -> PresenceTable | None:
        """`presence`, or None where no patient has two tumour samples."""
        return self.presence if self._has_two_samples else None

    @derived
    def pairs(self) -> PairTable:
        """Pairs of samples of a patient and the fate of each variant between them
        (`oncourse.derive.concordance.pairs`)."""
        from oncourse.derive.concordance.pairs import pair_table

        return pair_table(self.presence)

    @derived
    def identity(self) -> pl.DataFrame:
        """Samples that fit another patient, or hold some of one (`oncourse.derive.concordance.identity`)."""
        from oncourse.derive.concordance.identity import identity_table

        return identity_table(self.study, self.numbered_calls)

    @derived
    def apart(self) -> pl.DataFrame:
        """Samples that may be another's, with the reason: they leave the answers
        (`oncourse.derive.concordance.apart`)."""
        from oncourse.derive.concordance.apart import SCHEMA, samples_apart

        if self._part_of is not None:
            whole, patient_id = self._part_of
            return whole.apart.filter(pl.col("patient_id") == patient_id)
        if not self.study.has("calls"):
            return pl.DataFrame(schema=SCHEMA)
        return samples_apart(self.identity, self.relatedness if self._may_tell_apart else None)

    @property
    def _may_tell_apart(self) -> bool:
        """Whether reads of a patient's samples could set one apart; presence is not asked where they cannot."""
        from oncourse.derive.concordance.pairs import ConcordanceParams
        from oncourse.derive.concordance.relatedness import may_tell_apart

        rules = self.params(ConcordanceParams)
        return self._has_two_samples and may_tell_apart(self.study, merge_same_site=rules.merge_same_site)

    @cached_property
    def _has_two_samples(self) -> bool:
        return bool(self.study["samples"].filter(is_tumour())["patient_id"].is_duplicated().any())

    @property
    def cleared(self) -> Self:
        """The Cohort without the samples set apart; itself where there are none."""
        if self._cleared is None:
            with self._lock:
                self._cleared = self._cleared or self._without_apart()
        return self._cleared

    def _without_apart(self) -> Self:
        if self._part_of is not None:
            whole, patient_id = self._part_of
            return self if whole.apart.is_empty() else whole.cleared.of_patient(patient_id)
        if self.apart.is_empty():
            return self
        cleared = self.of_study(self.study.select(without_samples=self.apart["sample_id"].to_list()), "cleared")
        cleared._cleared, cleared._cache["apart"] = cleared, self.apart.clear()
        return cleared

    @derived
    def relatedness(self) -> pl.DataFrame:
        """Evidence of common origin per pair of tumour samples (`oncourse.derive.concordance.relatedness`)."""
        from oncourse.derive.concordance.relatedness import relatedness_table

        return relatedness_table(self.study, self.presence, self.pairs)

    @derived
    def of_two_tumours(self) -> pl.DataFrame:
        """The pairs of `relatedness` that are of two tumours, of samples that are the patient's own."""
        from oncourse.derive.concordance.relatedness import NOT_RELATED

        gone = self.apart["sample_id"].implode()
        own = ~(pl.col("sample_a").is_in(gone) | pl.col("sample_b").is_in(gone))
        return self.relatedness.filter(own & pl.col("verdict").is_in(NOT_RELATED))

    @derived
    def spectra(self) -> pl.DataFrame:
        """Mutations per class of surrounding bases, by sample and shared or private
        (`oncourse.derive.genes.spectra`)."""
        from oncourse.derive.genes.spectra import SignatureParams, spectra_table, variant_classes

        classes = variant_classes(self.study, self.params(SignatureParams).fasta)
        known = classes["class"].is_not_null().any()
        presence = self.presence_or_none if known else None
        return spectra_table(self.annotated_calls, classes, None if presence is None else presence.cells)
