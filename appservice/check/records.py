"""The records' keys: does the provider answer, is its key a fitting one, can it unwrap every patient's key."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from appservice.check.configuration import on_loopback
from appservice.check.finding import Finding, ok, warning, wrong
from core.database import Database, Tx
from core.settings import RecordsSettings, Settings
from records.envelope import SealBrokenError
from records.erasure import unfinished
from records.keys.apart import left_behind
from records.keys.kms import Kms
from records.keys.model import subject_key
from records.keys.provider import ProviderAwayError
from records.keys.transit import Transit
from records.rotation.service import open_rotation
from records.sealing import Vault

_TRANSIT_TYPES = {"aes128-gcm96", "aes256-gcm96", "chacha20-poly1305"}


async def check_records(settings: Settings) -> AsyncIterator[Finding]:
    try:
        vault = Vault.from_settings(settings.records)
    except (ValueError, OSError):
        return  # the configuration's check says what is wrong
    try:
        async for finding in _provider(settings.records, vault):
            yield finding
        try:
            database = Database(settings.database.url.get_secret_value(), pool=4)
        except (ValueError, SQLAlchemyError):
            return  # the database's check says that its address cannot be read
        try:
            async for finding in _store(vault, database):
                yield finding
        finally:
            await database.close()
    finally:
        await vault.close()


async def _provider(settings: RecordsSettings, vault: Vault) -> AsyncIterator[Finding]:
    provider = vault.keys.ring.current
    try:
        if isinstance(provider, Transit):
            yield _transit(settings, await provider.describe())
        elif isinstance(provider, Kms):
            yield _kms(await provider.describe())
    except SealBrokenError:
        yield wrong("records key", "Vault knows no such key.", "Correct mount and key of [records.vault].")
    except ProviderAwayError:
        where = "records.vault" if isinstance(provider, Transit) else "records.aws"
        yield wrong(
            "records key",
            "The key provider does not answer, or refuses.",
            f"Correct [{where}], or the rights of its token or role; the log says which.",
        )


def _transit(settings: RecordsSettings, key: dict[str, object]) -> Finding:
    if not settings.vault.url.startswith("https://") and not on_loopback(settings.vault.url):
        return wrong("records key", "Vault's address is plain http: keys would travel unencrypted.", "Write https.")
    if key.get("type") not in _TRANSIT_TYPES or not key.get("derived"):
        return wrong(
            "records key",
            "Vault's key is not a derived one of an authenticated cipher, so nothing binds what it wraps.",
            "Make another: vault write transit/keys/careconnect type=aes256-gcm96 derived=true",
        )
    if key.get("exportable"):
        return warning(
            "records key", "Vault's key is exportable: who may export it opens all.", "Make one that is not."
        )
    return ok("records key", f"In HashiCorp Vault at {urlsplit(settings.vault.url).netloc}; it answers.")


def _kms(key: dict[str, object]) -> Finding:
    if key.get("KeyState") != "Enabled":
        return wrong("records key", f"The key in AWS KMS is not enabled ({key.get('KeyState')}).", "Enable it.")
    if key.get("KeyUsage") != "ENCRYPT_DECRYPT" or key.get("KeySpec") != "SYMMETRIC_DEFAULT":
        return wrong("records key", "The key in AWS KMS is not a symmetric one for encryption.", "Name another.")
    return ok("records key", "In AWS KMS, enabled; it answers.")


async def _store(vault: Vault, database: Database) -> AsyncIterator[Finding]:
    try:
        async with database.transaction() as tx:
            yield await _wrapped(vault, tx)
            late, under_way = await unfinished(tx), await open_rotation(tx)
        if vault.keys.apart and (left := await left_behind(database)):
            yield wrong(
                "patients' keys",
                f"{left} keys are still in the main database, where they are not looked for.",
                "Stop the service, call `careconnect move-keys`, start it again.",
            )
    except (OSError, SQLAlchemyError) as away:
        if not vault.keys.apart:
            return  # the database's check says why it cannot be read
        yield wrong(
            "patients' keys",
            f"They cannot be read ({type(away).__name__}).",
            "Start the database that records.keys_url names and call `careconnect migrate`.",
        )
        return
    if late:
        yield warning(
            "erasure",
            f"{late} erasures were decided and not carried out yet.",
            "Start the service, or the keys' database.",
        )
    if under_way:
        yield warning(
            "rotation",
            f"One is under way ({under_way.level}): {under_way.done} of {under_way.total}.",
            f"Call `careconnect rotate {under_way.level}` to go on with it.",
        )


async def _wrapped(vault: Vault, tx: Tx) -> Finding:
    by = select(subject_key.c.wrapped_by).distinct().where(subject_key.c.wrapped.is_not(None))
    count = select(func.count()).select_from(subject_key).where(subject_key.c.wrapped.is_not(None))
    async with vault.keys.connection(tx) as conn:
        known = {row[0]: vault.keys.ring.knows(row[0]) for row in await conn.execute(by)}
        many = (await conn.execute(count)).scalar_one()
    if not all(known.values()):
        return wrong(
            "patients' keys",
            "Some were wrapped by a key that is not in the configuration: their records cannot be read.",
            "Put the earlier key into previous_keys of [records] and call `careconnect rotate master`.",
        )
    if any(not vault.keys.ring.current.knows(each) for each in known):
        return warning(
            "patients' keys",
            "Some are still wrapped by an earlier key, which is needed as long as they are.",
            "Call `careconnect rotate master`.",
        )
    return ok("patients' keys", f"{many}, each of which can be unwrapped.")
