"""Doctors' keys on the real database: set up, unlocked, replaced, revoked; and what is tampered with is refused."""

import asyncio
import json
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pyotp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import Database, Tx
from core.errors import ConflictError, RefusedError
from core.ids import new_id
from records.access import Reader
from records.canonical import canonical
from records.erasure import forget
from records.export.service import resources_of
from records.prescriptions.fhir import medication_request
from records.prescriptions.model import CONTENT
from records.prescriptions.rules import Prescription, Status
from records.prescriptions.service import prescribe, prescription, prescription_to_send, prescriptions_of
from records.sealing import ErasedError, SealBrokenError, Vault
from records.signing.jws import Signature
from records.signing.routes import routes
from records.signing.service import (
    Enrolment,
    WrongCode,
    begin_signing,
    confirm_signing,
    key_of,
    public_keys,
    revoke_signing,
    signing_picture,
    unlock_signing,
)
from records.signing.signature import ForgedError, Signer
from tests.integration.records.ward import (
    ANNA,
    COLLEAGUE,
    DOCTOR,
    DRAFT,
    HERSELF,
    OSEI,
    VISIT,
    new_vault,
    prescribed,
    withdrawn,
)

STEP = timedelta(seconds=30)


class Clock:
    """Shows what the test sets."""

    time = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def vault() -> Vault:
    return new_vault()


@pytest.fixture
def clock(database: Database) -> Clock:
    database.clock = Clock()
    return database.clock


async def begin(tx: Tx, vault: Vault, reader: Reader = OSEI, replacing: Signer | None = None) -> Enrolment:
    return await begin_signing(tx, vault, reader, account="signing", issuer="careConnect", replacing=replacing)


def codes(begun: Enrolment, clock: Clock) -> str:
    return pyotp.parse_uri(begun.link).at(clock.time)


