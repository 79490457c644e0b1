"""Which webhooks are open, by what the settings and the environment hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from briefingfeed.errors import ConfigurationError
from briefingfeed.services.readers.webhook_opening import OpenedWebhook, open_providers, open_webhooks
from briefingfeed.tokens import Keyring, fingerprint
from publications import KEY, harbour_in

from .tellers import Ses, sendgrid_public_key

TABLES: Mapping[str, Mapping[str, object]] = {
    "postmark": {},
    "brevo": {},
    "resend": {},
    "mailgun": {},
    "sendgrid": {"webhook_public_key": sendgrid_public_key()},
    "ses": {"webhook_topic": Ses.topic},
    "smtp": {"host": "mail.harbour.example"},
}
SECRETS = {
    "BRIEFINGFEED_RESEND_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "BRIEFINGFEED_MAILGUN_WEBHOOK_KEY": "0123456789abcdef0123456789abcdef",
}


def opened(
    folder: Path, tables: Mapping[str, Mapping[str, object]], environ: Mapping[str, str]
) -> dict[str, OpenedWebhook]:
    settings = harbour_in(folder, provider_tables=tables)
    settings.file.write_text("", "utf-8")
    return {each.provider: each for each in open_webhooks(settings, Keyring({fingerprint(KEY): KEY}), environ)}


def test_every_service_that_is_set_up_may_tell_and_only_those(tmp_path: Path) -> None:
    found = opened(tmp_path, TABLES, SECRETS)
    assert set(found) == {"postmark", "brevo", "resend", "mailgun", "sendgrid", "ses"}
    assert all(each.webhook and each.events for each in found.values())
    assert opened(tmp_path, {}, SECRETS) == {}


def test_what_proves_nothing_stays_closed_and_is_named(tmp_path: Path) -> None:
    found = opened(tmp_path, {name: {} for name in TABLES if name != "smtp"}, {})
    closed = {name: each.needs for name, each in found.items() if each.webhook is None}
    assert closed == {
        "resend": "BRIEFINGFEED_RESEND_WEBHOOK_SECRET",
        "mailgun": "BRIEFINGFEED_MAILGUN_WEBHOOK_KEY",
        "sendgrid": "[sendgrid] webhook_public_key",
        "ses": "[ses] webhook_topic",
    }


def test_who_is_believed_is_known_without_our_own_keys(tmp_path: Path) -> None:
    bare = harbour_in(tmp_path, provider_tables={name: {} for name in TABLES if name != "smtp"})
    bare.file.write_text("", "utf-8")
    assert set(open_providers(bare, {})) == {"postmark", "brevo"}
    assert set(open_providers(bare, SECRETS)) == {"postmark", "brevo", "resend", "mailgun"}
    assert set(open_providers(harbour_in(tmp_path, provider_tables=TABLES), SECRETS)) == set(TABLES) - {"smtp"}


def test_a_password_stands_in_the_address_of_those_that_sign_nothing_only(tmp_path: Path) -> None:
    addresses = {name: each.address for name, each in opened(tmp_path, TABLES, SECRETS).items()}
    with_password = {name for name, address in addresses.items() if "@" in address}
    assert with_password == {"postmark", "brevo"}
    assert addresses["ses"] == "http://127.0.0.1:8090/hooks/ses"
    assert addresses["postmark"].split(":")[2] != addresses["brevo"].split(":")[2]
    assert "@" not in repr(opened(tmp_path, TABLES, SECRETS)["postmark"])


@pytest.mark.parametrize(
    ("tables", "environ"),
    [
        ({"resend": {}}, {"BRIEFINGFEED_RESEND_WEBHOOK_SECRET": "re_not_a_signing_secret"}),
        ({"sendgrid": {"webhook_public_key": "c2hvcnQ="}}, {}),
        ({"ses": {"webhook_topic": "mail"}}, {}),
    ],
)
def test_a_proof_that_is_none_is_refused_in_words_without_repeating_it(
    tmp_path: Path, tables: Mapping[str, Mapping[str, object]], environ: Mapping[str, str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        opened(tmp_path, tables, environ)
    assert not any(value in str(refused.value) for value in environ.values())
