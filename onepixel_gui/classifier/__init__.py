"""Networks in: every checkpoint becomes a Classifier."""

import os

# Idle torch threads shall sleep instead of spinning: beside a window or any other busy program,
# spinning threads were measured six times slower (39 s instead of 6 s for one search). OpenMP
# reads this once, when torch is first imported, which happens below this package only.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
