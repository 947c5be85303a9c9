"""The master key: read from the settings, said plainly when it is not there, and told apart from others."""

import base64
import os
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from core.ids import new_id
from core.settings import RecordsSettings
from records.envelope import SealBrokenError
from records.keys import MasterKey, SubjectKey
from records.sealing import Place, Vault

KEY = base64.b64encode(bytes(range(32))).decode()
SUBJECT = new_id()


def test_it_is_read_from_the_settings_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    by_value, by_file = RecordsSettings(key=KEY), RecordsSettings(key_file=file)
    assert MasterKey.from_settings(by_value).id == MasterKey.from_settings(by_file).id
    assert MasterKey(os.urandom(32)).id != MasterKey.from_settings(by_value).id


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


def test_a_file_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        Vault.from_settings(RecordsSettings(key_file=tmp_path / "none"))


def test_a_wrapped_key_opens_for_its_subject_id_and_master_alone() -> None:
    master, key = MasterKey(os.urandom(32)), SubjectKey(new_id(), os.urandom(32))
    wrapped = master.wrap(SUBJECT, key)
    assert master.unwrap(SUBJECT, key.id, wrapped) == key
    for other, subject, key_id in ((master, new_id(), key.id), (master, SUBJECT, new_id())):
        with pytest.raises(SealBrokenError):
            other.unwrap(subject, key_id, wrapped)
    with pytest.raises(SealBrokenError):
        MasterKey(os.urandom(32)).unwrap(SUBJECT, key.id, wrapped)


def test_any_change_of_a_wrapped_key_is_refused() -> None:
    master, key = MasterKey(os.urandom(32)), SubjectKey(new_id(), os.urandom(32))
    wrapped = master.wrap(SUBJECT, key)
    for at in range(len(wrapped)):
        flipped = bytearray(wrapped)
        flipped[at] ^= 1
        for changed in (bytes(flipped), wrapped[:at]):
            with pytest.raises(SealBrokenError):
                master.unwrap(SUBJECT, key.id, changed)


def test_a_key_is_not_shown_by_accident() -> None:
    assert "secret" not in repr(SubjectKey(SUBJECT, b"secret"))


# Frozen: what binds a value of format 1 to its place, and what wraps a subject's key.
BOUND = (
    "000000010100000010000000000000000000000000000000010000000c707265736372697074696f6e00000006"
    "7365616c6564000000100000000000000000000000000000000200000008000000000000000300000010"
    "000000000000000000000000000000040000001000000000000000000000000000000005"
)  # fmt: skip
MASTER_ID = "1729af2d27d17095"
WRAPPED = bytes.fromhex(
    "8a89cedcde8d6d338a19d2e4a45d0336c335e039f111ec52ba1cd34fb2ef"
    "2ec992077608ef7c0e43b984b874a9849a9e6b1c77e284603e839f859422"
)
PLACE = Place("prescription", "sealed", UUID(int=2), 3, UUID(int=1))


def test_what_binds_a_value_to_its_place_is_frozen() -> None:
    assert PLACE.associated(UUID(int=4), UUID(int=5)).hex() == BOUND
    assert replace(PLACE, centre=None).associated(UUID(int=4), UUID(int=5)).hex() == BOUND.replace(
        "0000001000000000000000000000000000000001", "00000000"
    )  # fmt: skip


def test_how_a_subjects_key_is_wrapped_is_frozen() -> None:
    master = MasterKey(bytes(range(32)))
    assert master.id == MASTER_ID
    assert master.unwrap(UUID(int=4), UUID(int=5), WRAPPED) == SubjectKey(UUID(int=5), bytes(32))
