from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.readers.house import House, open_house


@pytest.fixture(scope="session")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One that nobody changes."""
    with open_house(tmp_path_factory.mktemp("steady") / "house") as house:
        yield house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path / "house") as house:
        yield house


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Readers keep their files where home is, and ask no proxy of this machine."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOME", str(folder))
        for name in ("CONFIG", "DATA", "CACHE", "STATE"):
            environment.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
        for name in ("no_proxy", "NO_PROXY"):
            environment.setenv(name, "*")
        environment.setenv("LC_ALL", "C.UTF-8")
        yield
