"""A signature fits one content, one key, one doctor, one time; a key opens with its own factor alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.ids import new_id
from records.canonical import canonical
from records.prescriptions.codes import new_factor
from records.prescriptions.fhir import medication_request
from records.prescriptions.signature import (
    ForgedError,
    PublicKey,
    Signer,
    lock_key,
    new_secret_key,
    unlock_key,
)
from tests.unit.records.prescriptions.examples import NOW, PRESCRIPTION

DOCTOR = PRESCRIPTION.practitioner_id
CONTENT = canonical(medication_request(PRESCRIPTION))


@pytest.fixture
def signer() -> Signer:
    return Signer(new_id(), DOCTOR, new_id(), new_secret_key())


def key_of(signer: Signer) -> PublicKey:
    return PublicKey(signer.key_id, DOCTOR, signer.public, NOW - timedelta(days=1), NOW + timedelta(days=1))


def test_the_example_of_rfc_8032() -> None:
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = Signer(new_id(), DOCTOR, new_id(), secret)
    assert signer.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_what_was_signed_is_accepted(signer: Signer) -> None:
    key_of(signer).require(signer.sign(CONTENT), CONTENT, by=DOCTOR, at=NOW)


def test_every_changed_byte_is_refused(signer: Signer) -> None:
    key, signature = key_of(signer), signer.sign(CONTENT)
    for place in range(len(CONTENT)):
        changed = CONTENT[:place] + bytes([CONTENT[place] ^ 1]) + CONTENT[place + 1 :]
        with pytest.raises(ForgedError):
            key.require(signature, changed, by=DOCTOR, at=NOW)
    for place in range(len(signature)):
        changed = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        with pytest.raises(ForgedError):
            key.require(changed, CONTENT, by=DOCTOR, at=NOW)
    for cut in (b"", signature[:-1], signature + b"\x00"):
        with pytest.raises(ForgedError):
            key.require(cut, CONTENT, by=DOCTOR, at=NOW)


def test_another_doctor_another_key_and_another_time_are_refused(signer: Signer) -> None:
    key, signature = key_of(signer), signer.sign(CONTENT)
    other = Signer(new_id(), DOCTOR, new_id(), new_secret_key())
    with pytest.raises(ForgedError):
        key.require(signature, CONTENT, by=new_id(), at=NOW)
    with pytest.raises(ForgedError):
        key_of(other).require(signature, CONTENT, by=DOCTOR, at=NOW)
    for moment in (NOW - timedelta(days=1, seconds=1), NOW + timedelta(days=1, seconds=1)):
        with pytest.raises(ForgedError):
            key.require(signature, CONTENT, by=DOCTOR, at=moment)
    replace(key, valid_until=None).require(signature, CONTENT, by=DOCTOR, at=NOW + timedelta(days=9))


def test_a_key_opens_with_its_own_factor_and_in_its_own_place_alone() -> None:
    secret, factor, key_id = new_secret_key(), new_factor(), new_id()
    locked = lock_key(secret, factor, key_id)
    assert unlock_key(locked, factor, key_id) == secret
    assert secret not in locked
    for wrong in (
        (locked, new_factor(), key_id),
        (locked, factor, new_id()),
        (locked[:-1], factor, key_id),
        (b"", factor, key_id),
    ):
        with pytest.raises(ForgedError):
            unlock_key(*wrong)


def test_nobody_prints_a_secret(signer: Signer) -> None:
    assert repr(signer.secret) not in repr(signer)
