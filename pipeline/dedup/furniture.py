"""Site furniture: wording that belongs to an outlet, not to the report.

Two sources: general patterns, which work from the first article on, and counts of what an outlet repeats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEARNED_AFTER = 3  # other stories of the same outlet that carry a shingle before it counts as furniture


def is_learned_furniture(outlet_df: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether each shingle is furniture of its outlet, from the number of its *other* stories with it."""
    return outlet_df >= LEARNED_AFTER
