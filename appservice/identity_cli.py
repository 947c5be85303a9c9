"""`careconnect identity`: the bot's keys in an operator's hands. What each is for: docs/operations.md, "Keys"."""
# ruff: noqa: PLC0415

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.errors import UserError
from core.settings import Settings

app = typer.Typer(
    help="The bot's identity and its device: back up, restore, replace. The running service takes a change up at once.",
    no_args_is_help=True,
)


def _done(settings: Settings, change: Callable[..., None]) -> None:
    """Change the tables for each bot, and have the running service begin anew with them."""
    import psycopg

    from appservice.matrix.identity import take_effect
    from core.database import libpq_url

    with psycopg.connect(libpq_url(settings.database.url.get_secret_value()), autocommit=True) as connection:
        try:
            for user in settings.matrix.bot_ids:
                change(settings.matrix, connection, user)
        except UserError as refused:
            typer.echo(str(refused), err=True)
            raise typer.Exit(1) from None
        led = [take_effect(connection, user) for user in settings.matrix.bot_ids]
    typer.echo("Done. " + ("The running service takes it up now." if any(led) else "It counts from the next start on."))


def _settings() -> Settings:
    from appservice.cli import settings

    return settings()


@app.command()
def backup() -> None:
    """Print the identity: a secret, to be kept apart from the database's backups. It changes only by `reset`."""
    import psycopg

    from appservice.matrix import identity
    from core.database import libpq_url

    settings = _settings()
    with psycopg.connect(libpq_url(settings.database.url.get_secret_value()), autocommit=True) as connection:
        try:
            for user in settings.matrix.bot_ids:
                typer.echo(identity.backup(settings.matrix, connection, user), nl=False)
        except UserError as refused:
            typer.echo(str(refused), err=True)
            raise typer.Exit(1) from None


@app.command()
def restore(file: Path) -> None:
    """Bring the identity back from what `backup` printed: people see no difference."""
    from appservice.matrix import identity

    text = file.read_text("utf-8")
    _done(_settings(), lambda matrix, connection, user: identity.restore(matrix, connection, user, text))


@app.command()
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Make a new identity, when the old one is lost without a backup or in wrong hands. People's clients tell them."""
    from appservice.matrix import identity

    if not yes:
        typer.confirm("People who have verified the bot will be warned and have to approve it anew. Go on?", abort=True)
    _done(_settings(), identity.reset)


@app.command()
def new_device() -> None:
    """Give the bot a new device with new keys, signed by the same identity: when the old keys are in wrong hands."""
    from appservice.matrix import identity

    _done(_settings(), lambda _matrix, connection, user: identity.new_device(connection, user))
