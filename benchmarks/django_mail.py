"""django-post_office: a queue of mails in a database, and the command that empties it.

It is installed into a folder of its own that stays for the next time (build/post-office).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Measured

CHECKOUT = Path(__file__).parents[1]
PACKAGES = ("django==5.2.19", "django-post-office==3.12.0")
FOLDER = CHECKOUT / "build" / "post-office"


def install() -> Path:
    """Return its Python; end the benchmark if it cannot be had."""
    python, installed = FOLDER / "bin" / "python", FOLDER / "installed"
    if not installed.exists() or installed.read_text() != " ".join(PACKAGES):
        print(f"Installing {' '.join(PACKAGES)} into {FOLDER.relative_to(CHECKOUT)} (once) …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
        if subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES]).returncode:
            sys.exit("django-post_office could not be installed. --without queue leaves it out.")
        installed.write_text(" ".join(PACKAGES))
    return python


def queue_and_send(port: int, messages: int, octets: int) -> tuple[Measured, Measured]:
    """Its process's own account of either step, without start and migrations."""
    script = Path(__file__).with_name("django_mail_project.py")
    with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as folder:
        done = subprocess.run(
            [install(), script, *map(str, (port, messages, octets))],
            cwd=folder,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(f"django-post_office ended with {done.returncode}:\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    queueing, sending = (Measured(*told[step], told["peak_mib"]) for step in ("queueing", "sending"))
    return queueing, sending
