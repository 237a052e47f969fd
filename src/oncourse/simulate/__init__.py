"""Studies with known truth; `oncourse.simulate(design, n_patients, seed)` returns one."""

import sys

from oncourse._called import called_as

sys.modules[__name__].__class__ = called_as("simulate")
