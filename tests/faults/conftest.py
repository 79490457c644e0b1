from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from faults.trial import Trial
from faults.warm_command import WarmCommand
from faults.ways import DATABASES, PLAIN, Way
from servers.postgres import PostgresServer
from servers.smtp_sink import Options, SmtpSink

MakeTrial = Callable[..., Trial]


@pytest.fixture(params=DATABASES)
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Make an empty database, of each kind in turn."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.fresh_url
    numbers = count()
    return lambda: f"sqlite:///{tmp_path / f'database{next(numbers)}' / 'briefingfeed.db'}"


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Way:
    """Plain, unless a mark of `faults.ways` says more."""
    chosen: Way = getattr(request, "param", PLAIN)
    return chosen


@pytest.fixture
def make_trial(tmp_path: Path, command: WarmCommand, fresh_url: Callable[[], str], way: Way) -> Iterator[MakeTrial]:
    """Make trials of a test: their readers, what the mail server is like, settings of [smtp]."""
    with ExitStack() as stack:

        def make(readers: Iterable[str], options: Options | None = None, *, connections: int = 1, **more: Any) -> Trial:
            folder = Path(mkdtemp(dir=tmp_path))
            sink = stack.enter_context(SmtpSink(folder / "sink", options))
            return Trial(
                folder / "publication",
                command,
                sink,
                fresh_url(),
                readers,
                connections=max(connections, way.connections),
                is_signed=way.is_signed,
                **more,
            )

        yield make
