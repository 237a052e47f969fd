"""Every time-to-event endpoint, defined once: what ends it, what competes, where it starts and what tells it.

An endpoint made of events that are already told is one entry here: `derive.clinical` makes its records, and whatever
asks for the endpoints that imaging tells, or that death ends, finds it. A new kind of event is a function there. What a
page calls an endpoint stands in the catalogue of words (``endpoint.NAME``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEATH = "death"
OF_CANCER = "death of the cancer"
OF_OTHERS = "death of another cause"
SOFT = "soft-tissue progression"
BONE = "bone progression"
REPORTED = "reported progression"
ON_NEXT_LINE = "progression on the next line"
PSA_RISE = "PSA progression"
RECURRENCE = "recurrence"
SECOND_PRIMARY = "second primary"
NEXT_LINE = "next line"
STOP = "end of the treatment"
END_OF_RESPONSE = "end of the response"

Source = Literal["survival", "recurrence", "imaging", "next line", "PSA", "next treatment", "treatment", "response"]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: the first of its events ends it.

    Attributes
    ----------
    meaning : what it is, for tables and figures
    told_by : the observations that tell it, and by whose last day it is censored
    events, competing : what ends it, in the order in which events of one day count; what ends it as another event
    level : whether a patient has it once, from the origin of the study, or on each line of therapy, from its start
        (OS is told of both; PFS and TTP of the study where it has no treatments)
    at_visits : its event is found at a visit, and happened at some time since the last one
    """

    meaning: str
    told_by: Source
    events: tuple[str, ...]
    competing: tuple[str, ...] = ()
    level: Literal["study", "line"] = "line"
    at_visits: bool = False

    @property
    def needs_deaths(self) -> bool:
        """Whether it cannot be told of somebody who is not known dead or alive: death is among its events."""
        return DEATH in self.events


ENDPOINTS: dict[str, Endpoint] = {
    "OS": Endpoint("death of any cause", "survival", (DEATH,), level="study"),
    "CSS": Endpoint(
        "death of the cancer; other deaths compete, deaths of unknown cause are left out",
        "survival",
        (OF_CANCER,),
        (OF_OTHERS,),
        level="study",
    ),
    # DATECAN colon: Cohen 2020, doi 10.1016/j.ejca.2020.02.009
    "DFS": Endpoint(
        "recurrence, second primary of the same organ, or death (DATECAN)",
        "recurrence",
        (RECURRENCE, SECOND_PRIMARY, DEATH),
        level="study",
        at_visits=True,
    ),
    "RFS": Endpoint(
        "recurrence or death; second primaries do not count",
        "recurrence",
        (RECURRENCE, DEATH),
        level="study",
        at_visits=True,
    ),
    "TTR": Endpoint(
        "recurrence, or death of the cancer; other deaths without recurrence compete",
        "recurrence",
        (RECURRENCE, OF_CANCER),
        (OF_OTHERS,),
        level="study",
        at_visits=True,
    ),
    "PFS": Endpoint(
        "RECIST progression or death (in mCRPC without bone: rPFS is progression-free survival by PCWG3)",
        "imaging",
        (SOFT, REPORTED, DEATH),
        at_visits=True,
    ),
    "rPFS": Endpoint(
        "soft-tissue progression, confirmed bone progression or death",
        "imaging",
        (SOFT, BONE, REPORTED, DEATH),
        at_visits=True,
    ),
    "TTP": Endpoint("RECIST progression; death competes", "imaging", (SOFT, REPORTED), (DEATH,), at_visits=True),
    "PSA_PFS": Endpoint("confirmed PSA progression or death", "PSA", (PSA_RISE, DEATH)),
    "TTPP": Endpoint("confirmed PSA progression; death competes", "PSA", (PSA_RISE,), (DEATH,)),
    # EMA/CHMP/205/95, appendix 1
    "PFS2": Endpoint(
        "progression on the next line (of bone too, as rPFS), or death, from the start of this one",
        "next line",
        (ON_NEXT_LINE, DEATH),
    ),
    "TOT": Endpoint("end of the treatment: its stop, the next line or death", "treatment", (STOP, DEATH)),
    "TTNT": Endpoint("start of the next line; death competes", "next treatment", (NEXT_LINE,), (DEATH,)),
    "TTNTD": Endpoint("start of the next line or death", "next treatment", (NEXT_LINE, DEATH)),
    "DOR": Endpoint("progression or death, from the first day of a confirmed response", "response", (END_OF_RESPONSE,)),
}


def endpoints_of(*told_by: Source) -> dict[str, Endpoint]:
    """Return the endpoints that these observations tell, by name, in the order of their definition.

    >>> list(endpoints_of("PSA"))
    ['PSA_PFS', 'TTPP']
    """
    return {name: endpoint for name, endpoint in ENDPOINTS.items() if endpoint.told_by in told_by}
