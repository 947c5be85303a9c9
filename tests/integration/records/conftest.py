"""What the tests of records share."""

import pytest

from records.keys.store import KeyStore


@pytest.fixture(autouse=True)
def no_keys_of_another_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault that several tests share knows the keys of one database, and each test has a database of its own."""
    shared = getattr(request.module, "VAULT", None)
    if shared:
        monkeypatch.setattr(shared, "keys", KeyStore(shared.keys.ring))
