"""Who signs what leaves (DKIM): we, if the settings say so, or whoever takes it from us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from briefingfeed.dkim.alignment import is_aligned
from briefingfeed.errors import ConfigurationError, TemporaryError
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.placeholders import ascii_domain
from briefingfeed.services.keeping.provider_setup import ProviderSetup

if TYPE_CHECKING:  # a run that doesn't sign needs no cryptography, and one that asks nobody no name server
    from briefingfeed.dkim.record import Lookup, Record
    from briefingfeed.dkim.signing import Signer


def open_signer(settings: Settings, provider: ProviderSetup) -> Signer | None:
    """Return who signs what goes out by a provider; None: it isn't for us.

    Raises ConfigurationError if there is no key, or if the domain's signature wouldn't count for the From address, and
    SecretKeyError for a key that is none.
    """
    signing = provider.spec.signing
    wanted = signing.wanted(provider.table) if signing else None
    if signing is None or wanted is None:
        return None
    place = f"{settings.file}: [{provider.name}]"
    sender = ascii_domain(settings.newsletter.from_.address.rpartition("@")[2])
    domain = wanted.domain or sender
    if not is_aligned(domain, sender):
        raise ConfigurationError(
            f"a signature for {domain} does not count for mail from {sender}",
            where=f"{place} dkim_domain",
            remedy=f"leave dkim_domain out, or set it to {sender} or a domain above it",
        )
    if signing.key not in provider.secrets:
        raise ConfigurationError(
            "dkim_selector is set, but there is no key to sign with",
            where=place,
            remedy=f"make one: briefingfeed dkim make; then name its file as {signing.key.key}, or put the key "
            f"into the environment as {signing.key.variable}",
        )
    from briefingfeed.dkim.keys import read_key
    from briefingfeed.dkim.signing import Signer

    key = read_key(provider.secrets[signing.key], where=f"{place} {signing.key.key}")
    return Signer(key=key, domain=domain.lower(), selector=wanted.selector, unsigned=wanted.unsigned)


def who_signs(provider: ProviderSetup, signer: Signer | None) -> str:
    """Return in a sentence who signs."""
    if signer is not None:
        return f"Mails are signed here (DKIM), for {signer.domain} with the key {signer.selector}."
    if provider.spec.signing is None:
        return f"Mails are not signed here (DKIM): with the provider {provider.name} that is not ours to do."
    return f"Mails are not signed here (DKIM): your mail server has to, or [{provider.name}] names a dkim_selector."


def record_of(signer: Signer) -> Record:
    """Return what the domain has to tell everybody."""
    from briefingfeed.dkim.keys import public_text
    from briefingfeed.dkim.record import Record

    return Record(name=f"{signer.selector}._domainkey.{signer.domain}", public_key=public_text(signer.key))


def record_problems(signer: Signer | None, settings: Settings, lookup: Lookup | None = None) -> Iterator[Problem]:
    """Ask whether the domain tells everybody our key; yield what keeps mail servers from checking our signatures.

    If nobody can be asked, that is a warning. `lookup`: by the machine's name servers.
    """
    if signer is None:
        return
    from briefingfeed.dkim.record import look_up

    record = record_of(signer)
    try:
        fault = record.fault((lookup or look_up)(record.name))
    except TemporaryError as error:
        yield Problem(
            path=settings.file.name,
            message=f"{record.name}: {error.message}",
            remedy=error.remedy or "",
            severity=Severity.WARNING,
        )
        return
    if fault is not None:
        yield Problem(
            path=settings.file.name,
            message=f"{record.name}: {fault}",
            remedy="publish what `briefingfeed dkim record` prints; a change may take a day to be seen everywhere",
        )
