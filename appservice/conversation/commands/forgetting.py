"""Being forgotten: what it comes to is said first, and it takes a sentence to confirm it."""

from typing import Any
from uuid import UUID

from appservice.conversation.commands.visits import line
from appservice.conversation.dialogue import Choice, forget_dialogues
from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.values import dated
from appservice.conversation.session import Session
from appservice.conversation.understanding.text import folded, plain
from appservice.matrix.markdown import escape
from appservice.matrix.rooms import forget_rooms
from appservice.matrix.sent_files import forget_files
from appservice.outgoing import Reply, leave, post
from booking.forgetting import before_forgetting, forget_person
from core.ids import new_id
from core.languages import N_, _, commas
from records.erasure import Erasure

_SENTENCE = N_("forget me for good")
_LEAVE = {word: {"do": "keep"} for word in ("no", "stop")}
_WHAT_STAYS = N_(
    "What stays: that visits took place, when, and what was paid, without your name and without anything that was said."
    " What doctors documented they must keep for as long as the law says (in Germany for ten years, BGB section 630f):"
    " what a centre has in records of its own is not touched by this, and a centre that must keep yours here can have"
    " put a legal hold on them; then I tell you so and erase nothing. If you want to have your records, write “export”"
    " first."
)

_ON_HOMESERVERS = N_(
    "Files that we sent each other are removed from the homeserver {server}, too. If your account is on another one,"
    " that keeps what you sent from there: ask those who run it. What we wrote stays on both, encrypted, and opens with"
    " your own devices alone: leave this room and have your app forget it, if you want that gone as well."
)


@command(
    "forget me|erase me|delete my data|delete my account|delete me",
    help="erase all that is held on you, for good; you are told first what that comes to",
    group="Health",
    heard=True,
)
async def forget_me(session: Session, text: str) -> None:
    """Ask whose, where there is family for whom nobody else speaks; then say what it comes to."""
    what = await before_forgetting(session.tx, session.ctx, session.person)
    if not what.alone:
        await explain(session, {"patients": []})
        return
    names = commas(escape(each.name or _("a patient")) for each in what.alone)
    rows = [_("Only me"), _("Me, and {names}, for whom nobody else speaks here", names=names)]
    await session.say(
        _("Whom shall I forget?\n\n{list}\n\nAnswer with a number, or **no**.", list=numbered(rows)),
        choices=[
            {"do": "forgetting", "patients": []},
            {"do": "forgetting", "patients": [str(each.id) for each in what.alone]},
        ],
        words=_LEAVE,
    )


@action("forgetting")
async def explain(session: Session, choice: dict[str, Any]) -> None:
    """What is erased, what stays, and from when on it is final."""
    what = await before_forgetting(session.tx, session.ctx, session.person, _patients(choice))
    parts = [_("**This erases all that I hold on you, for good.**")]
    if what.visits:
        visits = "\n".join([f"- {await line(session, each)}" for each in what.visits])
        parts.append(_("These visits are cancelled, by the rules of each centre:\n\n{visits}", visits=visits))
    parts += [
        _(
            "Prescriptions, notes, files, reasons of visits, names and all that we said can be read by nobody any more,"
            " and no pharmacy gives out on a prescription: here at once, and in every backup from {day} on.",
            day=dated(what.final_at, session.place),
        ),
        _(_WHAT_STAYS),
        _(_ON_HOMESERVERS, server=session.ctx.settings.matrix.server_name),
        _("Then I leave this room. Whoever writes to me from your account afterwards is somebody new."),
        _("To do it, write: **{sentence}**. Anything else leaves all as it is.", sentence=_(_SENTENCE)),
    ]
    sure: Choice = {"do": "forget", "patients": choice["patients"]}
    await session.say("\n\n".join(parts), words=_LEAVE, free=sure)


@action("forget")
async def forgotten(session: Session, choice: dict[str, Any]) -> None:
    """Only these words do it."""
    session.dialogue.drop_last()
    said = folded(plain(choice.get("text", ""))).strip(" .!“”\"'")
    if said not in {folded(_SENTENCE), folded(_(_SENTENCE))}:
        await session.say(_("Then all stays as it is. Nothing was erased."))
        return
    person = session.person
    erased = await forget_person(session.tx, session.ctx, person, _patients(choice))
    await _farewell(session, erased)
    for room in {session.room_id, *await forget_rooms(session.tx, person.id)}:
        await leave(session.tx, room, person.mxid)
    await forget_files(session.tx, person.id, person.mxid)
    await forget_dialogues(session.tx, person.id)
    session.dialogue.changed = False  # there is nobody any more for whom it could be sealed


async def _farewell(session: Session, erased: Erasure) -> None:
    """The last words wait under a key of their own, as the person has none; they say nothing of anybody."""
    words = _(
        "Done. You are forgotten here; it is final from {day} on, when the last backup of the keys has gone. Goodbye.",
        day=dated(erased.final_at, session.place),
    )
    key = f"farewell:{session.incoming.event_id}"
    reply = Reply(words, shared=True)
    await post(session.tx, session.ctx.vault, subject=new_id(), room_id=session.room_id, key=key, reply=reply)


def _patients(choice: dict[str, Any]) -> list[UUID]:
    return [UUID(each) for each in choice["patients"]]
