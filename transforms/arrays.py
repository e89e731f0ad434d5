"""What whole columns are while they are decided upon: numpy arrays, and time as microseconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Micros = npt.NDArray[np.int64]  # instants, wall clocks, lengths of time; or any whole numbers
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
