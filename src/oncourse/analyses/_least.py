"""The fewest patients at which the intervals of an analysis were measured to hold, one line per analysis.

Exact ones need no measurement. The others: ``benchmarks/bench_stress.py least agreement repeat carriers lead`` and
``benchmarks/bench_few_patients.py`` (coverage of 95 % intervals 93-97 %, 92-98 % with their simulation error): below it
no measurement speaks for an interval.
"""

from __future__ import annotations

_TIME = "Survival, medians, cumulative incidence and one hazard ratio: measured to hold from 10 patients."
_SHARES = (
    "Shares of variants, patients differing (sd up to .2): measured to hold from 6 patients (wider than needed "
    "where they are alike), and from 20 where a few patients share hardly anything"
)
_EXACT = "Shares of patients are exact at any number (Clopper-Pearson)."
_MEDIANS = "Medians over patients: exact from 6 (order statistics); none below."
_SAMPLES = "Medians and shares over samples, patients as clusters: measured to hold from 6 patients (95-100 %)."
_CLUSTERS = "Shares of metastases and of drivers, patients differing: measured to hold from 6 patients (91-98 %)."
#: Exact, over true shares of .02-.98 of either side (`bench_few_patients.py`): 88-100 % at 5 a side, 92 % or more of 99 % of
#: them from 15.
_DIFFERENCES = (
    "Differences of shares (Newcombe): measured to hold in 95 % on average from 5 patients a side, and in 92 % or more of "
    "nearly all true shares from 15."
)
_NO_INTERVAL = "It gives no interval: nothing asks for a number of patients."
_OF_SAMPLES = "Its intervals are of single samples: they ask for no number of patients."
_NONE = "The least number of patients at which its intervals hold was not measured."

#: Analysis -> sentences for its methods.
LEAST: dict[str, tuple[str, ...]] = {
    "biomarkers": (_TIME,),
    "burden": (_SAMPLES,),
    "cohorts": (_DIFFERENCES,),
    "concordance": (f"{_SHARES}; kappa and AC1 from 6.", _EXACT),
    "copy_number": (_SAMPLES,),
    "drivers": (_NO_INTERVAL,),
    "endpoints": (_TIME,),
    "evolution": (_CLUSTERS, _MEDIANS),
    "groups": (_TIME,),
    "heterogeneity": (_MEDIANS,),
    "imaging": (_EXACT,),
    "landscape": (_EXACT,),
    "monitoring": (
        _EXACT,
        "Mean lead: measured at 8 and 30 patients. Molecular progression: false in at most 5 % of patients where "
        "samples of an unchanged tumour vary as assumed.",
    ),
    "overview": (_TIME,),
    "psa_response": (_EXACT,),
    "published": (_TIME,),
    "ras_status": (_EXACT,),
    "reads": (_OF_SAMPLES,),
    "recurrence": (_TIME, _EXACT),
    "sites": (_EXACT,),
    "survival": (_TIME,),
    "therapy": (_EXACT,),
    "tissue_blood": (
        f"{_SHARES}. Their non-inferiority tests of 2.5 % say "
        "up to 4 % at the margin, and hold from 30 where plasma of a few patients shows hardly anything.",
        _EXACT,
    ),
    "treatment": (f"{_TIME} Interaction ratio: with 12 of 80 carriers.",),
}


def least_patients(analysis: str) -> tuple[str, ...]:
    """Return what is known of the least number of patients of an analysis; of one nobody measured, that.

    >>> least_patients("discordance")
    ('The least number of patients at which its intervals hold was not measured.',)
    """
    return LEAST.get(analysis, (_NONE,))
