"""Ids sort by time, codes can be read aloud, secrets are compared whole."""

from core.ids import id_of, new_code, new_id, new_secret, normal_code, same


def test_later_ids_sort_after_earlier_ones_and_say_their_version() -> None:
    first = new_id()
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(i.version == 7 and i.variant == "specified in RFC 4122" for i in ids)
    assert first.int >> 80 <= ids[-1].int >> 80


def test_the_same_key_always_gives_the_same_id() -> None:
    assert id_of("a") == id_of("a") != id_of("b")


def test_a_code_survives_being_read_aloud() -> None:
    code = new_code()
    assert len(code) == 6
    assert normal_code(f" {code[:3].lower()}-{code[3:]} ") == code
    assert normal_code("oil") == "011"


def test_secrets_differ_and_are_compared_whole() -> None:
    secret = new_secret()
    assert len(secret) >= 43
    assert same(secret, secret)
    assert not same(secret, new_secret())
    assert not same(secret, secret[:-1])
