"""What a recorded tumour fraction of plasma tells: two questions, a cut-off each."""

from __future__ import annotations

#: Is there tumour DNA at all? Smallest recorded fraction that alone says yes: the limit of detection of estimates by
#: copy number (ichorCNA: Adalsteinsson et al. Nat Commun 2017;8:1324; the 3 % from memory). A smaller one needs another
#: witness.
SHOWS_TUMOUR = 0.03
#: There is tumour DNA: may a negative result of another gene count? Smallest recorded fraction of which it does
#: (Clin Cancer Res 2024;30:2452).
NEGATIVE_COUNTS = 0.01
