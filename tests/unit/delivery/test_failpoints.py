from __future__ import annotations

import subprocess
import sys

import pytest

from briefingfeed.delivery.failpoints import NAMES, failpoints
from briefingfeed.errors import ConfigurationError


def test_without_a_spec_nothing_dies() -> None:
    for spec in (None, ""):
        for name in NAMES:
            failpoints(spec)(name)


def test_it_dies_the_third_time() -> None:
    program = (
        "from briefingfeed.delivery.failpoints import failpoints\n"
        "reached = failpoints('after-arm:3')\n"
        "for number in range(5):\n"
        "    print(number, flush=True); reached('before-arm'); reached('after-arm')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == -9
    assert done.stdout.split() == ["0", "1", "2"]


@pytest.mark.parametrize("spec", ["nowhere", "after-arm:x", ":3"])
def test_a_spelling_mistake_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError, match="BRIEFINGFEED_FAILPOINT"):
        failpoints(spec)
