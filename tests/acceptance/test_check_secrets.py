"""`check` says that a secret is missing, as the first run that mails would: never which one it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom

PASSWORD = {"BRIEFINGFEED_SMTP_PASSWORD": "correct horse"}


@pytest.fixture
def desk(tmp_path: Path) -> Newsroom:
    made = Newsroom(tmp_path)
    made.write("Tides")
    return made


def check(desk: Newsroom, environment: dict[str, str] | None = None) -> str:
    return desk.run("check", environment=environment).stderr


def test_a_username_without_its_password_is_a_warning_with_the_remedy(desk: Newsroom) -> None:
    desk.configure(more='username = "briefings"\n')
    said = check(desk)
    assert "briefingfeed.toml: warning: [smtp]: nothing can be mailed: The password for briefings" in said
    assert "BRIEFINGFEED_SMTP_PASSWORD" in said
    assert "nothing can be mailed" not in check(desk, PASSWORD)


def test_a_password_that_cannot_be_one_is_not_repeated(desk: Newsroom) -> None:
    desk.configure(more='username = "briefings"\n')
    said = check(desk, {"BRIEFINGFEED_SMTP_PASSWORD": "correct\thorse"})
    assert "holds a control character" in said
    assert "horse" not in said


def test_a_token_that_is_missing_is_a_warning_too(desk: Newsroom) -> None:
    desk.configure(provider="postmark")
    said = check(desk)
    assert "nothing can be mailed" in said
    assert "BRIEFINGFEED_POSTMARK_TOKEN" in said
    assert "nothing can be mailed" not in check(desk, {"BRIEFINGFEED_POSTMARK_TOKEN": "a-token"})


def test_who_only_rehearses_needs_no_secret(desk: Newsroom) -> None:
    desk.configure(provider="outbox")
    assert "nothing can be mailed" not in check(desk)
