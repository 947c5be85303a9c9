"""Key providers: read from the settings, said plainly when not there, told apart, and bound to names."""

import base64
import os
from pathlib import Path
from uuid import UUID

import pytest

from core.ids import new_id
from core.settings import KmsSettings, RecordsSettings, TransitSettings
from records import envelope1
from records.envelope import SealBrokenError, SubjectKey
from records.keys.local import LocalKey
from records.keys.provider import Name, Wrapped
from records.keys.ring import Ring, ring_of
from records.places import Place
from records.sealing import Vault

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(1, 33))).decode()
NAME = Name(new_id(), new_id())


async def test_it_is_read_from_the_settings_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    by_value, by_file = ring_of(RecordsSettings(key=KEY)), ring_of(RecordsSettings(key_file=file))
    assert await by_value.current.current() == await by_file.current.current() == LocalKey(bytes(range(32))).id
    assert await by_value.current.current() != LocalKey(os.urandom(32)).id


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("", "is not set"),
        ("   ", "is not set"),
        ("not base64!", "not base64"),
        ("schlüssel", "not base64"),
        (base64.b64encode(bytes(31)).decode(), "must be 32 bytes"),
        (base64.b64encode(bytes(33)).decode(), "must be 32 bytes"),
    ],
)
def test_a_missing_or_malformed_key_is_said_plainly_and_never_shown(key: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(key.encode("latin-1"))
    with pytest.raises(ValueError, match=sentence) as wrong:
        Vault.from_settings(RecordsSettings(key=key))
    assert not key.strip() or key not in str(wrong.value)
    with pytest.raises(ValueError, match=f"{sentence}|cannot be read"):
        Vault.from_settings(RecordsSettings(key_file=file))
    if key.strip():
        with pytest.raises(ValueError, match=sentence):
            Vault.from_settings(RecordsSettings(key=KEY, previous_keys=[key]))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (RecordsSettings(key_file=Path("/none/none")), "cannot be read"),
        (RecordsSettings(provider="vault"), "records.vault.url is not set"),
        (RecordsSettings(provider="vault", vault=TransitSettings(url="http://v")), "token"),
        (RecordsSettings(provider="vault", vault=TransitSettings(url="http://v", token="t", key="")), "vault.key"),
        (RecordsSettings(provider="aws"), "records.aws.key_id is not set"),
    ],
)
def test_what_a_provider_lacks_is_said_plainly(settings: RecordsSettings, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Vault.from_settings(settings)


def test_the_ring_opens_with_every_provider_that_is_set_up() -> None:
    ring = ring_of(
        RecordsSettings(
            key=KEY,
            previous_keys=[OTHER],
            vault=TransitSettings(url="http://v", token="t"),
            aws=KmsSettings(key_id="k", region="eu-central-1"),
        )
    )
    mine, earlier = LocalKey.from_text(KEY).id, LocalKey.from_text(OTHER).id
    for by in (mine, earlier, "vault:transit/careconnect:v1", "aws:arn:aws:kms:eu-central-1:1:key/2"):
        assert ring.knows(by)
    assert not any(ring.knows(by) for by in ("", "0" * 16, "vault:transit/other:v1", "vault:other/careconnect:v1"))


async def test_a_wrapped_key_opens_for_its_subject_id_and_master_alone() -> None:
    master, secret = LocalKey(os.urandom(32)), os.urandom(32)
    (wrapped,) = await master.wrap([(NAME, secret)])
    assert await master.unwrap([(NAME, wrapped)]) == [secret]
    other = LocalKey(os.urandom(32))
    for provider, name, by in (
        (master, Name(new_id(), NAME.key_id), master.id),
        (master, Name(NAME.subject, new_id()), master.id),
        (master, Name(NAME.key_id, NAME.subject), master.id),
        (master, NAME, other.id),
        (other, NAME, other.id),
        (other, NAME, master.id),
    ):
        with pytest.raises(SealBrokenError):
            await provider.unwrap([(name, Wrapped(wrapped.secret, by))])


async def test_what_another_key_is_said_to_have_wrapped_is_refused_whatever_its_name() -> None:
    master = LocalKey(os.urandom(32))
    (wrapped,) = await master.wrap([(NAME, os.urandom(32))])
    for by in ("", "~", master.id[:-1], master.id + "0"):
        with pytest.raises(SealBrokenError):
            await master.unwrap([(NAME, Wrapped(wrapped.secret, by))])


async def test_any_change_of_a_wrapped_key_is_refused() -> None:
    master = LocalKey(os.urandom(32))
    (wrapped,) = await master.wrap([(NAME, os.urandom(32))])
    whole = wrapped.secret
    for at in range(len(whole)):
        for changed in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:at]):
            with pytest.raises(SealBrokenError):
                await master.unwrap([(NAME, Wrapped(changed, master.id))])


