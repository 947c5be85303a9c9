"""The one history of the database's schema. `upgrade` brings a database to its newest state."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

_LOCK = 7_262_001  # one replica migrates, the others wait for it


def configuration(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = make_url(url).set(drivername="postgresql+psycopg")
    return config


def revisions() -> list[str]:
    """Return all revisions that this version knows, the newest last: a file is named after its revision."""
    return sorted(file.stem for file in (Path(__file__).parent / "versions").glob("[0-9]*.py"))


def upgrade(url: str) -> None:
    """Bring the schema to the newest revision; safe to call from several replicas at once."""
    config = configuration(url)
    engine = create_engine(config.attributes["url"])
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            connection.commit()
    finally:
        engine.dispose()
