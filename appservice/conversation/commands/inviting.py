"""Inviting people to work somewhere; verifying doctors; who is listed."""

import json
import re
from typing import Any
from uuid import UUID

from appservice.conversation.commands.team import added_doctor, centre_of, doctor_of
from appservice.conversation.registry import action, command, platform_admin, runs_centres, runs_or_treats
from appservice.conversation.session import Session
from appservice.conversation.staff_news import WAY_IN
from appservice.conversation.understanding.arguments import take_mxid, take_slug
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.directory.model import Practitioner
from booking.directory.service import confirm_account, list_practitioner
from booking.directory.specialties import label_of
from booking.people.service import mxids_of
from booking.staff import inviting
from booking.staff.claiming import Claim, open_claim, open_claims, refuse_claim
from booking.staff.model import Invitation, Role
from booking.staff.verifying import to_verify, verify
from core.errors import BadInputError, ConflictError
from core.languages import _, commas
from core.outbox import Work, put

_MINE = re.compile(r"\b(?:me|myself|us)\b", re.IGNORECASE)


@command(
    "invite doctor",
    '"NAME" SPECIALTY speaks LANGUAGES [@ID]',
    help='invite a doctor to your centre: invite doctor "Dr Ama Osei" cardiology speaks en, de @osei:example.org;'
    " without an account you get a code and a QR code to hand on; invite doctor dr.weber for one who is in your list",
    who=runs_centres,
    group="Centre",
)
async def invite_doctor(session: Session, text: str) -> None:
    """A new doctor, or one of the list who has no account yet."""
    words = Reading(text)
    mxid, slug = take_mxid(words), take_slug(words)
    at = await centre_of(session, words)
    if slug:
        doctor = await doctor_of(session, Reading(slug))
    else:
        doctor = await added_doctor(session, words, at, None)
    made, code = await inviting.invite_doctor(session.tx, session.ctx, session.person, at.id, doctor, mxid)
    await _invited(session, made, code, mxid, doctor.name)


@command(
    "invite admin",
    "[@ID] [to CENTRE]",
    help="invite somebody to run your centre with you; without an account you get a code and a QR code to hand on",
    who=runs_centres,
    group="Centre",
)
async def invite_admin(session: Session, text: str) -> None:
    """By account, or by a code."""
    words = Reading(text)
    mxid = take_mxid(words)
    at = await centre_of(session, words)
    made, code = await inviting.invite_admin(session.tx, session.ctx, session.person, at.id, mxid)
    await _invited(session, made, code, mxid, at.name)


@command(
    "registration token|registration",
    help="a token, a page and a QR code with which somebody gets an account on this homeserver",
    who=runs_centres,
    group="Centre",
    bare=True,
)
async def registration(session: Session, text: str) -> None:
    """For somebody without an account; nothing else follows from it."""
    made, code = await inviting.new_account(session.tx, session.ctx, session.person)
    await _invited(session, made, code, None, "")


async def _invited(session: Session, made: Invitation, code: str, mxid: str | None, name: str) -> None:
    if not code:
        said = _("I have invited {mxid}; you hear what they answer.", mxid=escape(mxid or ""))
        if made.role is Role.DOCTOR:
            said = _(
                "**{name}**: I have invited {mxid}; you hear what they answer.",
                name=escape(name),
                mxid=escape(mxid or ""),
            )
        await session.say(said)
        return
    payload = json.dumps({"invitation": str(made.id)}).encode()
    await put(session.tx, [Work(WAY_IN, f"person:{session.person.id}", f"{WAY_IN}:{made.id}", payload)])
    await session.say(_("One moment: I send you a code and a QR code to hand on."))


@action("accept invitation")
async def accept(session: Session, choice: dict[str, Any]) -> None:
    """The one who is invited says yes."""
    found = await inviting.accept(session.tx, session.ctx, session.person, UUID(choice["invitation"]))
    session.dialogue.drop_last()
    await _joined(session, found)


@action("decline invitation")
async def decline(session: Session, choice: dict[str, Any]) -> None:
    """Or no."""
    await inviting.decline(session.tx, session.ctx, session.person, UUID(choice["invitation"]))
    session.dialogue.drop_last()
    await session.say(_("Declined. Who invited you is told."))


@command("join", "CODE", help="take up an invitation that you have the code of", heard=True)
async def join(session: Session, text: str) -> None:
    """By the code that was handed on."""
    await _joined(session, await inviting.join(session.tx, session.ctx, session.person, text))


async def _joined(session: Session, found: Invitation) -> None:
    if found.practitioner_id:
        doctor = await reading.practitioner(session.tx, found.practitioner_id)
        if doctor.person_id != session.person.id:
            await session.say(
                _(
                    "Thank you. **{name}** is verified already, so those who run this service look first whether that"
                    " is you. They know, and I tell you what they say.",
                    name=escape(doctor.name),
                )
            )
            return
        said = _("Welcome, **{name}**. “help doctor” shows what you can do here.", name=escape(doctor.name))
        if not doctor.verified:
            said += " " + _(
                "Patients can book you once those who run this service have verified who you are; they know."
            )
        await session.say(said)
    elif found.centre_id:
        at = await reading.centre(session.tx, found.centre_id)
        await session.say(_("You run **{centre}** now. “help centre” shows what you can do.", centre=escape(at.name)))
    else:
        await session.say(_("Welcome. Tell me which kind of doctor you need, or write “help”."))


@command("verify", "DOCTOR", help="say that a doctor is who they are said to be", who=platform_admin, group="Platform")
async def verify_(session: Session, text: str) -> None:
    """From now on they can be booked, and prescribe."""
    await _verify(session, text, verified=True)


