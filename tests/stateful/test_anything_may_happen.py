"""Readers, editor, operator, servers and bad luck do what they like, in any order; the promises hold all the same.

`BRIEFINGFEED_STATEFUL_EXAMPLES=2000` looks longer. What failed is kept in `.hypothesis` and tried first the next time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from stateful.editor import Editor
from stateful.operating import Operator
from stateful.readers import Readers


class Anything(Readers, Editor, Operator):
    """A publication whose database is a SQLite file."""


TestAnythingMayHappen = Anything.TestCase
TestAnythingMayHappen.settings = settings(
    max_examples=int(os.environ.get("BRIEFINGFEED_STATEFUL_EXAMPLES", "60")),
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
