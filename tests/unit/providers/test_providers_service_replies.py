"""What each service's answers mean, in the words that they use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.providers.http_answers import Answer, Refusal, Unclear, Verdict
from briefingfeed.providers.http_service import Copy, Request
from servers.api_ways import copy_of, digest, provider_for

A, F, P, U, R = Result.ACCEPTED, Result.FAILED, Result.POLICY, Result.UNCERTAIN, Result.RETURNED
WAITS, ENDS, DIVIDES, UNCLEAR = "waits", "ends", "divides", "unclear"

Case = tuple[str, int, int, Any, Mapping[str, str], object]


def amazon(kind: str) -> dict[str, str]:
    return {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/coral/"}


# fmt: off
TABLE: list[Case] = [
    # service, copies, status, content, header fields, meaning
    ("ses", 1, 200, {"MessageId": "a"}, {}, (A,)),
    ("ses", 1, 200, "not json", {}, (A,)),
    ("ses", 1, 429, {"message": "Maximum sending rate exceeded."}, amazon("TooManyRequestsException"), WAITS),
    ("ses", 1, 400, {"message": "Maximum sending rate exceeded."}, amazon("ThrottlingException"), WAITS),
    ("ses", 1, 429, {"message": "Daily message quota exceeded."}, amazon("TooManyRequestsException"), ENDS),
    ("ses", 1, 400, {"message": "x"}, amazon("LimitExceededException"), ENDS),
    ("ses", 1, 400, {"message": "x"}, amazon("AccountSuspendedException"), ENDS),
    ("ses", 1, 400, {"message": "x"}, amazon("SendingPausedException"), ENDS),
    ("ses", 1, 400, {"message": "x"}, amazon("MailFromDomainNotVerifiedException"), ENDS),
    ("ses", 1, 404, {"message": "Configuration set x does not exist"}, amazon("NotFoundException"), ENDS),
    ("ses", 1, 400, {"message": "Email address is not verified. a@b.example"}, amazon("MessageRejected"), ENDS),
    ("ses", 1, 400, {"message": "Content contains a virus"}, amazon("MessageRejected"), (P,)),
    ("ses", 1, 400, {"message": "Domain ends with dot."}, amazon("BadRequestException"), (F,)),
    ("ses", 1, 400, {"message": "Missing start boundary"}, amazon("BadRequestException"), (P,)),
    ("ses", 1, 403, {"message": "The security token is invalid"}, amazon("UnrecognizedClientException"), ENDS),
    ("ses", 1, 403, {"message": "Signature expired"}, amazon("InvalidSignatureException"), ENDS),
    ("ses", 1, 500, {"message": "x"}, amazon("InternalFailure"), UNCLEAR),
    ("ses", 1, 503, {"message": "x"}, amazon("ServiceUnavailable"), UNCLEAR),
    ("resend", 2, 200, {"data": [{"id": "a"}, {"id": "b"}]}, {}, (A, A)),
    ("resend", 3, 200, {"data": [{"id": "a"}, {"id": "b"}], "errors": [{"index": 1, "message": "to"}]}, {}, (A, P, A)),
    ("resend", 2, 200, {"data": [{"id": "a"}], "errors": [{"index": 0, "message": "Missing `html`"}]}, {}, (P, A)),
    ("resend", 3, 200, {"data": [{"id": "a"}], "errors": [{"index": 1, "message": "`to`"}]}, {}, (U, F, U)),
    ("resend", 2, 200, {"data": [{"id": "a"}], "errors": [{"index": 7, "message": "?"}]}, {}, (U, U)),
    ("resend", 2, 200, {"data": "?"}, {}, (A, A)),
    ("resend", 2, 200, {"errors": [{"index": 1, "message": "`to`"}]}, {}, (U, F)),
    ("resend", 2, 200, {"data": None, "errors": "all of them"}, {}, (U, U)),
    ("resend", 2, 200, {"data": [{"id": "a"}], "errors": "one of them"}, {}, (U, U)),
    ("resend", 2, 422, {"name": "validation_error", "message": "x"}, {}, DIVIDES),
    ("resend", 1, 422, {"name": "validation_error", "message": "x"}, {}, (P,)),
    ("resend", 2, 429, {"name": "daily_quota_exceeded"}, {}, WAITS),
    ("resend", 2, 409, {"name": "invalid_idempotent_request"}, {}, UNCLEAR),
    ("resend", 2, 409, {"name": "concurrent_idempotent_requests"}, {}, UNCLEAR),
    ("resend", 2, 403, {"name": "invalid_api_key"}, {}, ENDS),
    ("mailgun", 2, 200, {"id": "<a@b>", "message": "Queued. Thank you."}, {}, (A, A)),
    ("mailgun", 2, 200, "Mailgun Magnificent API", {}, ENDS),
    ("mailgun", 2, 400, {"message": "to parameter is not a valid address. please check documentation"}, {}, DIVIDES),
    ("mailgun", 1, 400, {"message": "'to' parameter is not a valid address. please check documentation"}, {}, (F,)),
    ("mailgun", 1, 400, {"message": "from parameter is not a valid address"}, {}, ENDS),
    ("mailgun", 2, 400, {"message": "Domain b.example is not allowed to send"}, {}, ENDS),
    ("mailgun", 2, 404, {"message": "Domain not found: b.example"}, {}, ENDS),
    ("mailgun", 2, 413, "too large", {}, DIVIDES),
    ("brevo", 2, 201, {"messageIds": ["<a>", "<b>"]}, {}, (A, A)),
    ("brevo", 1, 201, {"messageId": "<a>"}, {}, (A,)),
    ("brevo", 2, 201, {"messageIds": ["<a>"]}, {}, (A, A)),
    ("brevo", 2, 400, {"code": "invalid_parameter", "message": "email is not valid in to"}, {}, DIVIDES),
    ("brevo", 1, 400, {"code": "invalid_parameter", "message": "email is not valid in to"}, {}, (F,)),
    ("brevo", 1, 400, {"code": "invalid_parameter", "message": "subject is blank"}, {}, (P,)),
    ("brevo", 1, 400, {"code": "invalid_parameter", "message": "valid sender email required"}, {}, ENDS),
    ("brevo", 2, 402, {"code": "not_enough_credits", "message": "x"}, {}, ENDS),
    ("brevo", 2, 400, {"code": "account_under_validation", "message": "x"}, {}, ENDS),
    ("brevo", 2, 400, {"code": "duplicate_parameter", "message": "x"}, {}, UNCLEAR),
    ("sendgrid", 2, 202, "", {"x-message-id": "a"}, (A, A)),
    ("sendgrid", 2, 400, {"errors": [{"message": "x", "field": "personalizations.1.to.0.email"}]}, {}, DIVIDES),
    ("sendgrid", 1, 400, {"errors": [{"message": "x", "field": "personalizations.0.to.0.email"}]}, {}, (F,)),
    ("sendgrid", 2, 400, {"errors": [{"message": "x", "field": "from.email"}]}, {}, ENDS),
    ("sendgrid", 1, 400, {"errors": [{"message": "x", "field": None}]}, {}, ENDS),
    ("sendgrid", 2, 413, {"errors": [{"message": "content too large"}]}, {}, DIVIDES),
    ("sendgrid", 2, 403, {"errors": [{"message": "does not match a verified Sender Identity"}]}, {}, ENDS),
]
# fmt: on


def read(
    name: str, count: int, status: int, content: Any, headers: Mapping[str, str], earlier: Unclear | None = None
) -> Verdict:
    made = digest()
    copies = [
        Copy(copy_of(made, number, f"r{number}@example.org"), f"r{number}@example.org") for number in range(count)
    ]
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    answer = Answer(status=status, headers=headers, body=body, earlier=earlier)
    service = provider_for(name, "http://127.0.0.1:1").service
    return service.read(Request(copies=copies, url="", content=b"", headers={}), answer)


def meaning(verdict: Verdict) -> object:
    if isinstance(verdict, Unclear):
        return UNCLEAR
    if isinstance(verdict, Refusal):
        return DIVIDES if verdict.splits else ENDS if verdict.permanent else WAITS
    return tuple(item.result for item in verdict)


@pytest.mark.parametrize(("name", "count", "status", "content", "headers", "wanted"), TABLE)
def test_outcome_table(
    name: str, count: int, status: int, content: Any, headers: Mapping[str, str], wanted: object
) -> None:
    assert meaning(read(name, count, status, content, headers)) == wanted


@pytest.mark.parametrize(
    ("words", "answered", "wanted"),
    [
        ("Idempotency key was used already", False, (A, A)),
        ("idempotencyKey: duplicate", True, UNCLEAR),
        ("messageVersions.to has one address twice", False, UNCLEAR),
    ],
)
def test_brevo_has_taken_a_request_if_it_says_that_it_knows_its_key(words: str, answered: bool, wanted: object) -> None:
    content = {"code": "duplicate_parameter", "message": words}
    earlier = Unclear(note="The answer was lost.", answered=answered)
    assert meaning(read("brevo", 2, 400, content, {}, earlier)) == wanted


@pytest.mark.parametrize("name", sorted({case[0] for case in TABLE}))
@pytest.mark.parametrize(
    "content", ["", "[]", "null", "5", '{"errors": 1, "message": null, "data": [1]}', "[" * 10_000]
)
@pytest.mark.parametrize("status", [200, 202, 302, 400, 401, 404, 409, 413, 422, 429, 500, 503])
def test_nonsense_is_read_without_breaking_down(name: str, content: str, status: int) -> None:
    for count in (1, 2) if name != "ses" else (1,):
        verdict = read(name, count, status, content, {})
        assert meaning(verdict) is not None
        if isinstance(verdict, tuple):
            assert len(verdict) == count
        if count == 1:
            assert meaning(verdict) != DIVIDES
        if status >= 500:
            assert meaning(verdict) == UNCLEAR
