from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.dovecot import Dovecot, dovecot


@pytest.fixture(scope="session")
def _running() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def server(_running: Dovecot) -> Dovecot:
    """A mailbox on a real server, empty."""
    # With what Dovecot remembers of mails by their names.
    for file in (*_running.maildir.glob("new/*"), *_running.maildir.glob("cur/*"), *_running.maildir.glob("dovecot*")):
        file.unlink()
    return _running
