"""Signing: a doctor's authenticator is set up once, and each signature asks for a code of it."""

from collections.abc import Mapping
from typing import Any

from appservice.conversation.commands.team import doctor_of
from appservice.conversation.dialogue import Choice
from appservice.conversation.registry import action, clinic_admin, command, doctor
from appservice.conversation.rendering.values import dated, moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from appservice.outgoing import File
from booking.directory.signing import reset_signing
from core.errors import BadInputError
from core.languages import _
from records.signing.codes import read_code
from records.signing.service import (
    WrongCode,
    begin_signing,
    confirm_signing,
    key_of,
    unlock_signing,
)
from records.signing.signature import Signer

_STOP = {word: {"do": "signing stop"} for word in ("stop", "no")}


async def ask_for_code(
    session: Session, shown: str, then: Choice, *, others: str, words: Mapping[str, Choice] | None = None
) -> None:
    """Show what is to be signed and ask for a code; `then` is the action that gets it.

    Who cannot sign yet sets that up from here, and is shown the same again.
    """
    question = {"do": "signing ask", "shown": shown, "then": dict(then), "others": others, "words": dict(words or {})}
    if await key_of(session.tx, await session.reader()) is None:
        await session.say(
            _(
                "{shown}\n\nYou cannot sign yet. Answer **sign** to set that up now, {others}.",
                shown=shown,
                others=others,
            ),
            words={**(words or {}), "sign": {"do": "signing set up", "next": question}},
        )
        return
    await session.say(
        _(
            "{shown}\n\nTo sign this, answer with the **six digits** that your authenticator shows now; {others}.",
            shown=shown,
            others=others,
        ),
        words={**(words or {}), "sign": then},
        refine=then,
    )


@action("signing ask")
async def asked(session: Session, choice: dict[str, Any]) -> None:
    """Back to what was to be signed."""
    await ask_for_code(session, choice["shown"], choice["then"], others=choice["others"], words=choice["words"])


async def unlocked(session: Session, choice: Mapping[str, Any]) -> Signer | None:
    """The doctor's key, if the answer was a code that is taken; otherwise they are told why not, and may try again."""
    signer = await unlock_signing(session.tx, session.ctx.vault, await session.reader(), _code(choice))
    return await _taken(session, signer)


async def _taken(session: Session, signer: Signer | WrongCode) -> Signer | None:
    if isinstance(signer, Signer):
        return signer
    # An answer, not an error: an error would undo that the try was counted.
    last = session.dialogue.last
    words, refine = (last.words, last.refine) if last else (None, None)
    if signer.locked_until:
        until = moment(signer.locked_until, session.place)
        said = _("Too many wrong codes. No code is looked at before {until}; nothing was signed.", until=until)
    else:
        said = _("That code is not right, or it was used already. Nothing was signed: answer with the next one.")
    await session.say(said, words=words, refine=refine)
    return None


def _code(choice: Mapping[str, Any]) -> str:
    code = read_code(choice.get("text", ""))
    if code is None:
        raise BadInputError("To sign, answer with the six digits that your authenticator shows now.")
    return code


@command(
    "signing set up|set up signing|signing setup",
    help="set up the signing of prescriptions, notes and sick notes",
    who=doctor,
    group="Doctor",
    verified=True,
    heard=True,
)
async def set_up(session: Session, text: str) -> None:
    """A key and a QR code for the authenticator; who has one gives a code of it first."""
    if await key_of(session.tx, await session.reader()):
        await session.say(
            _(
                "You have a signing key. To replace it and its authenticator, answer with the **six"
                " digits** that it shows now; **stop** to keep it. If the phone is lost, ask whoever"
                " runs your centre to write “signing reset” and your name."
            ),
            words=_STOP,
            refine={"do": "signing replace"},
        )
        return
    await _begin(session, None, None)


@action("signing set up")
async def set_up_first(session: Session, choice: dict[str, Any]) -> None:
    """From a prescription that waits for its signature."""
    await _begin(session, None, choice["next"])


@action("signing replace")
async def replace_key(session: Session, choice: dict[str, Any]) -> None:
    """The code of the authenticator that is to go."""
    signer = await unlocked(session, choice)
    if signer:
        session.dialogue.drop_last()
        await _begin(session, signer, None)


async def _begin(session: Session, replacing: Signer | None, then: Choice | None) -> None:
    service = session.ctx.settings.matrix.display_name
    begun = await begin_signing(
        session.tx, session.ctx.vault, await session.reader(), account="signing", issuer=service, replacing=replacing
    )
    await session.say(
        _(
            "Scan the picture below with an authenticator on your phone, or open this link"
            " there:\n\n`{link}`\n\nWhoever has the picture or the link can make your codes: both are"
            " shown this once, so remove the two messages from this room when you are done. Then"
            " answer with the **six digits** that the authenticator shows.",
            link=begun.link,
        ),
        words=_STOP,
        refine={"do": "signing confirm", "next": then},
    )
    await session.send(File("signing", begun.key_id, "Signing.png", "image/png"))


@action("signing confirm")
async def confirm(session: Session, choice: dict[str, Any]) -> None:
    """The first code."""
    signer = await _taken(
        session, await confirm_signing(session.tx, session.ctx.vault, await session.reader(), _code(choice))
    )
    if signer is None:
        return
    session.dialogue.drop_last()
    await session.say(
        _(
            "You can sign now, with key `{value}`. Each signature takes a new code of the authenticator.",
            value=signer.public.hex()[:16],
        )
    )
    if choice.get("next"):
        await asked(session, choice["next"])


@action("signing stop")
async def stop(session: Session, choice: dict[str, Any]) -> None:
    """As it was."""
    session.dialogue.drop_last()
    await session.say(_("Nothing was changed."))


@command(
    "signing reset",
    "DOCTOR",
    help="end a doctor's signing key, when the phone is lost",
    who=clinic_admin,
    group="Centre",
)
async def reset(session: Session, text: str) -> None:
    """The doctor sets signing up anew; what was signed stays signed."""
    who = await doctor_of(session, Reading(text))
    if await reset_signing(session.tx, session.ctx, session.person, who.id):
        await session.say(_("The key of **{name}** signs no more. A new one: signing set up", name=escape(who.name)))
    else:
        await session.say(_("**{name}** has no signing key.", name=escape(who.name)))


@command("signing", help="whether you can sign", who=doctor, group="Doctor", bare=True)
async def signing(session: Session, text: str) -> None:
    """The key in force."""
    key = await key_of(session.tx, await session.reader())
    if key is None:
        await session.say(_("You cannot sign yet. Begin with: signing set up"))
        return
    since = dated(key.valid_from, session.place)
    await session.say(_("You sign with key `{value}` since {since}.", value=escape(key.public.hex()[:16]), since=since))
