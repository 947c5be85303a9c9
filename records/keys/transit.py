"""The provider that is a key in HashiCorp Vault's transit engine: it never leaves Vault; we send keys to be wrapped.

The key must be derived (`derived=true`): its context binds each wrapped key to its name. Associated data would do that
too, but Vault's rewrap does not take any, and rewrap is what lets a key be rotated without our seeing what it wraps.
https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

import base64
import binascii
import re
import ssl
from collections.abc import Sequence
from typing import Any

import aiohttp

from core.logs import log
from core.settings import TransitSettings
from records.envelope import SealBrokenError, bind
from records.keys.provider import Name, ProviderAwayError, Wrapped

_VERSION = re.compile(r"vault:v(\d+):[A-Za-z0-9+/=]+")
_AT_ONCE = 500
"""Keys in one request."""
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_log = log("records.keys")


class Transit:
    """Vault over its HTTP API. Raises ValueError at once if the settings name no server, token or key."""

    remote = True

    def __init__(self, settings: TransitSettings) -> None:
        if not settings.url:
            raise ValueError("records.vault.url is not set: the address of HashiCorp Vault.")
        if not settings.key:
            raise ValueError("records.vault.key is not set: the name of the key in Vault's transit engine.")
        if not settings.token.get_secret_value() and not settings.token_file:
            raise ValueError("Neither records.vault.token nor records.vault.token_file is set.")
        self._settings = settings
        self._name = f"vault:{settings.mount}/{settings.key}:v"
        self._session: aiohttp.ClientSession | None = None

    def knows(self, by: str) -> bool:
        return by.startswith(self._name)

    async def current(self) -> str:
        return f"{self._name}{(await self.describe())['latest_version']}"

    async def describe(self) -> dict[str, Any]:
        """What Vault says of the key: type, derived, exportable, latest_version ..."""
        return dict(await self._ask("GET", f"keys/{self._settings.key}"))

    async def wrap(self, keys: Sequence[tuple[Name, bytes]]) -> list[Wrapped]:
        items = [{"plaintext": _text(secret), "context": _context(name)} for name, secret in keys]
        return [self._wrapped(each.get("ciphertext")) for each in await self._batches("encrypt", items)]

    async def unwrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[bytes]:
        results = await self._batches("decrypt", [self._item(name, wrapped) for name, wrapped in keys])
        try:
            return [base64.b64decode(each["plaintext"], validate=True) for each in results]
        except (KeyError, TypeError, binascii.Error) as broken:
            raise SealBrokenError from broken

    async def rewrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[Wrapped]:
        results = await self._batches("rewrap", [self._item(name, wrapped) for name, wrapped in keys])
        return [self._wrapped(each.get("ciphertext")) for each in results]

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    def _item(self, name: Name, wrapped: Wrapped) -> dict[str, str]:
        if not self.knows(wrapped.by) or not wrapped.secret.isascii():
            raise SealBrokenError
        return {"ciphertext": wrapped.secret.decode(), "context": _context(name)}

    def _wrapped(self, ciphertext: object) -> Wrapped:
        version = _VERSION.fullmatch(ciphertext) if isinstance(ciphertext, str) else None
        if version is None:
            raise SealBrokenError
        return Wrapped(version[0].encode(), f"{self._name}{version[1]}")

    async def _batches(self, verb: str, items: list[dict[str, str]]) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for start in range(0, len(items), _AT_ONCE):
            batch = items[start : start + _AT_ONCE]
            answer = await self._ask("POST", f"{verb}/{self._settings.key}", {"batch_input": batch})
            came = answer.get("batch_results")
            if not isinstance(came, list) or len(came) != len(batch) or any(each.get("error") for each in came):
                raise SealBrokenError
            results += came
        return results

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raises ProviderAwayError, and SealBrokenError where Vault calls what we sent wrong (400)."""
        url = f"{self._settings.url.rstrip('/')}/v1/{self._settings.mount}/{path}"
        try:
            async with self._http().request(method, url, json=body, headers=self._headers()) as answer:
                if answer.status == 400:
                    raise SealBrokenError
                if answer.status != 200:
                    _log.warning("Vault refuses", status=answer.status)
                    raise ProviderAwayError
                return dict((await answer.json())["data"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as away:
            _log.warning("Vault is away", error=type(away).__name__)
            raise ProviderAwayError from away

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        token = settings.token.get_secret_value()
        if settings.token_file:  # anew each time: Vault Agent renews it
            try:
                token = settings.token_file.read_text("ascii").strip()
            except (OSError, UnicodeDecodeError) as unreadable:
                _log.warning("Vault's token cannot be read", error=type(unreadable).__name__)
                raise ProviderAwayError from unreadable
        named = {"X-Vault-Namespace": settings.namespace} if settings.namespace else {}
        return {"X-Vault-Token": token, "X-Vault-Request": "true", **named}

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            ca = self._settings.ca_file
            context = ssl.create_default_context(cafile=ca) if ca else True
            self._session = aiohttp.ClientSession(
                timeout=_TIMEOUT, connector=aiohttp.TCPConnector(ssl=context, limit=8)
            )
        return self._session


def _context(name: Name) -> str:
    return _text(bind(b"careconnect subject key 1", name.subject.bytes, name.key_id.bytes))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
