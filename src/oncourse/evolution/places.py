"""Errors of places: sites that show a few reads in every sample, beside small clones, told apart by the tree.

A variant of all cells of one lesion that is in a few cells of another is a small clone there, or an error of that
place. Clones lie on a tree: either lesion may hold a few cells of the other's kind, not both. Errors fall on the sites
of both lesions alike. How often a site shows few reads whichever way is learned from all patients together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Shares of the places with errors that are weighed, as probable beforehand each (steps of a factor of 1.5), and that
#: from which places are named: the share of absent sites called present that is allowed.
SHARES, LEAST_SHARE = 0.5 * 1.5 ** -np.arange(16.0)[::-1], 0.05
#: Shares of the patients with a small clone of the one lesion in the other, either way, that are weighed.
CLONES = np.array([0.01, 0.05, 0.15, 0.3, 0.5, 0.7, 0.9])
#: How many of the sites such a clone shows (beta, for each lesion): any number, or mostly few.
SHOWN = ((1.0, 1.0), (1.0, 3.0))
#: Fewest patients with a variant that either lesion alone has in all its cells.
LEAST_PATIENTS = 4


class Places(NamedTuple):
    """What the patients tell of errors of places.

    probability : that more than `LEAST_SHARE` of the places without the variant show few reads; share : posterior mean
    """

    probability: float
    share: float


def places_with_errors(sites: IntArray, few: IntArray) -> Places:
    """Weigh small clones against errors of places over all patients.

    Parameters
    ----------
    sites : shape (n_patient, 2), variants in all cells of the one lesion that are absent or in a few cells of the other
        one, for each of two lesions of a patient
    few : same shape, those of them in a few cells

    Notes
    -----
    Under errors every site shows few reads with the same chance. A small clone besides, in at most one of the two
    lesions, shows any number of its sites, or (`SHOWN`) mostly few. The shares of patients with such clones are
    integrated out for each lesion.

    Examples
    --------
    One or two of eight sites of both lesions are errors; six of eight in one of them a clone:

    >>> eight = np.full((10, 2), 8)
    >>> round(places_with_errors(eight, np.array([[1, 2], [2, 1]] * 5)).probability, 2)
    1.0
    >>> round(places_with_errors(eight, np.array([[6, 0], [0, 0]] * 5)).probability, 2)
    0.0
    """
    from scipy.stats import betabinom, binom

    sites, few = np.asarray(sites), np.asarray(few)
    if (sites.sum(axis=1) > 0).sum() < LEAST_PATIENTS:
        return Places(0.0, 0.0)
    chance = binom.pmf(few[:, :, None], sites[:, :, None], SHARES)  # patient, lesion, share
    shown = [betabinom.pmf(few, sites, *beta)[:, :, None] for beta in SHOWN]
    logs = []
    for one in shown:
        for other in shown:
            first, second = one[:, 0] * chance[:, 1], other[:, 1] * chance[:, 0]
            logs += [
                np.log((1 - a - b) * chance[:, 0] * chance[:, 1] + a * first + b * second).sum(axis=0)
                for a in CLONES
                for b in CLONES
                if a + b <= 1
            ]
    of_share = np.logaddexp.reduce(logs, axis=0)
    weight = np.exp(of_share - of_share.max())
    weight /= weight.sum()
    return Places(float(weight[SHARES > LEAST_SHARE].sum()), float((weight * SHARES).sum()))
