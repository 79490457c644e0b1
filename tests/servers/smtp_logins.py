"""How a mail server checks a login: written from the RFCs, apart from our client's own code."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

Ask = Callable[[str], str]
"""Says 334 with a challenge (in base64) and returns the client's next line."""
CHALLENGE = b"<1896.697170952@sink.example>"
REFUSED = {"status": "400", "schemes": "Bearer", "scope": "https://mail.example/"}
"""What XOAUTH2 says in its second challenge before it refuses."""


def _plain(ask: Ask, initial: Sequence[str], login: tuple[str, str]) -> bool:
    """RFC 4616."""
    return _text(initial[0] if initial else ask("")) == f"\0{login[0]}\0{login[1]}"


def _login(ask: Ask, initial: Sequence[str], login: tuple[str, str]) -> bool:
    return (_text(ask("VXNlcm5hbWU6")), _text(ask("UGFzc3dvcmQ6"))) == login


def _cram_md5(ask: Ask, initial: Sequence[str], login: tuple[str, str]) -> bool:
    """RFC 2195, with HMAC (RFC 2104) spelt out."""
    name, _, digest = _text(ask(base64.b64encode(CHALLENGE).decode())).rpartition(" ")
    key = login[1].encode()
    key = (hashlib.md5(key, usedforsecurity=False).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.md5(bytes(octet ^ 0x36 for octet in key) + CHALLENGE, usedforsecurity=False).digest()
    outer = hashlib.md5(bytes(octet ^ 0x5C for octet in key) + inner, usedforsecurity=False).hexdigest()
    return (name, digest) == (login[0], outer)


def _xoauth2(ask: Ask, initial: Sequence[str], login: tuple[str, str]) -> bool:
    said = _text(initial[0] if initial else ask(""))
    if said == f"user={login[0]}\x01auth=Bearer {login[1]}\x01\x01":
        return True
    answer = ask(base64.b64encode(json.dumps(REFUSED).encode()).decode())
    if answer:
        raise OSError("the second challenge of XOAUTH2 wants an empty line")
    return False


def _text(line: str) -> str:
    return base64.b64decode(line).decode()


LOGINS: Mapping[str, Callable[[Ask, Sequence[str], tuple[str, str]], bool]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "XOAUTH2": _xoauth2,
}
