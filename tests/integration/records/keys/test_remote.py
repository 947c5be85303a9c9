"""HashiCorp Vault and AWS KMS as key providers, over HTTP to servers that behave as theirs are documented to."""

import os
from pathlib import Path

import aiohttp
import pytest

from core.database import Database
from core.ids import new_id
from core.settings import KmsSettings, RecordsSettings, TransitSettings
from records.envelope import SealBrokenError
from records.erasure import forget
from records.keys.kms import Kms
from records.keys.local import LocalKey
from records.keys.provider import Name, Provider, ProviderAwayError, Wrapped
from records.keys.ring import Ring
from records.keys.transit import Transit
from records.rotation.service import Level, start, step
from records.sealing import ErasedError, Place, Vault

NAMES = [Name(new_id(), new_id()) for _ in range(3)]
SECRETS = [os.urandom(32) for _ in NAMES]
KEYS = [*zip(NAMES, SECRETS, strict=True)]


@pytest.fixture(params=["vault", "aws"])
async def provider(request: pytest.FixtureRequest, transit: TransitSettings, kms: KmsSettings):
    made: Provider = Transit(transit) if request.param == "vault" else Kms(kms)
    yield made
    await made.close()


async def rotate(transit: TransitSettings) -> None:
    async with aiohttp.ClientSession() as http:
        headers = {"X-Vault-Token": transit.token.get_secret_value(), "X-Vault-Request": "true"}
        await http.post(f"{transit.url}/v1/transit/keys/{transit.key}/rotate", headers=headers)


async def seen(transit: TransitSettings) -> list[str]:
    async with aiohttp.ClientSession() as http, http.get(f"{transit.url}/seen") as answer:
        return list((await answer.json())["paths"])


async def test_what_is_wrapped_opens_under_its_name_alone(provider: Provider) -> None:
    wrapped = await provider.wrap(KEYS)
    assert {each.by for each in wrapped} == {await provider.current()}
    assert all(provider.knows(each.by) for each in wrapped)
    assert all(secret not in each.secret for secret, each in zip(SECRETS, wrapped, strict=True))
    assert await provider.unwrap([*zip(NAMES, wrapped, strict=True)]) == SECRETS
    assert await provider.unwrap([]) == [] == await provider.wrap([])
    again = await provider.rewrap([*zip(NAMES, wrapped, strict=True)])
    assert await provider.unwrap([*zip(NAMES, again, strict=True)]) == SECRETS
    body = wrapped[0].secret
    changed = bytearray(body)
    changed[-6] ^= 1
    for name, each in (
        (NAMES[1], wrapped[0]),
        (Name(NAMES[0].subject, new_id()), wrapped[0]),
        (NAMES[0], Wrapped(bytes(changed), wrapped[0].by)),
        (NAMES[0], Wrapped(body[: len(body) // 2], wrapped[0].by)),
        (NAMES[0], Wrapped(body, "0123456789abcdef")),
    ):
        for asked in (provider.unwrap, provider.rewrap):
            with pytest.raises(SealBrokenError):
                await asked([(NAMES[2], wrapped[2]), (name, each)])


async def test_a_provider_that_is_away_or_refuses_says_so_to_the_person_and_is_tried_again(
    transit: TransitSettings, kms: KmsSettings, tmp_path: Path
) -> None:
    broken: list[Provider] = [
        Transit(transit.model_copy(update={"url": "http://127.0.0.1:9"})),
        Transit(TransitSettings(url=transit.url, token="wrong")),
        Transit(transit.model_copy(update={"mount": "elsewhere"})),
        Transit(TransitSettings(url=transit.url, token_file=tmp_path / "none")),
        Kms(kms.model_copy(update={"endpoint_url": "http://127.0.0.1:9"})),
        Kms(kms.model_copy(update={"key_id": "unknown"})),
    ]
    for each in broken:
        with pytest.raises(ProviderAwayError, match="try again") as away:
            await each.wrap(KEYS)
        assert isinstance(away.value, OSError)
        await each.close()


async def test_a_key_that_was_wrapped_in_another_account_of_aws_is_not_taken(kms: KmsSettings) -> None:
    elsewhere = "arn:aws:kms:eu-central-1:999999999999:key/one"
    intruder, ours = Kms(kms.model_copy(update={"key_id": elsewhere})), Kms(kms)
    put_there = [*zip(NAMES, await intruder.wrap(KEYS), strict=True)]
    assert await intruder.unwrap(put_there) == SECRETS
    for asked in (ours.unwrap, ours.rewrap):
        with pytest.raises(SealBrokenError):
            await asked(put_there)
    for each in (intruder, ours):
        await each.close()


async def test_the_token_is_read_anew_from_its_file(transit: TransitSettings, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("expired\n")
    provider = Transit(TransitSettings(url=transit.url, token_file=file))
    with pytest.raises(ProviderAwayError):
        await provider.wrap(KEYS)
    file.write_text(f"{transit.token.get_secret_value()}\n")
    assert len(await provider.wrap(KEYS)) == 3
    await provider.close()


async def test_many_keys_go_in_batches_in_order(transit: TransitSettings) -> None:
    provider = Transit(transit)
    keys = [(Name(new_id(), new_id()), os.urandom(32)) for _ in range(1100)]
    wrapped = await provider.wrap(keys)
    opened = await provider.unwrap([(name, each) for (name, _), each in zip(keys, wrapped, strict=True)])
    assert opened == [secret for _, secret in keys]
    await provider.close()


async def test_records_move_from_a_key_of_ones_own_to_vault_and_to_its_next_version_unseen(
    database: Database, transit: TransitSettings
) -> None:
    anna, ben, place = new_id(), new_id(), Place("t", "c", new_id())
    own = LocalKey(os.urandom(32))
    async with database.transaction() as tx:
        sealed = {each: await Vault(Ring(own)).seal(tx, each, place, each.bytes) for each in (anna, ben)}
    moved, alone = Vault(Ring(Transit(transit), own)), Vault(Ring(Transit(transit)))
    await _rotated(database, moved)
    async with database.transaction() as tx:
        for each in (anna, ben):
            assert await alone.open(tx, each, place, sealed[each]) == each.bytes
    await rotate(transit)
    before = len([path for path in await seen(transit) if "decrypt" in path])
    await _rotated(database, alone)
    assert len([path for path in await seen(transit) if "decrypt" in path]) == before  # Vault alone saw the keys
    async with database.transaction() as tx:
        assert await moved.open(tx, ben, place, sealed[ben]) == ben.bytes
    for each in (moved, alone):
        await each.close()


async def test_vault_is_asked_once_for_a_key_and_an_erased_one_is_gone_all_the_same(
    database: Database, transit: TransitSettings
) -> None:
    anna, place = new_id(), Place("t", "c", new_id())
    vault = Vault.from_settings(RecordsSettings(provider="vault", vault=transit))
    async with database.transaction() as tx:
        sealed = await vault.seal(tx, anna, place, b"x")
    before = len(await seen(transit))
    for _ in range(3):
        async with database.transaction() as tx:
            assert await vault.open(tx, anna, place, sealed) == b"x"
    assert len(await seen(transit)) <= before + 2  # and this question
    async with database.transaction() as tx:
        await forget(tx, vault, anna, actor=None)
    async with database.transaction() as tx:
        with pytest.raises(ErasedError):
            await vault.open(tx, anna, place, sealed)
    await vault.close()


async def _rotated(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        now = await start(tx, vault, Level.MASTER)
    while now.finished_at is None:
        async with database.transaction() as tx:
            now = await step(tx, vault, now.id)
    assert now.done == 2
