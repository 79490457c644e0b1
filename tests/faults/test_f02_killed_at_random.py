"""F2: SIGKILL at random instants, twenty times on each database, ten times signed. `make torture` goes on from there.

BRIEFINGFEED_TEST_SEED=1234 make test TESTS=tests/faults/test_f02_killed_at_random.py
"""

from __future__ import annotations

import os
import random

from faults.conftest import MakeTrial
from faults.rounds import plan, play
from faults.ways import IN_BOTH_WAYS, PLAIN, SIGNED, Way

KILLS = {PLAIN: 20, SIGNED: 10}


@IN_BOTH_WAYS
def test_kills_leave_nobody_with_two_copies_and_nobody_forgotten(make_trial: MakeTrial, way: Way) -> None:
    seed = os.environ.get("BRIEFINGFEED_TEST_SEED") or str(random.randrange(2**32))
    print(f"BRIEFINGFEED_TEST_SEED={seed}")
    chance = random.Random(seed)
    left = KILLS[way]
    for _ in range(left):
        script = plan(chance, is_wild=False)
        trial = make_trial(script.readers, script.options, connections=script.connections)
        left -= play(trial, script, chance, kills=left).kills
        if left == 0:
            return
    raise AssertionError(f"{left} kills missed: nothing was at work")
