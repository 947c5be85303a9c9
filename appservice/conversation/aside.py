"""What takes much memory or computing is made in a process that ends with it."""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


async def aside(make: Callable[[], bytes]) -> bytes:
    """Make it in a process of its own: what draws takes tens of MB that the service would never give back."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, make)
