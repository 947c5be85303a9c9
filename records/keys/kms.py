"""The provider that is a key in AWS KMS: it never leaves KMS; we send keys to be wrapped. Needs the extra `aws`.

The encryption context binds each wrapped key to its name; it stands in CloudTrail, and holds nothing but ids.
https://docs.aws.amazon.com/kms/latest/APIReference/
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from core.logs import log
from core.settings import KmsSettings
from records.envelope import SealBrokenError
from records.keys.provider import Name, ProviderAwayError, Wrapped

_AT_ONCE = 8
_BROKEN = {"InvalidCiphertextException", "IncorrectKeyException", "ValidationException"}
_log = log("records.keys")
_T = TypeVar("_T")


class Kms:
    """KMS through boto3, in threads. Raises ValueError at once if boto3 is not installed or no key is named."""

    remote = True

    def __init__(self, settings: KmsSettings) -> None:
        if not settings.key_id:
            raise ValueError("records.aws.key_id is not set: the id, ARN or alias of the key in AWS KMS.")
        try:
            import boto3  # noqa: PLC0415  (an extra)
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as missing:
            raise ValueError("AWS KMS needs boto3: install careconnect[aws].") from missing
        self._key = settings.key_id
        limits = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
        self._make: Callable[[], Any] = lambda: boto3.session.Session().client(
            "kms",
            region_name=settings.region or None,
            endpoint_url=settings.endpoint_url or None,
            config=limits,
        )
        self._client: Any = None
        self._account = ""
        self._places = asyncio.Semaphore(_AT_ONCE)

    def knows(self, by: str) -> bool:
        return by.startswith("aws:")

    async def current(self) -> str:
        return f"aws:{(await self.describe())['Arn']}"

    async def describe(self) -> dict[str, Any]:
        """What KMS says of the key: Arn, KeyState, KeyUsage, KeySpec ..."""
        return dict((await self._ask("describe_key", KeyId=self._key))["KeyMetadata"])

    async def wrap(self, keys: Sequence[tuple[Name, bytes]]) -> list[Wrapped]:
        async def one(name: Name, secret: bytes) -> Wrapped:
            return _wrapped(
                await self._ask("encrypt", KeyId=self._key, Plaintext=secret, EncryptionContext=_context(name))
            )

        return await _all(one(name, secret) for name, secret in keys)

    async def unwrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[bytes]:
        async def one(name: Name, wrapped: Wrapped) -> bytes:
            answer = await self._ask(
                "decrypt",
                KeyId=await self._arn(wrapped),
                CiphertextBlob=wrapped.secret,
                EncryptionContext=_context(name),
            )
            return bytes(answer["Plaintext"])

        return await _all(one(name, wrapped) for name, wrapped in keys)

    async def rewrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[Wrapped]:
        async def one(name: Name, wrapped: Wrapped) -> Wrapped:
            context = _context(name)
            return _wrapped(
                await self._ask(
                    "re_encrypt",
                    CiphertextBlob=wrapped.secret,
                    SourceKeyId=await self._arn(wrapped),
                    SourceEncryptionContext=context,
                    DestinationKeyId=self._key,
                    DestinationEncryptionContext=context,
                )
            )

        return await _all(one(name, wrapped) for name, wrapped in keys)

    async def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _arn(self, wrapped: Wrapped) -> str:
        """The key that wrapped it. Of another account's nothing is taken: who writes to the table may own that one."""
        if not self.knows(wrapped.by):
            raise SealBrokenError
        arn = wrapped.by.removeprefix("aws:")
        self._account = self._account or _account_of((await self.describe())["Arn"])
        if _account_of(arn) != self._account:
            raise SealBrokenError
        return arn

    async def _ask(self, verb: str, **how: Any) -> dict[str, Any]:
        """Raises ProviderAwayError, and SealBrokenError where KMS calls what we sent wrong."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            async with self._places:
                return await asyncio.to_thread(self._call, verb, how)
        except ClientError as refused:
            code = str(refused.response.get("Error", {}).get("Code"))
            if code in _BROKEN:
                raise SealBrokenError from refused
            _log.warning("KMS refuses", error=code)
            raise ProviderAwayError from refused
        except BotoCoreError as away:
            _log.warning("KMS is away", error=type(away).__name__)
            raise ProviderAwayError from away

    def _call(self, verb: str, how: dict[str, Any]) -> dict[str, Any]:
        if self._client is None:  # made in the thread: it reads files and may ask the machine for credentials
            self._client = self._make()
        return dict(getattr(self._client, verb)(**how))


async def _all(calls: Iterable[Awaitable[_T]]) -> list[_T]:
    return list(await asyncio.gather(*calls))


def _wrapped(answer: dict[str, Any]) -> Wrapped:
    return Wrapped(bytes(answer["CiphertextBlob"]), f"aws:{answer['KeyId']}")


def _account_of(arn: str) -> str:
    """Partition, region and account: arn:aws:kms:eu-central-1:111122223333."""
    return arn.rpartition(":")[0]


def _context(name: Name) -> dict[str, str]:
    return {"purpose": "careconnect subject key 1", "subject": str(name.subject), "key": str(name.key_id)}
