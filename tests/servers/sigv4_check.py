"""Amazon's side of Signature Version 4, written by its rules and not by our code: the request as it came is signed
again, whatever fields it says it signed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

KEY_ID = "AKIDCANARY"
SECRET_KEY = "canary-secret/key+"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>\d{8}/[a-z0-9-]+/ses/aws4_request), "
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), Signature=(?P<proof>[0-9a-f]{64})"
)
_MUST = {"host", "x-amz-date"}


def check_signature(path: str, headers: Mapping[str, str], body: bytes, secret: str = SECRET_KEY) -> bool:
    lowered = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    given = _AUTHORIZATION.fullmatch(lowered.get("authorization", ""))
    if given is None:
        return False
    names = given["names"].split(";")
    if names != sorted(names) or not set(names) >= _MUST or not lowered["x-amz-date"].startswith(given["scope"][:8]):
        return False
    request = [
        "POST", path, "", *(f"{name}:{lowered.get(name, '')}" for name in names), "", given["names"],
        hashlib.sha256(body).hexdigest(),
    ]  # fmt: skip
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            lowered["x-amz-date"],
            given["scope"],
            hashlib.sha256("\n".join(request).encode()).hexdigest(),
        ]
    )
    key = b"AWS4" + secret.encode()
    for part in given["scope"].split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), given["proof"])
