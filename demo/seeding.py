"""`python -m demo.seeding FOLDER`: puts the directory into the demo's database. Its memory ends with it."""

import asyncio
import sys
from pathlib import Path

from booking.context import Context
from core.database import Database
from core.settings import Settings
from demo.seed import seed
from demo.state import state_in
from records.sealing import Vault


async def _main(folder: Path) -> None:
    settings = Settings()
    database = Database(settings.database.url.get_secret_value(), pool=4)
    try:
        await seed(database, Context(Vault.from_settings(settings.records), settings), state_in(folder).accounts)
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
