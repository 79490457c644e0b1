"""A wrong port, as whoever sets up [smtp] meets it: heard of in `check`, in the first test mail, and in cron's mail."""

from __future__ import annotations

from pathlib import Path

from acceptance.newsroom import Newsroom
from servers.silent_server import silent_server


def newsroom(folder: Path, port: int) -> Newsroom:
    made = Newsroom(folder, port=port, more="timeout = 1")
    made.write("Tides")
    made.subscribe(["ann@example.org", "ben@example.org"])
    return made


def test_a_test_mail_is_tried_once_and_says_what_to_check(tmp_path: Path) -> None:
    with silent_server() as server:
        desk = newsroom(tmp_path, server.server_port)
        done = desk.run("send-weekly", "--test-to", "editor@harbour.example")
        assert done.returncode == 75, done.stderr
        assert server.connections == 1
    assert f"127.0.0.1:{server.server_port}: The server took the connection and said nothing for 1 s." in done.stderr
    assert '465 goes with security = "tls", 587 with "starttls"' in done.stderr
    assert "next run" not in done.stderr


def test_a_run_asks_once_and_leaves_everything_to_the_next(tmp_path: Path) -> None:
    with silent_server() as server:
        desk = newsroom(tmp_path, server.server_port)
        done = desk.run("send-weekly", "--now")
        assert done.returncode == 75, done.stderr
        assert server.connections == 1
    assert "said nothing" in done.stderr
    assert "The next run tries again" in done.stderr
    assert set(desk.states().values()) == {"pending"}


def test_check_warns_of_a_port_that_goes_with_another_security(tmp_path: Path) -> None:
    desk = newsroom(tmp_path, 465)
    file = desk.folder / "briefingfeed.toml"
    here = file.read_text("utf-8")
    file.write_text(here.replace('"none"', '"starttls"').replace('host = "127.0.0.1"', 'host = "mail.harbour.example"'))
    done = desk.run("check", expect=1)
    assert 'briefingfeed.toml: warning: [smtp] port 465 goes with security = "tls", not with "starttls"' in done.stderr
    assert 'write security = "tls", or port = 587' in done.stderr
    file.write_text(file.read_text("utf-8").replace('"starttls"', '"tls"'))
    assert "465" not in desk.run("check").stderr
