"""The tests. Importing them sets one thread for linear algebra: tests run side by side, and threads slow them all."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
