"""A signature fits one content, one key, one doctor, one time; a key opens with its own factor alone."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.ids import new_id
from records.canonical import canonical
from records.prescriptions.fhir import medication_request
from records.signing.codes import new_factor
from records.signing.jws import Signature, base64url, header_of, jwk_of
from records.signing.signature import (
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
RFC_8032 = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)


@pytest.fixture
def signer() -> Signer:
    return Signer(new_id(), DOCTOR, new_id(), new_secret_key())


def key_of(signer: Signer) -> PublicKey:
    return PublicKey(signer.key_id, DOCTOR, signer.public, NOW - timedelta(days=1), NOW + timedelta(days=1))


def test_the_example_of_rfc_8032() -> None:
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = Signer(new_id(), DOCTOR, new_id(), secret)
    assert signer.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    key = key_of(signer)
    before = Signature(bytes.fromhex(RFC_8032), header=None)
    key.require(before, b"", by=DOCTOR, at=NOW)
    assert jwk_of(UUID(int=1), signer.public) == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": str(UUID(int=1)),
        "use": "sig",
        "alg": "EdDSA",
    }


def test_what_was_signed_is_accepted(signer: Signer) -> None:
    key_of(signer).require(signer.sign(CONTENT), CONTENT, by=DOCTOR, at=NOW)


def test_every_changed_byte_is_refused(signer: Signer) -> None:
    key, signature = key_of(signer), signer.sign(CONTENT)
    for place in range(len(CONTENT)):
        changed = CONTENT[:place] + bytes([CONTENT[place] ^ 1]) + CONTENT[place + 1 :]
        with pytest.raises(ForgedError):
            key.require(signature, changed, by=DOCTOR, at=NOW)
    value = signature.value
    for place in range(len(value)):
        changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        with pytest.raises(ForgedError):
            key.require(replace(signature, value=changed), CONTENT, by=DOCTOR, at=NOW)
    for cut in (b"", value[:-1], value + b"\x00"):
        with pytest.raises(ForgedError):
            key.require(replace(signature, value=cut), CONTENT, by=DOCTOR, at=NOW)


def test_it_is_a_jws_that_others_check(signer: Signer) -> None:
    """By PyJWT, which knows nothing of us but the key as JWK."""
    jws = signer.sign(CONTENT).compact()
    assert jws
    jwk = jwt.PyJWK.from_dict(dict(jwk_of(signer.key_id, signer.public)))
    checked = jwt.api_jws.decode_complete(jws, jwk, algorithms=["EdDSA"], detached_payload=CONTENT)
    assert checked["header"] == {"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": str(signer.key_id)}
    for other in (CONTENT + b" ", CONTENT.replace(b"400 mg", b"800 mg")):
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.api_jws.decode_complete(jws, jwk, algorithms=["EdDSA"], detached_payload=other)


def test_no_other_header_is_accepted(signer: Signer) -> None:
    """Also not one that the doctor's own key signed."""
    key = key_of(signer)
    for said in (
        {"alg": "EdDSA", "kid": str(signer.key_id)},
        {"alg": "none", "b64": False, "crit": ["b64"], "kid": str(signer.key_id)},
        {"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": str(new_id())},
        {"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": str(signer.key_id), "typ": "JOSE"},
    ):
        other = Signature(b"", base64url(canonical(said)))
        value = Ed25519PrivateKey.from_private_bytes(signer.secret).sign(other.over(CONTENT))
        with pytest.raises(ForgedError):
            key.require(replace(other, value=value), CONTENT, by=DOCTOR, at=NOW)


def test_what_was_signed_before_there_were_headers_is_still_checked_and_is_no_jws(signer: Signer) -> None:
    before = Signature(Ed25519PrivateKey.from_private_bytes(signer.secret).sign(CONTENT), header=None)
    key_of(signer).require(before, CONTENT, by=DOCTOR, at=NOW)
    assert before.compact() is None
    with pytest.raises(ForgedError):  # and neither can be taken for the other
        key_of(signer).require(replace(before, header=header_of(signer.key_id)), CONTENT, by=DOCTOR, at=NOW)
    with pytest.raises(ForgedError):
        key_of(signer).require(replace(signer.sign(CONTENT), header=None), CONTENT, by=DOCTOR, at=NOW)


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


def test_how_a_key_is_locked_is_frozen() -> None:
    """Doctors' keys of today have to open with the next version, too."""
    locked = bytes.fromhex(
        "831e203b23944adbf825ed1b1969fdcb2c98b47fce5a7baee3cfab7cfd973f41bec1844327f2e0d8e6f975fc37cc7d45e5071dc9d0262d94"
        "92de901f"
    )
    assert unlock_key(locked, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", UUID(int=7)) == bytes(range(32))


def test_a_key_is_valid_at_its_first_and_at_its_last_instant(signer: Signer) -> None:
    key, signature = key_of(signer), signer.sign(CONTENT)
    assert key.valid_until
    for moment in (key.valid_from, key.valid_until):
        key.require(signature, CONTENT, by=DOCTOR, at=moment)


def test_what_does_not_fit_is_said_in_one_sentence() -> None:
    assert str(ForgedError()) == (
        "The signature of this record does not fit, so nothing of it is shown. Please tell the doctor."
    )


def test_base64_has_no_padding_and_the_letters_of_addresses() -> None:
    assert base64url(b"\xff\xfe\xfd\xfc") == "__79_A"
    assert base64url(b"") == ""
    assert base64url(bytes(3)) == "AAAA"
    assert base64url(b"\x5d\x75\xd7") == "XXXX"
