"""Amazon's Signature Version 4, for a POST with a body and no query. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signs, for whom. `region` and `service` as Amazon names them."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """Of temporary credentials."""
    region: str
    service: str

    def headers(self, host: str, path: str, content: bytes, now: datetime) -> dict[str, str]:
        """Return the header fields of a JSON request to `host`, which may name a port. `path` is as it goes over the
        wire, without dotted steps; `now` is UTC, and within five minutes of Amazon's clock."""
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        signed = {"content-type": "application/json", "host": host, "x-amz-date": stamp}
        if self.token:
            signed["x-amz-security-token"] = self.token
        names = ";".join(signed)
        fields = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in signed.items())
        canonical = f"POST\n{_canonical(path)}\n\n{fields}\n{names}\n{hashlib.sha256(content).hexdigest()}"
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = _key(self.secret, stamp[:8], self.region, self.service)
        proof = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        authorization = f"{_ALGORITHM} Credential={self.key_id}/{scope}, SignedHeaders={names}, Signature={proof}"
        return {**signed, "authorization": authorization}


@lru_cache(maxsize=8)
def _canonical(path: str) -> str:
    """Return a path without empty steps and escaped once more, as Amazon signs it (but for S3)."""
    return quote(re.sub("/+", "/", path), safe="/~")


@lru_cache(maxsize=8)
def _key(secret: str, *scope: str) -> bytes:
    """The key that a day's requests are signed with."""
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
