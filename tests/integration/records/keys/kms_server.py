"""AWS KMS as its API is documented, of what we use of it, as an HTTP server in a process of its own.

https://docs.aws.amazon.com/kms/latest/APIReference/ . Run it: python kms_server.py PORT
"""

import base64
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ARN = "arn:aws:kms:eu-central-1:111122223333:key/"
_ELSEWHERE = "arn:aws:kms:eu-central-1:999999999999:key/"
_KEYS = {name: os.urandom(32) for name in (f"{_ARN}one", f"{_ARN}two", f"{_ELSEWHERE}one")}
_STATES = {f"{_ARN}two": "PendingDeletion"}


class Kms(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None:
        pass

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "AWS4-HMAC-SHA256" not in self.headers.get("Authorization", ""):
            self._answer(400, {"__type": "MissingAuthenticationTokenException"})
            return
        try:
            self._answer(200, _DO[self.headers["X-Amz-Target"]](asked))
        except InvalidTag:
            self._answer(400, {"__type": "InvalidCiphertextException"})
        except KeyError:
            self._answer(400, {"__type": "NotFoundException", "message": "Invalid keyId"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _arn(name: str) -> str:
    arn = name if name.startswith("arn:") else _ARN + name
    _ = _KEYS[arn]
    return arn


def _context(said: dict[str, str] | None) -> bytes:
    return json.dumps(said or {}, sort_keys=True).encode()


def _encrypt(asked: dict[str, Any]) -> dict[str, Any]:
    arn, nonce = _arn(asked["KeyId"]), os.urandom(12)
    plain, context = base64.b64decode(asked["Plaintext"]), _context(asked.get("EncryptionContext"))
    sealed = nonce + AESGCM(_KEYS[arn]).encrypt(nonce, plain, context)
    return {"CiphertextBlob": base64.b64encode(sealed).decode(), "KeyId": arn}


def _decrypt(asked: dict[str, Any]) -> dict[str, Any]:
    sealed, arn = base64.b64decode(asked["CiphertextBlob"]), _arn(asked["KeyId"])
    plain = AESGCM(_KEYS[arn]).decrypt(sealed[:12], sealed[12:], _context(asked.get("EncryptionContext")))
    return {"Plaintext": base64.b64encode(plain).decode(), "KeyId": arn}


def _re_encrypt(asked: dict[str, Any]) -> dict[str, Any]:
    plain = _decrypt(
        {
            "CiphertextBlob": asked["CiphertextBlob"],
            "KeyId": asked["SourceKeyId"],
            "EncryptionContext": asked["SourceEncryptionContext"],
        }
    )["Plaintext"]
    context = asked["DestinationEncryptionContext"]
    return _encrypt({"KeyId": asked["DestinationKeyId"], "Plaintext": plain, "EncryptionContext": context})


def _describe(asked: dict[str, Any]) -> dict[str, Any]:
    arn = _arn(asked["KeyId"])
    state = _STATES.get(arn, "Enabled")
    return {
        "KeyMetadata": {
            "KeyId": arn,
            "Arn": arn,
            "KeyState": state,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT",
        }
    }


_DO = {
    "TrentService.Encrypt": _encrypt,
    "TrentService.Decrypt": _decrypt,
    "TrentService.ReEncrypt": _re_encrypt,
    "TrentService.DescribeKey": _describe,
}

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Kms).serve_forever()