async def test_the_ring_wraps_with_the_newest_and_unwraps_each_with_its_own_in_order() -> None:
    old, new, gone = LocalKey(os.urandom(32)), LocalKey(os.urandom(32)), LocalKey(os.urandom(32))
    ring = Ring(new, old)
    names = [Name(new_id(), new_id()) for _ in range(4)]
    secrets = [os.urandom(32) for _ in names]
    keys = [*zip(names, secrets, strict=True)]
    by_old, by_new = await old.wrap(keys), await ring.wrap(keys)
    assert {each.by for each in by_new} == {new.id}
    mixed = [by_old[0], by_new[1], by_old[2], by_new[3]]
    assert await ring.unwrap([*zip(names, mixed, strict=True)]) == secrets
    again = await ring.rewrap([*zip(names, mixed, strict=True)])
    assert {each.by for each in again} == {new.id}
    assert await ring.unwrap([*zip(names, again, strict=True)]) == secrets
    assert await new.rewrap([(names[0], by_new[0])]) != [by_new[0]]
    for asked in (ring.unwrap, ring.rewrap):
        with pytest.raises(SealBrokenError):
            await asked([*zip(names, await gone.wrap(keys), strict=True)])


def test_a_key_is_not_shown_by_accident() -> None:
    assert "secret" not in repr(Wrapped(b"secret", "by"))


# Frozen: what binds a value of format 1 to its place, what format 1 sealed, and what wraps a subject's key.
BOUND = (
    "000000010100000010000000000000000000000000000000010000000c707265736372697074696f6e00000006"
    "7365616c6564000000100000000000000000000000000000000200000008000000000000000300000010"
    "000000000000000000000000000000040000001000000000000000000000000000000005"
)  # fmt: skip
BOUND_2 = (
    "00000001020000000c707265736372697074696f6e000000067365616c6564"
    "00000000000000000000000000000002000000000000000300000000000000000000000000000004"
    "00000000000000000000000000000001"
)  # fmt: skip
SEALED_1 = bytes.fromhex(
    "01ff8e118bf91e6bed31d4ec833861118ea8b7707c7c5ce90e071e2218655e2b823c47bf94aa8e44f61d8a107fba3eb8620a"
    "898dd12fc5d2da7bdf78b2b53483900017f4637b3e19780ca7963a4efa28dc40d57ecc12ffdc5487625334de7ed7559538c2"
    "19bc8c1268189411d2e21e56905cd1f9acb49e5c355bba6f90829599e0dffb7678"
)
MASTER_ID = "1729af2d27d17095"
WRAPPED = bytes.fromhex(
    "8a89cedcde8d6d338a19d2e4a45d0336c335e039f111ec52ba1cd34fb2ef"
    "2ec992077608ef7c0e43b984b874a9849a9e6b1c77e284603e839f859422"
)
PLACE = Place("prescription", "sealed", UUID(int=2), 3, UUID(int=1))


def test_what_binds_a_value_to_its_place_is_frozen() -> None:
    assert PLACE.bound_1(UUID(int=4), UUID(int=5)).hex() == BOUND
    assert PLACE._replace(centre=None).bound_1(UUID(int=4), UUID(int=5)).hex() == BOUND.replace(
        "0000001000000000000000000000000000000001", "00000000"
    )  # fmt: skip
    assert PLACE.bound(UUID(int=4)).hex() == BOUND_2
    assert PLACE._replace(centre=None).bound(UUID(int=4)).hex() == BOUND_2[:-32]


def test_what_format_1_sealed_once_opens_for_ever() -> None:
    key = SubjectKey(UUID(int=1), bytes(range(32)))
    assert envelope1.unseal(key, SEALED_1, b"place") == "fièvre 🌡".encode()


async def test_how_a_subjects_key_is_wrapped_is_frozen() -> None:
    master = LocalKey(bytes(range(32)))
    assert master.id == MASTER_ID
    name = Name(UUID(int=4), UUID(int=5))
    assert await master.unwrap([(name, Wrapped(WRAPPED, MASTER_ID))]) == [bytes(32)]


def test_each_sentence_about_a_key_word_for_word(tmp_path: Path) -> None:
    empty, foreign = tmp_path / "empty", tmp_path / "foreign"
    empty.write_text(" \n")
    foreign.write_bytes(b"schl\xc3\xbcssel")
    for make, sentence in (
        (lambda: LocalKey(bytes(31)), "The records key must be 32 bytes; `careconnect new-key` makes one."),
        (lambda: LocalKey.from_text("x!"), "records.key is not base64; `careconnect new-key` makes one."),
        (
            lambda: LocalKey.from_text(KEY[:9] + "!" + KEY[9:]),
            "records.key is not base64; `careconnect new-key` makes one.",
        ),
        (lambda: LocalKey.from_file(tmp_path / "none"), "The file that records.key_file names cannot be read."),
        (lambda: LocalKey.from_file(foreign), "The file that records.key_file names cannot be read."),
        (lambda: LocalKey.from_file(empty), "The file that records.key_file names is empty: the key is not set."),
    ):
        with pytest.raises(ValueError) as refused:  # noqa: PT011
            make()
        assert str(refused.value) == sentence
