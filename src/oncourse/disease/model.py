"""What is known of one disease, as plain data, with the few questions code asks of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Hypothesis(NamedTuple):
    """A marker that is expected to change the effect of a class of drugs against another (None: any other
    treatment)."""

    marker: str
    arm: str
    reference: str | None


@dataclass(frozen=True)
class State:
    """A state of the disease and what shows it; any one of the grounds is enough.

    settings : of the patient's last line of treatment
    stage, text : regular expressions on the stage, and on the diagnosis with the study's disease
    by_metastasis : a metastasis was found
    by_design : the study's design is this disease
    until_progression : a treatment of this setting that ended with progression, or during which PSA or scans
    progressed, shows it no longer
    (castration-sensitive)
    """

    name: str
    words: str
    settings: tuple[str, ...] = ()
    stage: str | None = None
    text: str | None = None
    by_metastasis: bool = False
    by_design: bool = False
    until_progression: bool = False

    def is_shown(
        self, setting: str | None, stage: str, text: str, has_metastasis: bool, in_design: bool, has_progressed: bool
    ) -> bool:
        """Return whether any ground holds; an unknown stage or setting shows nothing."""
        return (
            (setting in self.settings and not (self.until_progression and has_progressed))
            or bool(self.stage and re.search(self.stage, stage, re.IGNORECASE))
            or bool(self.text and re.search(self.text, text, re.IGNORECASE))
            or (self.by_metastasis and has_metastasis)
            or (self.by_design and in_design)
        )


@dataclass(frozen=True)
class Disease:
    """One disease, read from its folder.

    tumour : the word therapy rules use for it
    words : regular expression that knows a diagnosis, site or study code of it, in English and Chinese
    states : in the order they are looked for; the first that is shown holds
    sides : side of the primary -> regular expression on its site; empty where the side means nothing
    parts : part of the organ -> regular expression on the site of the primary or the diagnosis; empty where rules do not
        ask for it
    visceral : regular expression on the site of a metastasis that is visceral disease, by which treatments are chosen;
        empty where it means nothing
    asked : (label, what) of the biomarkers a tumour board asks for first: ``ras``, ``side``, ``status NAME``, or an
        expression of the therapy rules
    objectives : the analyses that answer the protocol's questions, in its order; page one of the report shows these.
        Empty: every analysis is a question of its own
    prespecified : features of `biomarkers` named before the data were seen
    hypotheses : marker x treatment interactions named before the data were seen
    endpoint_words : what an endpoint is called here, where not as everywhere
    time_zero_metastatic_share : share of patients with a metastasis from which a study is taken to hold its patients
        because of it
    cbioportal_type, term : cBioPortal's type of cancer; id and label of the NCI Thesaurus
    study_yaml : the settings an empty study starts with
    rules : therapy rules of this disease alone (text of a table with the columns of therapy_rules.tsv), or empty
    golden : what must come out of each of these rules for three patients (YAML as `knowledge.golden` reads it)
    """

    name: str
    title: str
    tumour: str
    words: str
    states: tuple[State, ...]
    asked: tuple[tuple[str, str], ...]
    prespecified: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    study_yaml: str
    objectives: tuple[str, ...] = ()
    time_zero_metastatic_share: float = 0.9
    sides: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    visceral: str = ""
    endpoint_words: Mapping[str, str] = field(default_factory=dict)
    cbioportal_type: str = "mixed"
    term: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    golden: str = ""

    def is_named(self, text: str) -> bool:
        """Return whether a diagnosis, site or study code speaks of this disease's tumour."""
        return bool(re.search(self.words, text.replace("_", " "), re.IGNORECASE))

    def side(self, site: str | None) -> str | None:
        """Return the side of the primary by the words of its site; None: not told, or both are.

        >>> from oncourse.disease import disease
        >>> crc = disease("crc")
        >>> crc.side("sigmoid colon"), crc.side("Cecum"), crc.side("colorectal"), crc.side(None), crc.side("升结肠")
        ('left', 'right', None, None, 'right')
        """
        return _the_one(self.sides, site)

    def part(self, *words: str | None) -> str | None:
        """Return the part of the organ by the first of the words that tells one (site, diagnosis); None: none does.

        >>> from oncourse.disease import disease
        >>> crc = disease("crc")
        >>> crc.part("rectum"), crc.part("left colon"), crc.part("Colorectal", "rectal adenocarcinoma"), crc.part("肠")
        ('rectum', 'colon', 'rectum', None)
        >>> crc.part("rectosigmoid junction", "colorectal cancer"), crc.part("结直肠癌"), crc.part("直肠")
        (None, None, 'rectum')
        """
        return next((part for text in words if (part := _the_one(self.parts, text)) is not None), None)

    def is_visceral(self, site: str | None) -> bool | None:
        """Return whether a metastasis at a site is visceral disease; None: no site, or the disease does not ask.

        >>> from oncourse.disease import disease
        >>> prostate = disease("mcrpc")
        >>> prostate.is_visceral("Liver"), prostate.is_visceral("肺"), prostate.is_visceral("bone")
        (True, True, False)
        """
        return bool(re.search(self.visceral, site, re.IGNORECASE)) if self.visceral and site else None

    def state(
        self,
        setting: str | None,
        stage: str | None,
        text: str,
        *,
        has_metastasis: bool,
        in_design: bool,
        has_progressed: bool = False,
    ) -> str | None:
        """Return the first state any of whose grounds is known to hold; None: not known.

        has_progressed : the last treatment ended with progression
        """
        known = (stage or "", text, has_metastasis, in_design, has_progressed)
        shown = (s.name for s in self.states if s.is_shown(setting, *known))
        return next(shown, None)

    def asks(self, what: str) -> bool:
        """Return whether `what` is among the biomarkers asked for first."""
        return what in {asked for _, asked in self.asked}


def _the_one(kinds: Mapping[str, str], text: str | None) -> str | None:
    """Return the kind whose regular expression the words fulfil, where exactly one is."""
    found = [kind for kind, words in kinds.items() if re.search(words, text or "", re.IGNORECASE)]
    return found[0] if len(found) == 1 else None
