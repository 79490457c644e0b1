"""The matrix itself on trial: with a mistake in our code a test of it must go red, and for the right reason."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faults.mutations import MUTATIONS, ROOT, Mutation, mutated


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mistake_is_noticed(mutation: Mutation, tmp_path: Path) -> None:
    source = mutated(mutation, tmp_path)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    scratch = f"--basetemp={tmp_path / 'scratch'}"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-qx",
            "-p",
            "no:cacheprovider",
            scratch,
            mutation.test,
        ],
        cwd=ROOT,
        env=plain | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 1, f"no test noticed: {done.stdout}{done.stderr}"
    assert mutation.complaint in done.stdout, done.stdout
