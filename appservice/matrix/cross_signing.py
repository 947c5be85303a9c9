"""Cross-signing by hand, which nio does not have: with it clients trust the bot's device without a warning.

Specification: https://spec.matrix.org/v1.16/client-server-api/#cross-signing
"""

import json
from collections.abc import Collection
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nio.api import Api as Canonical
from unpaddedbase64 import decode_base64, encode_base64

from appservice.matrix.api import Actor, Json
from appservice.matrix.machine import SafeOlm

_USAGES = ("master", "self_signing", "user_signing")
Seeds = dict[str, Ed25519PrivateKey]


def new_seeds() -> Seeds:
    """Make the three private keys."""
    return {usage: Ed25519PrivateKey.generate() for usage in _USAGES}


def dump(seeds: Seeds) -> bytes:
    """Write the seeds down: a secret."""
    return json.dumps({usage: encode_base64(key.private_bytes_raw()) for usage, key in seeds.items()}).encode()


def load(text: bytes) -> Seeds:
    """Read what `dump` wrote."""
    return {u: Ed25519PrivateKey.from_private_bytes(decode_base64(s)) for u, s in json.loads(text).items()}


def complete(seeds: Seeds) -> bool:
    """Whether all three keys are there."""
    return set(seeds) == set(_USAGES)


def is_key(key: Ed25519PrivateKey, keys: Json) -> bool:
    """Whether published `keys` ({name: public key}) hold this one."""
    return name_of(key) in keys


async def published(bot: Actor, user: str) -> bool:
    """Whether the homeserver knows an identity of this user's, ours or not."""
    known = await bot.post("keys", "query", body={"device_keys": {user: []}})
    return bool(known.get("master_keys", {}).get(user, {}).get("keys"))


def countersigned(seeds: Seeds, user: str, device_keys: Json) -> Json:
    """Return the keys of a device of ours with our identity's signature besides those that they have."""
    signer, signatures = seeds["self_signing"], device_keys.get("signatures", {})
    ours = signatures.get(user, {}) | {name_of(signer): _sign(signer, device_keys)}
    return _bare(device_keys) | {"signatures": {**signatures, user: ours}}


async def ensure(bot: Actor, olm: SafeOlm, seeds: Seeds) -> None:
    """See to it that the homeserver has our keys, and our signature under the bot's device. Idempotent.

    The device's keys must have been published. An application service is not asked for a password here (MSC4190).
    The signature first, as part of the device's keys: at no moment are our keys seen over a device that they have not
    signed, whose owner some clients would give no keys then.
    """
    user, device = olm.user_id, olm.device_id
    known = await _known(bot, user, device)
    master = known.get("master_keys", {}).get(user, {}).get("keys", {})
    if not _is_signed(seeds, known, user, device):
        signed = countersigned(seeds, user, known["device_keys"][user][device])
        await bot.post("keys", "upload", body={"device_keys": signed})
        known = await _known(bot, user, device)
    if name_of(seeds["master"]) not in master:
        await bot.post("keys", "device_signing", "upload", body=_public_keys(olm, seeds))
    if not _is_signed(seeds, known, user, device):  # by a homeserver that changes no keys of a device
        ours = known["device_keys"][user][device]
        signer = seeds["self_signing"]
        signed = _bare(ours) | {"signatures": {user: {name_of(signer): _sign(signer, ours)}}}
        await bot.post("keys", "signatures", "upload", body={user: {device: signed}})


async def _known(bot: Actor, user: str, device: str) -> Json:
    return await bot.post("keys", "query", body={"device_keys": {user: [device]}})


def _is_signed(seeds: Seeds, known: Json, user: str, device: str) -> bool:
    return name_of(seeds["self_signing"]) in known["device_keys"][user][device].get("signatures", {}).get(user, {})


def _public_keys(olm: SafeOlm, seeds: Seeds) -> Json:
    body: Json = {}
    for usage, key in seeds.items():
        part: Json = {"user_id": olm.user_id, "usage": [usage], "keys": {name_of(key): public_of(key)}}
        if usage == "master":  # by the device: binds the identity to it for those who trusted the device first
            signature, signer = olm.sign_json(part), f"ed25519:{olm.device_id}"
        else:
            signature, signer = _sign(seeds["master"], part), name_of(seeds["master"])
        body[f"{usage}_key"] = part | {"signatures": {olm.user_id: {signer: signature}}}
    return body


def public_of(key: Ed25519PrivateKey) -> str:
    """The public half, in unpadded base64."""
    return str(encode_base64(key.public_key().public_bytes_raw()))


def name_of(key: Ed25519PrivateKey) -> str:
    """The name under which signatures and lists of keys have it."""
    return f"ed25519:{public_of(key)}"


def _bare(signed: dict[str, Any]) -> Json:
    return {name: value for name, value in signed.items() if name not in ("signatures", "unsigned")}


def _sign(key: Ed25519PrivateKey, signed: dict[str, Any]) -> str:
    return str(encode_base64(key.sign(Canonical.to_canonical_json(_bare(signed)).encode())))


async def sign_person(bot: Actor, olm: SafeOlm, seeds: Seeds, user: str, vouched: Collection[str]) -> None:
    """Sign the identity of somebody who was verified, if their master key is among what they `vouched` for.

    Raises AwayError, MatrixError.
    """
    answer = await bot.post("keys", "query", body={"device_keys": {user: []}})
    master = answer.get("master_keys", {}).get(user)
    if not isinstance(master, dict) or not set(vouched) & set(master.get("keys", {})):
        return
    signer = seeds["user_signing"]
    signed = _bare(master) | {"signatures": {olm.user_id: {name_of(signer): _sign(signer, master)}}}
    key = next(iter(master["keys"])).partition(":")[2]
    await bot.post("keys", "signatures", "upload", body={user: {key: signed}})
