"""The ring: the provider that wraps now, and those that wrapped before and still open."""

import time
from collections import OrderedDict
from collections.abc import Sequence

from core.settings import RecordsSettings
from records.envelope import SealBrokenError
from records.keys.kms import Kms
from records.keys.local import LocalKey
from records.keys.provider import Name, Provider, Wrapped
from records.keys.transit import Transit

_REMEMBERED = 10_000
_SECONDS = 600.0
"""How much of remote providers' answers is remembered, and for how long. A destroyed key is not found in the table any
more, which is asked each time; so nothing opens by what is remembered here alone."""


class Ring:
    """Wraps with one provider, unwraps with any that it has."""

    def __init__(self, current: Provider, *others: Provider) -> None:
        self.current = current
        self._all = (current, *others)
        self._remembered: OrderedDict[tuple[Name, bytes], tuple[float, bytes]] = OrderedDict()

    async def wrap(self, keys: Sequence[tuple[Name, bytes]]) -> list[Wrapped]:
        return await self.current.wrap(keys)

    async def unwrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[bytes]:
        """Unwrap keys, in order. Raises SealBrokenError, also for a key of a provider that is not here."""
        found: dict[int, bytes] = {}
        for provider, places in self._by_provider(keys):
            asked = [place for place in places if not (provider.remote and self._recall(keys[place], found, place))]
            secrets = await provider.unwrap([keys[place] for place in asked]) if asked else []
            for place, secret in zip(asked, secrets, strict=True):
                found[place] = secret
                if provider.remote:
                    self._remember(keys[place], secret)
        return [found[place] for place in range(len(keys))]

    async def rewrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[Wrapped]:
        """Wrap keys anew with the provider of now, in order: without seeing them where it wrapped them before, too."""
        found: dict[int, Wrapped] = {}
        for provider, places in self._by_provider(keys):
            mine = [keys[place] for place in places]
            if provider is self.current:
                wrapped = await provider.rewrap(mine)
            else:
                secrets = await provider.unwrap(mine)
                wrapped = await self.current.wrap([(name, each) for (name, _), each in zip(mine, secrets, strict=True)])
            found.update(zip(places, wrapped, strict=True))
        return [found[place] for place in range(len(keys))]

    def knows(self, by: str) -> bool:
        """Whether a key that was wrapped so can be unwrapped here."""
        return any(provider.knows(by) for provider in self._all)

    async def close(self) -> None:
        for provider in self._all:
            await provider.close()

    def _by_provider(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[tuple[Provider, list[int]]]:
        sorted_out: dict[int, list[int]] = {}
        for place, (_, wrapped) in enumerate(keys):
            which = next((n for n, provider in enumerate(self._all) if provider.knows(wrapped.by)), None)
            if which is None:
                raise SealBrokenError
            sorted_out.setdefault(which, []).append(place)
        return [(self._all[which], places) for which, places in sorted_out.items()]

    def _recall(self, key: tuple[Name, Wrapped], found: dict[int, bytes], place: int) -> bool:
        until, secret = self._remembered.get((key[0], key[1].secret), (0.0, b""))
        if until <= time.monotonic():
            return False
        found[place] = secret
        return True

    def _remember(self, key: tuple[Name, Wrapped], secret: bytes) -> None:
        self._remembered[key[0], key[1].secret] = time.monotonic() + _SECONDS, secret
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def ring_of(settings: RecordsSettings) -> Ring:
    """The providers that the settings name. Raises ValueError with a plain sentence about what is wrong with one."""
    local = _local(settings)
    current = _current(settings, local)
    others: list[Provider] = [LocalKey.from_text(key) for key in settings.previous_keys]
    if local and local is not current:
        others.append(local)
    if settings.provider != "vault" and settings.vault.url:
        others.append(Transit(settings.vault))
    if settings.provider != "aws" and settings.aws.key_id:
        others.append(Kms(settings.aws))
    return Ring(current, *others)


def _current(settings: RecordsSettings, local: LocalKey | None) -> Provider:
    match settings.provider:
        case "vault":
            return Transit(settings.vault)
        case "aws":
            return Kms(settings.aws)
    if local is None:
        raise ValueError("records.key is not set; `careconnect new-key` makes one.")
    return local


def _local(settings: RecordsSettings) -> LocalKey | None:
    if settings.key.get_secret_value().strip():
        return LocalKey.from_text(settings.key)
    return LocalKey.from_file(settings.key_file) if settings.key_file else None
