from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.warm_command import WarmCommand


@pytest.fixture(scope="session")
def command() -> Iterator[WarmCommand]:
    with WarmCommand() as started:
        yield started