@command("unverify", "DOCTOR", help="take it back: nobody can book them any more", who=platform_admin, group="Platform")
async def unverify(session: Session, text: str) -> None:
    """What is booked stays."""
    await _verify(session, text, verified=False)


async def _verify(session: Session, text: str, *, verified: bool) -> None:
    meant = await doctor_of(session, Reading(text))
    claimed = await open_claim(session.tx, meant.id) if verified and session.person.platform_admin else None
    if claimed:
        await _confirm(session, claimed)
        return
    done = await verify(session.tx, session.ctx, session.person, meant.id, verified=verified)
    name = escape(done.name)
    await session.say(
        _(
            "**{name}** ({account}) is verified: can be booked, and can prescribe. They are told.",
            name=name,
            account=await _account(session, done),
        )
        if verified
        else _("**{name}** is not verified any more. Visits that are booked stay. They are told.", name=name)
    )


async def _confirm(session: Session, claimed: Claim) -> None:
    """The account that a centre named for a verified doctor is shown once more before it is theirs."""
    await session.say(
        _(
            "**{name}** is to be {mxid}, says {by}. Whoever has that account then signs as this doctor and reads what"
            " their patients told them. Is it theirs? Answer **yes** or **no**.",
            name=escape(claimed.doctor.name),
            mxid=escape(claimed.mxid),
            by=escape(claimed.asked_by),
        ),
        words={
            "yes": {"do": "confirm account", "doctor": str(claimed.doctor.id), "mxid": claimed.mxid},
            "no": {"do": "refuse account", "doctor": str(claimed.doctor.id), "mxid": claimed.mxid},
        },
    )


@action("confirm account")
async def confirmed(session: Session, choice: dict[str, Any]) -> None:
    """It is theirs, if it is still the one that was shown."""
    session.dialogue.drop_last()
    await _same(session, choice)
    done = await confirm_account(session.tx, session.ctx, session.person, UUID(choice["doctor"]))
    await session.say(_("**{name}** is {mxid}. They are told.", name=escape(done.name), mxid=escape(choice["mxid"])))


@action("refuse account")
async def refused(session: Session, choice: dict[str, Any]) -> None:
    """It is not: nothing was linked."""
    session.dialogue.drop_last()
    await _same(session, choice)
    done = await refuse_claim(session.tx, session.ctx, session.person, UUID(choice["doctor"]))
    name, mxid = escape(done.doctor.name), escape(done.mxid)
    await session.say(_("Then **{name}** is not {mxid}: nothing was linked. They are told.", name=name, mxid=mxid))


async def _same(session: Session, choice: dict[str, Any]) -> None:
    """Raises ConflictError when another account was named meanwhile."""
    claimed = await open_claim(session.tx, UUID(choice["doctor"]))
    if session.person.platform_admin and (claimed is None or claimed.mxid != choice["mxid"]):
        raise ConflictError("That has changed meanwhile. “unverified” lists what waits.")


async def _account(session: Session, doctor: Practitioner) -> str:
    if doctor.person_id is None:
        return _("no account yet")
    return escape((await mxids_of(session.tx, [doctor.person_id]))[doctor.person_id])


@command("unverified", help="doctors who wait to be verified", who=platform_admin, group="Platform", bare=True)
async def unverified(session: Session, text: str) -> None:
    """With what they are said to be, and where."""
    found = await to_verify(session.tx, session.ctx, session.person)
    rows = []
    for each in found:
        at = commas(escape(one.name) for one in await reading.centres_of(session.tx, each.id))
        what = commas(label_of(code) for code in each.specialties)
        account = await _account(session, each)
        rows.append(f"- **{escape(each.name)}** ({each.slug}), {what}, {at}, {account}")
    rows += [
        "- "
        + _(
            "**{name}** ({slug}) is verified, and is to be {mxid}, says {by}",
            name=escape(each.doctor.name),
            slug=each.doctor.slug,
            mxid=escape(each.mxid),
            by=escape(each.asked_by),
        )
        for each in await open_claims(session.tx, session.person)
    ]
    if not rows:
        await session.say(_("Nobody waits to be verified."))
        return
    await session.say("\n".join(rows) + "\n\n" + _("“verify” and the short name says that you have looked."))


@command(
    "list|list me",
    "[me|DOCTOR]",
    help="have everybody find you when they look for a doctor",
    who=runs_or_treats,
    group="Doctor",
)
async def list_me(session: Session, text: str) -> None:
    """Be found by everybody."""
    await _list(session, text, listed=True)


@command(
    "unlist|unlist me",
    "[me|DOCTOR]",
    help="be found only by those who were with you before, and by referral",
    who=runs_or_treats,
    group="Doctor",
)
async def unlist_me(session: Session, text: str) -> None:
    """Be found by those alone whom one knows."""
    await _list(session, text, listed=False)


async def _list(session: Session, text: str, *, listed: bool) -> None:
    words = Reading(text)
    words.take(_MINE)
    if not words.words() and session.person.practitioner_id is None:
        raise BadInputError("Which doctor? Write the short name, like dr.osei; “doctors” lists them.")
    meant = await doctor_of(session, words)
    done = await list_practitioner(session.tx, session.ctx, session.person, meant.id, listed=listed)
    name = escape(done.name)
    await session.say(
        _("**{name}** is listed: everybody finds them who looks for a doctor.", name=name)
        if listed
        else _("**{name}** is not listed: only those who were there before still find them.", name=name)
    )
