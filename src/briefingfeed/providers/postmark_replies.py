"""What Postmark's answers mean, message by message. Pure; the outcome table for a batch API without idempotency key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from briefingfeed.models.delivery import Result
from briefingfeed.providers.http_answers import Answer, Item, Refusal, Verdict, judge_status, permanent_refusal

_BAD_ADDRESS_OR_FIELD = 300
_INACTIVE = 406
_THROTTLED = 429
_ABOUT_OUR_ACCOUNT: Mapping[int, str] = {
    10: "Check the server token in BRIEFINGFEED_POSTMARK_TOKEN.",
    100: "Postmark is being maintained. The next run tries again by itself.",
    400: "Add the address in [newsletter] from as a sender signature at Postmark.",
    401: "Confirm the sender signature: Postmark has sent a mail to that address.",
    405: "The account may not send now: look at its plan and billing at Postmark.",
    412: "Postmark has not approved the account for addresses beyond your own domain yet.",
    413: "Postmark has stopped the account from sending: ask their support.",
    1235: "Make a broadcast stream at Postmark, or name yours as message_stream in [postmark].",
}
_REFUSING = frozenset({503})
"""They answer it during maintenance, and have taken nothing."""
_SETTLED_BY_RETRY = frozenset({100, _THROTTLED})


def read_answer(answer: Answer, recipients: Sequence[str]) -> Verdict:
    """`recipients` in the order of the request."""
    status = answer.status
    if status == 401:
        return _account_refusal(10, _code_and_words(answer.json())[1])
    verdict = judge_status(answer, "Postmark", login=_ABOUT_OUR_ACCOUNT[10], refusals=_REFUSING)
    if verdict is not None and status != 403:
        return verdict
    if answer.is_success:
        return _read_batch(answer.json(), recipients)
    return _read_refusal(answer, len(recipients))


def _read_refusal(answer: Answer, count: int) -> Verdict:
    status, found = answer.status, answer.object()
    code, words = _code_and_words(found)
    if code in _ABOUT_OUR_ACCOUNT:
        return _account_refusal(code, words)
    if status == 422 and count == 1 and code:
        return (_read_item(found),)
    if status in (413, 422) and count > 1:
        return Refusal(message=f"Postmark refused the request ({status}).", splits=True)
    return permanent_refusal(
        "Postmark", answer, words, "Check url and message_stream in [postmark], and the size of the edition."
    )


def _read_batch(answer: object, recipients: Sequence[str]) -> tuple[Item, ...]:
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        # They said yes: it is taken. Only their ids are lost.
        return (Item(result=Result.ACCEPTED),) * len(recipients)
    named = [str(item.get("To", "")).lower() for item in answer]
    wanted = [recipient.lower() for recipient in recipients]
    if len(answer) == len(wanted) and all(name in ("", want) for name, want in zip(named, wanted, strict=True)):
        return tuple(map(_read_item, answer))
    by_name = dict(zip(named, answer, strict=True))
    return tuple(_read_item(by_name[want]) if want in by_name else _UNNAMED for want in wanted)


_UNNAMED = Item(result=Result.UNCERTAIN, note="Postmark's answer does not say what became of this message.")


def _read_item(item: Mapping[str, Any]) -> Item:
    code, words = _code_and_words(item)
    if code == 0:
        return Item(result=Result.ACCEPTED, provider_id=str(item["MessageID"]) if item.get("MessageID") else None)
    note = f"{code} {words}".strip()
    if code in _ABOUT_OUR_ACCOUNT:
        return Item(result=Result.RETURNED, note=note, refusal=_account_refusal(code, words))
    if code == _THROTTLED:
        return Item(result=Result.RETURNED, note=note, refusal=Refusal(message="Postmark asks us to wait."))
    if code == _INACTIVE:
        return Item(result=Result.REJECTED, note=note)
    return Item(result=Result.FAILED if code == _BAD_ADDRESS_OR_FIELD else Result.POLICY, note=note)


def _account_refusal(code: int, words: str) -> Refusal:
    return Refusal(
        message=f"Postmark does not send for us: {code} {words}".strip(),
        remedy=_ABOUT_OUR_ACCOUNT[code],
        permanent=code not in _SETTLED_BY_RETRY,
    )


def _code_and_words(answer: object) -> tuple[int, str]:
    """ErrorCode is left out when a delivery may be delayed: that is no error."""
    if not isinstance(answer, dict):
        return 0, ""
    code = answer.get("ErrorCode", 0)
    return code if isinstance(code, int) else -1, str(answer.get("Message", ""))
