"""What the demo prints: what is running, who can log in, how, and what to say first."""

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from demo.run import Demo


def show(console: Console, demo: Demo) -> None:
    """Print all that somebody needs to try it."""
    console.print(_parts(demo))
    console.print(_people(demo))
    console.print(_first_words(demo))


def _parts(demo: Demo) -> Table:
    table = Table(title="What is running", title_justify="left")
    for column in ("part", "address", "log"):
        table.add_column(column, overflow="fold")
    for child, address in (
        (demo.homeserver.child, demo.homeserver.url),
        (demo.careconnect, demo.settings.http.public_url),
        (demo.stripe.child, demo.stripe.url),
    ):
        table.add_row(child.name, address, str(child.log))
    table.add_row("PostgreSQL", escape(demo.postgres.url("careconnect")), str(demo.postgres.log))
    return table


def _people(demo: Demo) -> Table:
    table = Table(title="Who can log in", title_justify="left")
    for column in ("role", "name", "Matrix id", "password"):
        table.add_column(column, no_wrap=True)
    for role, account in demo.accounts:
        table.add_row(role, account.name, account.mxid, account.password)
    return table


def _first_words(demo: Demo) -> Panel:
    return Panel.fit(
        f"""[b]With Element[/b] (Desktop, or https://app.element.io in a browser on this machine; any client will do):
  1. Sign in; under "Homeserver" choose Edit, "Other homeserver", and enter [b]{demo.homeserver.url}[/b]
  2. Log in as one of the above, or create an account of your own.
  3. Start a chat with [b]{demo.bot_id}[/b]

[b]Say, as a patient:[/b]
  help
  cardiologist near Berlin tomorrow under 60
  2          the second doctor of the list, or tap the reaction
  1          the first of the times
  Pay on the page that the answer links to, with the card 4242 4242 4242 4242.

Ctrl-C stops everything; the data stays in {escape(str(demo.folder))} (make clean removes it).
In another window: [b]make tour[/b] plays all the roles; [b]make check[/b] examines this deployment.""",
        title="What to do",
        title_align="left",
    )
