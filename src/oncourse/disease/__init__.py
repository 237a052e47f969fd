"""Diseases: everything oncourse knows of one stands in its folder here, as YAML and tables; code asks the object.

>>> from oncourse.disease import disease
>>> disease("crc").tumour, disease("mcrpc").time_zero_metastatic_share
('colorectal', 0.9)
"""

from oncourse.disease.model import Disease, Hypothesis, State
from oncourse.disease.shelf import disease, diseases, ends_with_progression, of_tumour, states, tumour_of, tumours

__all__ = [
    "Disease",
    "Hypothesis",
    "State",
    "disease",
    "diseases",
    "ends_with_progression",
    "of_tumour",
    "states",
    "tumour_of",
    "tumours",
]
