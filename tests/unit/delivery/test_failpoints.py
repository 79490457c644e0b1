from __future__ import annotations

import os
import signal
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


def test_it_stops_until_told_to_go_on() -> None:
    program = (
        "from briefingfeed.delivery.failpoints import failpoints\n"
        "failpoints('after-arm:1:stop')('after-arm')\n"
        "print('on', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        process.send_signal(signal.SIGCONT)
        assert process.communicate(timeout=30)[0] == "on\n"


@pytest.mark.parametrize("spec", ["nowhere", "after-arm:x", "after-arm:", ":3", "after-arm:3:", "after-arm:1:stop:2"])
def test_a_spelling_mistake_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError, match="BRIEFINGFEED_FAILPOINT"):
        failpoints(spec)
