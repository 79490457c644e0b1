"""What is built from a clean checkout works where there is no checkout."""

from __future__ import annotations

import mailbox
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Built:
    sdist: Path
    wheel: Path


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own, called from a folder of its own."""

    environment: Path
    folder: Path

    def __call__(self, command: str, *arguments: str | Path, folder: Path | None = None) -> str:
        done = subprocess.run(
            [self.environment / "bin" / command, *arguments],
            cwd=folder or self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command} {arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist, and the wheel made from it: from what is committed, in a checkout that is gone afterwards."""
    folder = tmp_path_factory.mktemp("built")
    checkout = folder / "checkout"
    run("git", "clone", "--quiet", "--depth", "1", CHECKOUT.as_uri(), checkout)
    # Without isolation: hatchling is pinned among the tests' packages, and no index is asked.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout)
    shutil.rmtree(checkout)
    return Built(next(folder.glob("*.tar.gz")), next(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed by pip in a new environment.

    Its dependencies are those of the environment that runs the tests, lent through a .pth file: downloading them
    again would prove nothing. What the lender itself has installed from this checkout is not lent with them, because
    Python reads no .pth files in a folder that came from one.
    """
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    paths = sysconfig.get_paths(vars={"base": str(environment), "platbase": str(environment)})
    (Path(paths["purelib"]) / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", built.wheel)
    return Installed(environment, tmp_path_factory.mktemp("elsewhere"))


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=without_pip_settings())
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}"


def without_pip_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}


def test_the_wheel_holds_code_templates_example_and_licences_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    assert {name.split("/")[0].split("-")[0] for name in names} == {"briefingfeed"}
    templates = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "templates").rglob("*.*")}
    posts = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "posts").rglob("*.*")}
    shipped = {f"briefingfeed/_data/{name}" for name in templates}
    shipped |= {f"briefingfeed/_data/example/{name}" for name in posts | {"authors.toml", "briefingfeed.toml"}}
    assert {name for name in names if "/_data/" in name} == shipped
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


def test_the_sdist_is_a_whole_project(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    expected = {"Makefile", "README.md", "NOTICE", "constraints.txt", "briefingfeed.toml", "authors.toml"}
    assert expected <= names
    for folder in ("src/briefingfeed/", "templates/email/", "posts/images/", "tests/setup/", "docs/", "benchmarks/"):
        assert any(name.startswith(folder) for name in names), folder


def test_the_installed_command_is_the_wheels(installed: Installed) -> None:
    where = installed("python", "-c", "import briefingfeed; print(briefingfeed.__file__)")
    assert Path(where.strip()).is_relative_to(installed.environment)


def test_a_new_publication_is_built_and_rehearsed_outside_the_checkout(installed: Installed) -> None:
    folder = installed.folder / "mine"
    installed("briefingfeed", "init", folder, "--title", "Our letters", "--timezone", "Europe/London")
    a_week_ago = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    post = folder / installed("briefingfeed", "new", "Ein Anfang für uns", "--date", a_week_ago, folder=folder).strip()
    text = post.read_text(encoding="utf-8")
    assert "draft: true" in text
    post.write_text(re.sub("draft: true.*\n", "", text) + "\nWe have begun.\n", encoding="utf-8")

    installed("briefingfeed", "build", folder=folder)
    for name in ("index.html", "atom.xml", "rss.xml", "feed.json"):
        assert "Ein Anfang für uns" in (folder / "public" / name).read_text(encoding="utf-8")

    installed("briefingfeed", "subscribers", "add", "reader@example.net", "--source", "asked us", folder=folder)
    installed("briefingfeed", "send-weekly", "--now", folder=folder)
    (mail,) = mailbox.Maildir(folder / "var" / "outbox", create=False)
    assert mail["To"] == "reader@example.net"
    assert "We have begun." in str(mail)


def test_the_demo_runs_outside_the_checkout(installed: Installed) -> None:
    words = installed("briefingfeed", "demo")
    assert "Nobody was mailed." in words
    assert (installed.folder / "briefingfeed-demo" / "public" / "index.html").is_file()


@pytest.mark.parametrize("name", ["constraints.txt", "tests/setup/constraints.txt", "tests/setup/moto/constraints.txt"])
def test_the_pinned_versions_name_no_index_and_no_path(name: str) -> None:
    for line in (CHECKOUT / name).read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_the_tests_run_with_the_versions_that_are_installed_for_users() -> None:
    pinned = {
        name: {line.split(" ")[0] for line in (CHECKOUT / name).read_text("utf-8").splitlines() if line[0] != " "}
        for name in ("constraints.txt", "tests/setup/constraints.txt")
    }
    assert pinned["constraints.txt"] <= pinned["tests/setup/constraints.txt"]


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {_normalised(re.split(r"[^\w.-]", dependency)[0]) for dependency in project["dependencies"]}
    pinned = {line.split("=")[0] for line in (CHECKOUT / "constraints.txt").read_text("utf-8").splitlines()}
    assert names - pinned == set()


def _normalised(name: str) -> str:
    """Write a package's name as lock files do (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
