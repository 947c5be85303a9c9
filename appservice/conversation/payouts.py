"""What admins are told of their centre's own account: Stripe's page to set it up on, and that it is ready."""

import json
from collections.abc import Awaitable, Callable
from uuid import UUID

from appservice.matrix.markdown import escape
from appservice.outgoing import Reply, post
from booking.context import Context
from booking.directory.reading import centre
from booking.people.service import person_by_id
from core.database import Tx
from core.lanes import Row
from core.languages import _, speak

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


class PayoutNews:
    """Handler of the outbox kind booking.payments.payouts.TOLD."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom) -> None:
        self._ctx = ctx
        self._direct_room = direct_room

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Say it to somebody who runs the centre; nothing to who does not any more."""
        what = json.loads(row.payload)
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        speak(person.language)
        if UUID(what["centre"]) not in person.administers:
            return "runs it no more"
        name = escape((await centre(tx, UUID(what["centre"]))).name)
        if what.get("refused"):
            said = _("Stripe does not set up an account for {name}. Please ask those who run this service.", name=name)
        elif what.get("url"):
            said = _(
                "Set up here to which account **{name}** is paid: {what}\n\nThe page opens once, and for a"
                " few minutes; “payouts set up” sends another one.",
                name=name,
                what=what["url"],
            )
        elif what["ready"]:
            said = _("**{name}** is paid to its own account from now on; “payouts” shows how it stands.", name=name)
        else:
            said = _(
                "Stripe has closed the account of **{name}** for payments: new ones go to the platform's"
                " until “payouts set up” has settled it.",
                name=name,
            )
        room = await self._direct_room(tx, person.id, person.mxid)
        await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=f"payouts:{row.id}", reply=Reply(said))
        return None
