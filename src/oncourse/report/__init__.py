"""Results -> pages and folders; `oncourse.report(study, out)` writes the results folder of a study."""

import sys

from oncourse._called import called_as

sys.modules[__name__].__class__ = called_as("report")
