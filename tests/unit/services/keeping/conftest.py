from __future__ import annotations

from unit.services.sending.conftest import desk  # noqa: F401 - a fixture
