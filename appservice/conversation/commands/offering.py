"""What patients look for a centre and a service by, and reach it: insurances, wheelchairs, phone, visit reasons."""

import re

from appservice.conversation.commands.team import centre_of, doctor_of
from appservice.conversation.registry import command, runs_centres
from appservice.conversation.rendering.values import spoken
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_quoted
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.directory.reasons import reason_in, reason_label
from booking.directory.service import edit_centre, edit_service
from core.errors import BadInputError
from core.languages import _, commas

_NONE = {"none", "no", "nothing", "-"}
_PHONE = re.compile(r"\+?[\d(][\d ()/.\-]{2,38}")


@command(
    "centre accepts|center accepts",
    "INSURANCES",
    help="the insurances that your centre accepts: centre accepts AOK, TK",
    who=runs_centres,
    group="Centre",
)
async def accepts(session: Session, text: str) -> None:
    """All that there are, in place of those before."""
    words = Reading(text)
    at_centre = await centre_of(session, words)
    names = [name.strip() for name in re.split(r"[,;|]|\band\b", words.rest) if name.strip()]
    if not names:
        raise BadInputError("Write which: centre accepts AOK, TK. Or: centre accepts none")
    wanted = () if {name.casefold() for name in names} <= _NONE else tuple(names)
    edited = await edit_centre(session.tx, session.ctx, session.person, at_centre.id, insurances=wanted)
    accepted = commas(escape(name.upper()) for name in edited.insurances) or _("no insurance by name")
    await session.say(_("{name} accepts {accepted}.", name=escape(edited.name), accepted=accepted))


@command(
    "centre phone|center phone",
    "NUMBER",
    help="the phone number that patients are told: centre phone +49 30 1234567",
    who=runs_centres,
    group="Centre",
)
async def phone(session: Session, text: str) -> None:
    """The one that there is, in place of that before."""
    words = Reading(text)
    at_centre = await centre_of(session, words)
    number = words.rest.strip()
    none = number.casefold() in _NONE
    if not none and not _PHONE.fullmatch(number):
        raise BadInputError("Write it like: centre phone +49 30 1234567. Or: centre phone none")
    edited = await edit_centre(session.tx, session.ctx, session.person, at_centre.id, phone="" if none else number)
    name = escape(edited.name)
    await session.say(
        _("{name} has no phone number.", name=name)
        if none
        else _("Patients are told to call {name} at {number}.", name=name, number=escape(edited.phone))
    )


@command(
    "centre accessible|center accessible",
    "yes|no",
    help="whether your centre can be used in a wheelchair: centre accessible yes",
    who=runs_centres,
    group="Centre",
)
async def accessible(session: Session, text: str) -> None:
    """Yes or no."""
    words = Reading(text)
    said = words.take(re.compile(r"^(?P<word>yes|no)\b", re.IGNORECASE))
    if not said:
        raise BadInputError("Write yes or no: centre accessible yes")
    at_centre = await centre_of(session, words)
    can = said["word"].lower() == "yes"
    edited = await edit_centre(session.tx, session.ctx, session.person, at_centre.id, accessible=can)
    await session.say(
        _("{name} can be used in a wheelchair.", name=escape(edited.name))
        if can
        else _("{name} can not be used in a wheelchair.", name=escape(edited.name))
    )


@command(
    "service reasons",
    'DOCTOR "NAME" REASONS|all',
    help='what a service is for: service reasons dr.osei "Heart check-up" ecg, check-up',
    who=runs_centres,
    group="Centre",
)
async def reasons(session: Session, text: str) -> None:
    """All that there are, in place of those before; all: whatever its specialty is seen for."""
    words = Reading(text)
    who, name = await doctor_of(session, words), take_quoted(words)
    found = [
        each
        for each in await reading.services_of(session.tx, who.id)
        if name and each.name.casefold() == name.casefold()
    ]
    if not found:
        raise BadInputError("Which service? “services DOCTOR” lists them; write its name in quotes.")
    written = [piece.strip() for piece in re.split(r"[,;|]", words.rest) if piece.strip()]
    if not written:
        raise BadInputError('Write what it is for: service reasons dr.osei "Heart check-up" ecg, check-up')
    codes: list[str] = []
    for piece in written if written != ["all"] else ():
        reason = reason_in(piece)
        if reason is None:
            raise BadInputError("I don't know the reason {words}.", words=piece[:40])
        codes.append(reason.code)
    for each in found:
        await edit_service(session.tx, session.ctx, session.person, each.id, reasons=tuple(codes))
    for_what = spoken([reason_label(code) for code in codes], either=False) or _("whatever its specialty is seen for")
    await session.say(
        _(
            "**{name}** of {name2} is for {for_what}.",
            name=escape(found[0].name),
            name2=escape(who.name),
            for_what=for_what,
        )
    )