def wrong(begun: Enrolment, clock: Clock) -> str:
    near = {pyotp.parse_uri(begun.link).at(clock.time + n * STEP) for n in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


async def set_up(database: Database, vault: Vault, clock: Clock, reader: Reader = OSEI) -> Enrolment:
    async with database.transaction() as tx:
        begun = await begin(tx, vault, reader)
        assert isinstance(await confirm_signing(tx, vault, reader, codes(begun, clock)), Signer)
    clock.time += STEP
    return begun


async def unlock(database: Database, vault: Vault, code: str, reader: Reader = OSEI) -> Signer | WrongCode:
    async with database.transaction() as tx:
        return await unlock_signing(tx, vault, reader, code)


async def test_a_key_signs_once_its_first_code_was_given(database: Database, vault: Vault, clock: Clock) -> None:
    async with database.transaction() as tx:
        begun = await begin(tx, vault)
        assert await key_of(tx, OSEI) is None
        assert await public_keys(tx, {begun.key_id}) == {}
        with pytest.raises(ConflictError, match="signing set up"):
            await unlock_signing(tx, vault, OSEI, codes(begun, clock))
        assert isinstance(await confirm_signing(tx, vault, OSEI, wrong(begun, clock)), WrongCode)
        assert isinstance(await confirm_signing(tx, vault, OSEI, codes(begun, clock)), Signer)
        key = await key_of(tx, OSEI)
        assert key is not None
        assert (key.id, key.practitioner_id, key.valid_from, key.valid_until) == (
            begun.key_id,
            DOCTOR,
            clock.time,
            None,
        )
        with pytest.raises(ConflictError):
            await confirm_signing(tx, vault, OSEI, codes(begun, clock))


async def test_the_picture_is_shown_until_the_key_is_confirmed(database: Database, vault: Vault, clock: Clock) -> None:
    async with database.transaction() as tx:
        begun = await begin(tx, vault)
        picture = await signing_picture(tx, vault, begun.key_id, account="signing", issuer="careConnect")
        assert picture is not None
        assert picture.startswith(b"\x89PNG")
        assert isinstance(await confirm_signing(tx, vault, OSEI, codes(begun, clock)), Signer)
        assert await signing_picture(tx, vault, begun.key_id, account="signing", issuer="careConnect") is None


async def test_patients_have_no_keys(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        for deed in (begin(tx, vault, HERSELF), unlock_signing(tx, vault, HERSELF, "123456")):
            with pytest.raises(RefusedError):
                await deed


async def test_a_code_unlocks_once_also_when_many_try_it_at_once(
    database: Database, vault: Vault, clock: Clock
) -> None:
    begun = await set_up(database, vault, clock)
    code = codes(begun, clock)
    ends = await asyncio.gather(*(unlock(database, vault, code) for _ in range(8)))
    assert sum(isinstance(end, Signer) for end in ends) == 1


async def test_wrong_codes_are_counted_over_transactions_and_lock(
    database: Database, vault: Vault, clock: Clock
) -> None:
    begun = await set_up(database, vault, clock)
    for _ in range(5):
        last = await unlock(database, vault, wrong(begun, clock))
    assert isinstance(last, WrongCode)
    assert last.locked_until == clock.time + timedelta(minutes=15)
    assert isinstance(await unlock(database, vault, codes(begun, clock)), WrongCode)
    clock.time = last.locked_until
    assert isinstance(await unlock(database, vault, codes(begun, clock)), Signer)


async def test_who_has_only_the_chat_cannot_replace_the_phone(database: Database, vault: Vault, clock: Clock) -> None:
    begun = await set_up(database, vault, clock)
    async with database.transaction() as tx:
        with pytest.raises(ConflictError, match="already"):
            await begin(tx, vault)
    old = await unlock(database, vault, codes(begun, clock))
    assert isinstance(old, Signer)
    async with database.transaction() as tx:
        after = await begin(tx, vault, replacing=old)
        assert isinstance(await confirm_signing(tx, vault, OSEI, codes(after, clock)), Signer)
        keys = await public_keys(tx, {begun.key_id, after.key_id})
    assert (keys[begun.key_id].valid_until, keys[after.key_id].valid_until) == (clock.time, None)
    clock.time += STEP
    assert isinstance(await unlock(database, vault, codes(begun, clock)), WrongCode)
    assert isinstance(await unlock(database, vault, codes(after, clock)), Signer)


async def test_a_revoked_key_signs_no_more_and_what_it_signed_stays(
    database: Database, vault: Vault, clock: Clock
) -> None:
    begun = await set_up(database, vault, clock)
    signer = await unlock(database, vault, codes(begun, clock))
    assert isinstance(signer, Signer)
    async with database.transaction() as tx:
        made = await prescribe(tx, vault, OSEI, signer, VISIT, DRAFT)
        assert made.signed_by == begun.key_id
    async with database.transaction() as tx:
        assert await revoke_signing(tx, DOCTOR, by=new_id())
        assert not await revoke_signing(tx, DOCTOR, by=new_id())
    clock.time += STEP
    async with database.transaction() as tx:
        with pytest.raises(ConflictError):
            await unlock_signing(tx, vault, OSEI, codes(begun, clock))
        assert await prescription(tx, vault, HERSELF, made.id) == made
        late = await prescribe(tx, vault, OSEI, signer, VISIT, DRAFT)
        with pytest.raises(ForgedError):
            await prescription(tx, vault, HERSELF, late.id)


async def test_an_account_that_takes_a_doctors_place_does_not_get_the_key(
    database: Database, vault: Vault, clock: Clock
) -> None:
    begun = await set_up(database, vault, clock)
    other = replace(OSEI, person_id=new_id())
    async with database.transaction() as tx:
        assert await key_of(tx, other) is None
        with pytest.raises(ConflictError):
            await unlock_signing(tx, vault, other, codes(begun, clock))
    signer = await unlock(database, vault, codes(begun, clock))
    assert isinstance(signer, Signer)
    async with database.transaction() as tx:
        with pytest.raises(RefusedError):
            await prescribe(tx, vault, other, signer, VISIT, DRAFT)


async def test_a_colleagues_key_signs_nothing_of_a_doctors(database: Database, vault: Vault, clock: Clock) -> None:
    begun = await set_up(database, vault, clock, COLLEAGUE)
    signer = await unlock(database, vault, codes(begun, clock), COLLEAGUE)
    assert isinstance(signer, Signer)
    async with database.transaction() as tx:
        with pytest.raises(RefusedError):
            await prescribe(tx, vault, OSEI, signer, VISIT, DRAFT)


async def written(database: Database, vault: Vault) -> Prescription:
    async with database.transaction() as tx:
        return await prescribed(tx, vault)


async def tamper(database: Database, statement: str, **values: Any) -> None:
    """As one who runs the database, past its triggers."""
    async with database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.conn.execute(text(statement), values)


async def refused(database: Database, vault: Vault, made: Prescription) -> None:
    async with database.transaction() as tx:
        for read in (
            prescription(tx, vault, HERSELF, made.id),
            prescription_to_send(tx, vault, made.id),
            withdrawn(tx, vault, made.id, "wrong"),
        ):
            with pytest.raises((ForgedError, SealBrokenError)):
                await read


@pytest.mark.parametrize(
    "change",
    [
        "signature = set_byte(signature, 5, get_byte(signature, 5) # 1)",
        "signature = NULL",
        "signing_key_id = NULL",
        "signature_header = NULL",
        "signature_header = 'eyJhbGciOiJub25lIn0'",
        "sealed = set_byte(sealed, 150, get_byte(sealed, 150) # 1)",
        "status = 'cancelled'",
        "status = 'completed'",
    ],
)
async def test_a_version_that_was_tampered_with_is_refused(database: Database, vault: Vault, change: str) -> None:
    made = await written(database, vault)
    await tamper(database, f"UPDATE prescription_version SET {change}")
    await refused(database, vault, made)


async def test_what_the_server_itself_sealed_anew_is_refused_without_the_doctors_key(
    database: Database, vault: Vault
) -> None:
    made = await written(database, vault)
    forged = replace(made, draft=replace(DRAFT, quantity="2000 tablets"))
    async with database.transaction() as tx:
        place = CONTENT.place(made.id, made.version, made.centre_id)
        sealed = await vault.seal(tx, ANNA, place, canonical(medication_request(forged)))
    await tamper(database, "UPDATE prescription_version SET sealed = :sealed", sealed=sealed)
    await refused(database, vault, made)


async def test_a_key_of_another_doctor_put_in_its_place_is_refused(
    database: Database, vault: Vault, clock: Clock
) -> None:
    made = await written(database, vault)
    other = await set_up(database, vault, clock, COLLEAGUE)
    await tamper(database, "UPDATE prescription_version SET signing_key_id = :key", key=other.key_id)
    await refused(database, vault, made)


async def test_nothing_unsigned_is_taken(database: Database, vault: Vault) -> None:
    await written(database, vault)
    copy = (
        "INSERT INTO prescription_version SELECT prescription_id, 2, status, created_at, sealed, {}, signature_header"
        " FROM prescription_version"
    )
    for columns in ("signing_key_id, NULL", "NULL, signature", "signing_key_id, '\\x00'::bytea"):
        with pytest.raises(DBAPIError, match="takes only what is signed"):
            async with database.transaction() as tx:
                await tx.conn.execute(text(copy.format(columns)))


async def test_what_was_written_before_there_were_signatures_still_reads_and_says_so(
    database: Database, vault: Vault
) -> None:
    made = await written(database, vault)
    nothing = "signature = NULL, signing_key_id = NULL, signature_header = NULL"
    await tamper(database, f"UPDATE prescription_version SET {nothing}")
    async with database.transaction() as tx:
        assert (await prescription(tx, vault, HERSELF, made.id)).signed_by is None
        assert [one.signed_by for one in await prescriptions_of(tx, vault, HERSELF, ANNA)] == [None]


async def test_each_version_is_signed_by_itself(database: Database, vault: Vault) -> None:
    made = await written(database, vault)
    async with database.transaction() as tx:
        ended = await withdrawn(tx, vault, made.id, "wrong")
        assert (ended.status, ended.signed_by) == (Status.CANCELLED, made.signed_by)
        signatures = await tx.conn.execute(text("SELECT DISTINCT signature FROM prescription_version"))
        assert len(signatures.all()) == 2


async def test_an_erased_doctor_signs_no_more_and_what_was_signed_is_still_checked(
    database: Database, vault: Vault, clock: Clock
) -> None:
    begun = await set_up(database, vault, clock)
    signer = await unlock(database, vault, codes(begun, clock))
    assert isinstance(signer, Signer)
    async with database.transaction() as tx:
        made = await prescribe(tx, vault, OSEI, signer, VISIT, DRAFT)
        await forget(tx, vault, OSEI.person_id, actor=OSEI.person_id)
    clock.time += STEP
    async with database.transaction() as tx:
        with pytest.raises(ErasedError):
            await unlock_signing(tx, vault, OSEI, codes(begun, clock))
        assert await prescription(tx, vault, HERSELF, made.id) == made


async def test_anybody_checks_a_signature_with_the_key_that_the_service_shows(
    database: Database, vault: Vault, clock: Clock
) -> None:
    """What an export says of a prescription, and the key's page: nothing else of ours is needed."""
    made = await written(database, vault)
    application = web.Application()
    application.add_routes(routes(database))
    async with database.transaction() as tx:
        waiting = await begin(tx, vault, COLLEAGUE)
        resources = await resources_of(tx, vault, HERSELF, ANNA)
    signed = next(each for each in resources if each["resourceType"] == "MedicationRequest")
    (signature,) = next(each for each in resources if each["resourceType"] == "Provenance")["signature"]
    jws = b64decode(signature["data"]).decode()
    kid = jwt.get_unverified_header(jws)["kid"]
    async with TestClient(TestServer(application)) as client:
        answer = await client.get(f"/signing-keys/{kid}")
        assert answer.content_type == "application/jwk+json"
        jwk = jwt.PyJWK.from_dict(await answer.json(content_type=None))
        for other in (waiting.key_id, new_id(), made.id, "x"):
            assert (await client.get(f"/signing-keys/{other}")).status == 404
    payload = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    jwt.api_jws.decode_complete(jws, jwk, algorithms=["EdDSA"], detached_payload=payload)
    signed["dispenseRequest"]["numberOfRepeatsAllowed"] += 1
    payload = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.api_jws.decode_complete(jws, jwk, algorithms=["EdDSA"], detached_payload=payload)


async def test_a_signature_from_before_there_were_jws_is_still_checked_and_not_exported_as_one(
    database: Database, vault: Vault, clock: Clock
) -> None:
    begun = await set_up(database, vault, clock)
    signer = await unlock(database, vault, codes(begun, clock))
    assert isinstance(signer, Signer)
    async with database.transaction() as tx:
        made = await prescribe(tx, vault, OSEI, signer, VISIT, DRAFT)
    bare = Ed25519PrivateKey.from_private_bytes(signer.secret).sign(canonical(medication_request(made)))
    await tamper(database, "UPDATE prescription_version SET signature = :bare, signature_header = NULL", bare=bare)
    async with database.transaction() as tx:
        found = await prescription(tx, vault, HERSELF, made.id)
        assert found.signed_by == made.signed_by
        assert found.signature == Signature(bare, None)
        kinds = {each["resourceType"] for each in await resources_of(tx, vault, HERSELF, ANNA)}
        assert "MedicationRequest" in kinds
        assert "Provenance" not in kinds
