"""What Postmark tells later: bounces, complaints, deliveries, and addresses that asked it for silence.

https://postmarkapp.com/developer/webhooks/webhooks-overview. It signs nothing, so the address that is given to it holds
a password.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Clues, Report
from briefingfeed.providers.webhook import (
    Call,
    Told,
    about,
    check_password,
    enhanced_code,
    instant,
    read_object,
    reply_code,
    words,
)

_NO_SUCH_ADDRESS: Final = "5.1.1"
_POLICY: Final = "5.7.1"


class _Meaning(NamedTuple):
    kind: EventKind
    permanent: bool = False
    enhanced_code: str | None = None
    """Where the mail server's own words hold none."""


_BOUNCES: Final[Mapping[str, _Meaning]] = MappingProxyType(
    {
        "HardBounce": _Meaning(EventKind.BOUNCED, True, _NO_SUCH_ADDRESS),
        "BadEmailAddress": _Meaning(EventKind.BOUNCED, True, "5.1.3"),
        "SoftBounce": _Meaning(EventKind.BOUNCED),
        "DnsError": _Meaning(EventKind.BOUNCED),
        "Transient": _Meaning(EventKind.DELAYED),
        "Blocked": _Meaning(EventKind.BOUNCED, True, _POLICY),
        "SpamNotification": _Meaning(EventKind.BOUNCED, True, _POLICY),
        "VirusNotification": _Meaning(EventKind.BOUNCED, True, _POLICY),
        "DMARCPolicy": _Meaning(EventKind.BOUNCED, True, _POLICY),
        "SpamComplaint": _Meaning(EventKind.COMPLAINED),
        "Unsubscribe": _Meaning(EventKind.UNSUBSCRIBED),
    }
)
"""https://postmarkapp.com/developer/api/bounce-api#bounce-types. The others are answering machines and the like."""
_CERTAIN = frozenset({"HardBounce", "BadEmailAddress"})
"""Postmark has seen to it that nothing is sent there again, whatever the mail server's words were."""


class PostmarkWebhook:
    def __init__(self, passwords: Sequence[str]) -> None:
        self._passwords = passwords

    async def read(self, call: Call) -> Sequence[Told]:
        check_password(call, self._passwords)
        record = read_object(call.body)
        kind = record.get("RecordType")
        if kind == "Bounce":
            report = _bounce(record)
        elif kind == "SpamComplaint":
            report = _plain(EventKind.COMPLAINED, record, "Email", "BouncedAt")
        elif kind == "Delivery":
            report = _plain(EventKind.DELIVERED, record, "Recipient", "DeliveredAt")
        elif kind == "SubscriptionChange" and _is_wish(record):
            report = _plain(EventKind.UNSUBSCRIBED, record, "Recipient", "ChangedAt")
        else:
            report = None
        return (Told(key=_key(record), report=report),) if report else ()


def _bounce(record: Mapping[str, Any]) -> Report | None:
    kind = str(record.get("Type"))
    meaning = _BOUNCES.get(kind)
    if meaning is None:
        return None
    said = words(record.get("Details"), record.get("Description"))
    code = enhanced_code(said)
    return Report(
        kind=meaning.kind,
        about=_about(record, "Email"),
        at=instant(record.get("BouncedAt")),
        permanent=meaning.permanent,
        code=reply_code(said),
        enhanced_code=meaning.enhanced_code if kind in _CERTAIN or code is None else code,
        words=said,
    )


def _plain(kind: EventKind, record: Mapping[str, Any], address: str, at: str) -> Report:
    return Report(
        kind=kind, about=_about(record, address), at=instant(record.get(at)), words=words(record.get("Details"))
    )


def _is_wish(record: Mapping[str, Any]) -> bool:
    """Whether somebody asked for silence; bounces and complaints are told by themselves."""
    return record.get("SuppressSending") is True and record.get("SuppressionReason") == "ManualSuppression"


def _about(record: Mapping[str, Any], address: str) -> Clues:
    metadata = record.get("Metadata")
    mark = metadata.get("mark") if isinstance(metadata, Mapping) else None
    return about(mark=mark, provider_id=record.get("MessageID"), address=record.get(address))


def _key(record: Mapping[str, Any]) -> str:
    return ":".join(str(record.get(name, "")) for name in ("RecordType", "ID", "MessageID", "ChangedAt", "Recipient"))
