"""What takes much memory or computing is made in a process that ends with it."""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from core.lanes import HopelessError
from core.languages import language, speaking

_PATIENCE = 180.0
"""Seconds. A transaction is open meanwhile, which PostgreSQL ends after 330."""


async def aside(make: Callable[[], bytes]) -> bytes:
    """Make it in a process of its own: what draws takes tens of MB that the service would never give back.

    The language that is spoken here is spoken there.

    The process ends when it is done, and when nobody waits for it any more. Raises HopelessError for what never ends.
    """
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asyncio.get_running_loop().run_in_executor(pool, _spoken, language(), make)
    except TimeoutError as slow:
        raise HopelessError("it took too long to make") from slow
    finally:
        # Not waited for: nothing else would be done here until it has ended.
        children = [*(pool._processes or {}).values()]
        pool.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.kill()


def _spoken(tag: str, make: Callable[[], bytes]) -> bytes:
    with speaking(tag):
        return make()
