"""HashiCorp Vault's transit engine as its API is documented, as an HTTP server in a process of its own.

Vault itself cannot be had where this was written; what is here is what its documentation promises of the paths that we
use: https://developer.hashicorp.com/vault/api-docs/secret/transit. Run it: python transit_server.py PORT TOKEN
"""

import base64
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEYS: dict[str, dict[str, Any]] = {
    name: {"versions": [os.urandom(32)], "derived": name != "plain", "exportable": name == "loose", "min": 1}
    for name in ("careconnect", "plain", "loose")
}
_SEEN: list[str] = []


class Transit(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}"))

    def _serve(self, body: dict[str, Any] | None) -> None:
        _SEEN.append(self.path)
        if self.path == "/seen":  # for the test alone
            self._answer(200, {"paths": _SEEN})
        elif self.headers.get("X-Vault-Token") != sys.argv[2]:
            self._answer(403, {"errors": ["permission denied"]})
        elif self.headers.get("X-Vault-Request") != "true":
            self._answer(412, {"errors": ["missing X-Vault-Request"]})
        else:
            self._route(body)

    def _route(self, body: dict[str, Any] | None) -> None:
        _, _, mount, verb, name, *more = self.path.split("/")
        key = _KEYS.get(name)
        if mount != "transit" or (key is None and verb != "keys"):
            self._answer(400 if mount == "transit" else 404, {"errors": ["encryption key not found"]})
        elif key is None:
            self._answer(404, {"errors": []})
        elif verb == "keys" and more == ["rotate"]:
            key["versions"].append(os.urandom(32))
            self._answer(200, {"data": {}})
        elif verb == "keys":
            said = {name: key[name] for name in ("derived", "exportable")}
            said |= {
                "latest_version": len(key["versions"]),
                "type": "aes256-gcm96",
                "min_decryption_version": key["min"],
            }
            self._answer(200, {"data": said})
        else:
            self._batch(key, verb, (body or {})["batch_input"])

    def _batch(self, key: dict[str, Any], verb: str, items: list[dict[str, str]]) -> None:
        results, failed = [], False
        for item in items:
            try:
                results.append(_DO[verb](key, item))
            except (ValueError, InvalidTag) as wrong:
                results.append({"error": str(wrong) or "cipher: message authentication failed"})
                failed = True
        self._answer(400 if failed else 200, {"data": {"batch_results": results}})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _cipher(key: dict[str, Any], version: int, item: dict[str, str]) -> AESGCM:
    if not key["min"] <= version <= len(key["versions"]):
        raise ValueError("ciphertext version is disallowed by policy (too old)")
    if not key["derived"]:
        return AESGCM(key["versions"][version - 1])
    context = base64.b64decode(item.get("context", ""))
    if not context:
        raise ValueError("missing 'context' for key derivation; the key was created using a derived key")
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=context).derive(key["versions"][version - 1]))


def _encrypt(key: dict[str, Any], item: dict[str, str]) -> dict[str, Any]:
    version, nonce = len(key["versions"]), os.urandom(12)
    sealed = nonce + _cipher(key, version, item).encrypt(nonce, base64.b64decode(item["plaintext"]), None)
    return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version}


def _decrypt(key: dict[str, Any], item: dict[str, str]) -> dict[str, Any]:
    if "associated_data" in item:
        raise ValueError("not used here")
    found = re.fullmatch(r"vault:v(\d+):(.+)", item["ciphertext"])
    if found is None:
        raise ValueError("invalid ciphertext: no prefix")
    sealed = base64.b64decode(found[2], validate=True)
    plain = _cipher(key, int(found[1]), item).decrypt(sealed[:12], sealed[12:], None)
    return {"plaintext": base64.b64encode(plain).decode()}


def _rewrap(key: dict[str, Any], item: dict[str, str]) -> dict[str, Any]:
    return _encrypt(key, item | _decrypt(key, item))


_DO = {"encrypt": _encrypt, "decrypt": _decrypt, "rewrap": _rewrap}

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Transit).serve_forever()
