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
from servers.postgres import PostgresServer
from servers.smtp_sink import Options, SmtpSink

DATABASES = ["sqlite", "postgresql"]

MakeTrial = Callable[..., Trial]


@pytest.fixture(scope="session")
def command() -> Iterator[WarmCommand]:
    with WarmCommand() as started:
        yield started


@pytest.fixture(params=DATABASES)
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Make an empty database, of each kind in turn."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.fresh_url
    numbers = count()
    return lambda: f"sqlite:///{tmp_path / f'database{next(numbers)}' / 'briefingfeed.db'}"


@pytest.fixture
def make_trial(tmp_path: Path, command: WarmCommand, fresh_url: Callable[[], str]) -> Iterator[MakeTrial]:
    """Make trials of a test: their readers, what the mail server is like, settings of [smtp]."""
    with ExitStack() as stack:

        def make(readers: Iterable[str], options: Options | None = None, **more: Any) -> Trial:
            folder = Path(mkdtemp(dir=tmp_path))
            sink = stack.enter_context(SmtpSink(folder / "sink", options))
            return Trial(folder / "publication", command, sink, fresh_url(), readers, **more)

        yield make
