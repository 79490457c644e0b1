"""A real PostgreSQL server on a Unix socket, in a folder that is thrown away, for tests that need one.

    def test_something(postgres: PostgresServer) -> None:      # the fixture: one server per process of pytest
        url = postgres.fresh_url()                             # an empty database, nobody else's

It sorts text as people do (ICU, English), and its sessions begin in another time zone: what silently relied on the
order of bytes, or on UTC, shows.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

OWNER = "briefingfeed"
"""The role of `fresh_url`: it owns its databases, and may do nothing else."""
_ADMIN = "admin"
_KEPT = 40
"""Databases that stay; older ones make room."""
_SETTINGS = {
    # Tests kill processes, never the power: what the kernel was handed stays.
    "fsync": "off",
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "timezone": "Australia/Lord_Howe",
    "log_line_prefix": "%p %q%d ",
    "autovacuum": "off",
}
_ACCESS = f"""\
local all {_ADMIN} trust
local all {OWNER} trust
local all all scram-sha-256
"""


class PostgresServer:
    """The server and its folder. `log` is what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._data = folder / "data"
        self._as_user = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases: deque[str] = deque()
        self._made = 0

    def create(self) -> None:
        """Make the server's files and its roles, and start it."""
        if self._as_user:
            os.chown(self.folder, self._as_user["user"], self._as_user["group"])
        self._run(
            "initdb", "--no-sync", "--auth=trust", f"--username={_ADMIN}", "--encoding=UTF8", "--locale=C.UTF-8",
            "--locale-provider=icu", "--icu-locale=en", f"--pgdata={self._data}",
        )  # fmt: skip
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        (self._data / "pg_hba.conf").write_text(_ACCESS)
        self.start()
        self.execute(f"CREATE ROLE {OWNER} LOGIN")

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [_program("postgres"), "-D", str(self._data), "-k", str(self.folder)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd="/", **self._as_user
            )
        for _ in range(2400):
            assert self._process.poll() is None, self.log.read_text()
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: sessions are ended (SIGINT), or all just dies and is put right at the next start (SIGQUIT)."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    def kill_backends(self, url: str | None = None) -> int:
        """End every session of the role `briefingfeed`, or only those in this database; return how many."""
        query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s AND datname LIKE %s"
        with self.connect() as connection:
            return len(connection.execute(query, (OWNER, _name(url) if url else "%")).fetchall())

    def fresh_url(self) -> str:
        """Make an empty database; return its address, as `[database] url` takes it."""
        self._made += 1
        name = f"fresh{self._made}"
        with self.connect() as connection:
            while len(self._databases) >= _KEPT:
                oldest = Identifier(self._databases.popleft())
                connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(oldest))
            connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(OWNER)))
        self._databases.append(name)
        return f"postgresql://{OWNER}@/{name}?host={self.folder}"

    def connect(self, url: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a session that may do everything, in this database or another; each statement is committed at once."""
        name = _name(url) if url else "postgres"
        return psycopg.connect(host=str(self.folder), dbname=name, user=_ADMIN, autocommit=True, connect_timeout=10)

    def execute(self, statement: str, url: str | None = None) -> None:
        """Run one statement that is a constant of the tests, with all rights."""
        with self.connect(url) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [_program(program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd="/", **self._as_user)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a server until the end of the block."""
    with TemporaryDirectory(prefix="pg") as name:  # not below pytest's folders: a socket's path may have 107 bytes
        server = PostgresServer(Path(name))
        try:
            server.create()
            yield server
        finally:
            server.stop()


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def _program(name: str) -> str:
    """Debian keeps the server's programs out of PATH, one folder for each version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    found = shutil.which(name, path=os.pathsep.join([*map(str, reversed(folders)), os.environ["PATH"]]))
    assert found, "PostgreSQL is missing: apt-get install postgresql"
    return found


def _unprivileged() -> dict[str, Any]:
    """Return for Popen whom to run as: the server refuses to be root's."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
