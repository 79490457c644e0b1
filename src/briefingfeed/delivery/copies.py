"""One recipient's copy of a rendition: spliced from the bytes that all share and what is theirs alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from briefingfeed.models.delivery import Claimed, MergeTemplate, Message
from briefingfeed.models.edition import Edition, Rendition, SlotName
from briefingfeed.newsletter.merge_template import merge_template
from briefingfeed.newsletter.mime import fill
from briefingfeed.newsletter.mould import Mould
from briefingfeed.newsletter.placeholders import ascii_domain, ascii_url
from briefingfeed.tokens import Keyring, bounce_token, message_id, unsubscribe_token

if TYPE_CHECKING:
    from briefingfeed.dkim.signing import Seal, Sealing

NOBODY = "nobody"
"""A subscriber id that no one has: its links lead to the real page and unsubscribe nobody."""


def unsubscribe_url(public_url: str, keyring: Keyring, subscriber_id: str, *, key: str | None = None) -> str:
    """Return the address behind a subscriber's unsubscribe link; the pages are `web`'s. `key` as for the token."""
    return _page(public_url, unsubscribe_token(keyring, subscriber_id, key=key))


def _page(public_url: str, token: str) -> str:
    return f"{public_url}/u/{token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What the copies of a rendition have in common."""

    rendition: Rendition
    mould: Mould
    template: Callable[[], MergeTemplate]
    seal: Seal | None


class Copies:
    """Makes the messages of one frozen edition. The same row gives the same bytes each time.

    May be used by several threads. Raises SecretKeyError later if the edition's key isn't in the ring, ValueError at
    once for one that isn't frozen, or whose sender or public address cannot stand in a mail (preflight stops such an
    edition).
    """

    def __init__(
        self,
        edition: Edition,
        rendition: Callable[[int], Rendition],
        keyring: Keyring,
        sealing: Sealing | None = None,
    ) -> None:
        """`rendition` returns the one with the id that a row names. `sealing`: how copies are signed,
        if they are: as of the freeze, so that this changes no byte either."""
        if edition.signing_key is None or edition.sender is None or edition.public_url is None:
            raise ValueError(f"{edition.key} was never frozen")
        self._edition = edition
        self._rendition = rendition
        self._keyring = keyring
        self._key = edition.signing_key
        self._public_url = ascii_url(edition.public_url)
        self._sender = edition.sender
        self._domain = ascii_domain(self._sender.rpartition("@")[2])
        self._return_path = edition.return_path.rpartition("@") if edition.return_path else None
        self._sealing = sealing
        self._shared: dict[int, _Shared] = {}
        """By the id of the rendition."""

    @property
    def are_signed(self) -> bool:
        """Whether making one takes far longer than splicing it does."""
        return self._sealing is not None

    def message(self, row: Claimed) -> Message:
        """Return the copy for `row`. Raises SlotValueError if its address can't stand in a message, and whatever
        `rendition` raises.
        """
        shared = self._shared.get(row.rendition_id) or self._prepare(row.rendition_id)
        identity = message_id(self._keyring, self._key, self._edition.key, row.subscriber_id, self._domain)
        token = unsubscribe_token(self._keyring, row.subscriber_id, key=self._key)
        values = {
            SlotName.ADDRESS: row.address,
            SlotName.MESSAGE_ID: identity,
            SlotName.UNSUBSCRIBE_URL: _page(self._public_url, token),
            SlotName.UNSUBSCRIBE_TOKEN: token,
        }
        segments = shared.mould.cast(values)
        return Message(
            delivery_id=row.delivery_id,
            envelope_from=self._envelope_from(row),
            recipient=row.address,
            message_id=identity,
            segments=segments if shared.seal is None else (shared.seal.sign(segments), *segments),
            parts=partial(fill, shared.rendition, values),
            template=shared.template,
            values=values,
            mark=partial(self._mark, row),
        )

    def _prepare(self, rendition_id: int) -> _Shared:
        rendition = self._rendition(rendition_id)
        shared = _Shared(
            rendition=rendition,
            mould=Mould(rendition.message),
            template=partial(merge_template, rendition),
            seal=self._sealing(rendition.message) if self._sealing else None,
        )
        self._shared[rendition_id] = shared
        return shared

    def _envelope_from(self, row: Claimed) -> str:
        """Return where a bounce of this copy goes to: its address tells whose it was (VERP)."""
        if self._return_path is None:
            return self._sender
        local, _, domain = self._return_path
        return f"{local}+{self._mark(row)}@{domain}"

    def _mark(self, row: Claimed) -> str:
        return bounce_token(self._keyring, row.delivery_id, row.subscriber_id, key=self._key)
