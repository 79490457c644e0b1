"""botocore, Amazon's own library, in a process of the environment that it lives in (tests/setup/moto)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

PYTHON = Path(__file__).parents[1] / "setup" / "moto" / ".venv" / "bin" / "python"
"""Made by `make test`."""


def signatures(requests: Sequence[dict[str, Any]]) -> list[str]:
    """Return the field `Authorization` for POSTs to SES, each given as `url`, `headers`, `content` (in hexadecimal),
    `key_id`, `secret`, `token`, `region` and `now` (ISO 8601)."""
    return _asked("sign", requests)


def complaints(contents: Sequence[bytes]) -> list[str]:
    """Return what is wrong with requests to SendEmail by Amazon's model of SES: an empty text for each in order."""
    return _asked("validate", [json.loads(content) for content in contents])


def _asked(what: str, given: object) -> list[str]:
    done = subprocess.run(
        [PYTHON, __file__, what], input=json.dumps(given), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def _sign(requests: Sequence[dict[str, Any]]) -> list[str]:
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    signed = []
    for given in requests:
        moment = datetime.fromisoformat(given["now"])
        botocore.auth.get_current_datetime = lambda moment=moment: moment
        request = AWSRequest("POST", given["url"], given["headers"], bytes.fromhex(given["content"]))
        credentials = Credentials(given["key_id"], given["secret"], given["token"])
        botocore.auth.SigV4Auth(credentials, "ses", given["region"]).add_auth(request)
        signed.append(request.headers["Authorization"])
    return signed


def _validate(requests: Sequence[dict[str, Any]]) -> list[str]:
    from botocore.session import get_session
    from botocore.validate import ParamValidator

    shape = get_session().get_service_model("sesv2").operation_model("SendEmail").input_shape
    return [ParamValidator().validate(given, shape).generate_report() for given in requests]


if __name__ == "__main__":
    asked = {"sign": _sign, "validate": _validate}[sys.argv[1]]
    json.dump(asked(json.load(sys.stdin)), sys.stdout)
