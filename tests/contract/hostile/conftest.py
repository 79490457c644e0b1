from __future__ import annotations

from pathlib import Path

import pytest

from contract.hostile.post_room import PostRoom


@pytest.fixture
def room(tmp_path: Path) -> PostRoom:
    """A publication whose mails go through a real mail server of ours."""
    return PostRoom(tmp_path / "room")
