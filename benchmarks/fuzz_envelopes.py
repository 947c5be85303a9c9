"""A million hostile envelopes: none opens, none raises anything but the one error.

    python -m benchmarks.fuzz_envelopes [--count 1000000] [--seed 1]

What it tries: random bytes behind a right beginning, flips, cuts, pieces of other envelopes, other places and keys.
"""

import argparse
import os
import random
import time
from uuid import UUID

from records.envelope import HEAD, SealBrokenError, SubjectKey, seal
from records.keys.store import Keys
from records.places import Place
from records.sealing import open_with

_SUBJECT = UUID(int=1)
_PLACE = Place("prescription_version", "sealed", UUID(int=2), 3, UUID(int=4))
_KEYS = Keys(3, {n: SubjectKey(UUID(int=n), os.urandom(32), n) for n in (1, 2, 3)}, frozenset())


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    began = time.perf_counter()
    fuzz(given.count, given.seed)
    print(f"{given.count:,} envelopes, all refused, in {time.perf_counter() - began:.0f} s (seed {given.seed})")


def fuzz(count: int, seed: int) -> None:
    """Raises AssertionError for one that opens, and whatever else the parser raises."""
    chance = random.Random(seed)
    real = [
        seal(_KEYS.alive[n], chance.randbytes(size), _PLACE.bound(_SUBJECT)) for n in (1, 2, 3) for size in (0, 1, 50)
    ]
    for _ in range(count):
        sealed, place = _hostile(chance, real), _PLACE
        if sealed in real:
            place = _PLACE._replace(version=chance.randrange(4, 1 << 32))
        try:
            open_with(_KEYS, _SUBJECT, place, sealed)
        except SealBrokenError:
            continue
        raise AssertionError(sealed.hex())


def _hostile(chance: random.Random, real: list[bytes]) -> bytes:
    one, other = chance.choice(real), chance.choice(real)
    at = chance.randrange(len(one))
    match chance.randrange(7):
        case 0:
            return chance.randbytes(chance.randrange(300))
        case 1:
            return bytes([chance.randrange(4)]) + chance.randbytes(chance.randrange(300))
        case 2:
            return one[:at] + bytes([one[at] ^ 1 << chance.randrange(8)]) + one[at + 1 :]
        case 3:
            return one[:at]
        case 4:
            return one[:at] + chance.randbytes(chance.randrange(1, 60)) + one[at:]
        case 5:
            return one[:at] + other[at:]
        case _:
            return one[:HEAD] + other[HEAD:]


if __name__ == "__main__":
    main()
