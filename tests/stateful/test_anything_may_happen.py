"""Readers, editor, operator, servers and bad luck do what they like, in any order; the promises hold all the same.

`make torture` looks longer, and elsewhere each time; what fails then is kept in `.hypothesis` and tried first.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from servers.postgres import PostgresServer
from stateful.editor import Editor
from stateful.operating import Operator
from stateful.readers import Readers

_EXAMPLES = int(os.environ.get("BRIEFINGFEED_STATEFUL_EXAMPLES", "40"))


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


class Anything(Readers, Editor, Operator):
    """A publication whose database is a SQLite file."""


def test_anything_may_happen() -> None:
    run_state_machine_as_test(Anything, settings=_settings(_EXAMPLES))


def test_anything_may_happen_on_postgresql(postgres: PostgresServer) -> None:
    class OnPostgres(Anything):
        """Nothing is restored there: that is told by the same means."""

        def fresh_url(self) -> str:
            return postgres.fresh_url()

    run_state_machine_as_test(OnPostgres, settings=_settings(max(_EXAMPLES // 8, 1)))
