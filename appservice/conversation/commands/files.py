"""Files that are kept: listed, sent back, taken back."""

import re
from typing import Any
from uuid import UUID

from appservice.conversation.commands.filing import for_whom
from appservice.conversation.registry import Line, action, command
from appservice.conversation.rendering.files import one_line
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.session import Session
from appservice.conversation.understanding.answers import chosen, read_pick
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.whose import take_member
from appservice.outgoing import File
from booking.appointments import service as appointments
from core.errors import BadInputError, RefusedError
from core.languages import N_, _
from records.files.rules import StoredFile
from records.files.service import files_of, stored_file

_SHOWN = 30
_WHICH = re.compile(r"^(?P<number>\S+)(?:\s+(?:of )?(?P<code>.+))?$")


@command(
    "files|my files|file|attachments|documents sent",
    "[VISIT]",
    help="files that you sent or got; doctors write a visit's code for its patient's; send me a file to add one",
    group="Health",
    heard=True,
    patients=Line("Health", "[VISIT]", N_("files that you sent or got; send me a file to add one")),
)
async def files(session: Session, text: str) -> None:
    """Numbered, newest first: of oneself and one's family, or of the patient of a visit."""
    found = await _listed(session, text)
    if not found:
        await session.say(_("There are no files. Send me a picture, a PDF or a recording, and I keep it for you."))
        return
    rows = [
        one_line(each, session.place)
        + ("" if each.filed_at else _(", seen by you alone"))
        + await for_whom(session, each.patient_id)
        for each in found
    ]
    hint = _("Answer with a number to get it, or write “delete file 1”.")
    await session.say(
        f"{numbered(rows)}\n\n{hint}", choices=[{"do": "send file", "file": str(each.id)} for each in found]
    )


async def _listed(session: Session, text: str) -> list[StoredFile]:
    tx, vault, reader = session.tx, session.ctx.vault, await session.reader()
    member, text = take_member(session, text)
    code, rest = split_code(text)
    patients = sorted(reader.own & {member} if member else reader.own)
    if code:
        patients = [(await appointments.by_code(tx, session.ctx, session.person, code)).patient_id]
    elif rest:
        raise BadInputError(_("Write a visit's code to see its patient's files: files K7QM3F"))
    found = [each for patient in patients for each in await files_of(tx, vault, reader, patient)]
    return sorted(found, key=lambda each: each.sent_at, reverse=True)[:_SHOWN]


@action("send file")
async def send(session: Session, choice: dict[str, Any]) -> None:
    """It comes encrypted, as it was sent."""
    found = await stored_file(session.tx, session.ctx.vault, await session.reader(), UUID(choice["file"]))
    await session.send(File("stored file", found.id, found.name, found.mimetype))


@command("delete file|remove file", "NUMBER [VISIT]", help="take back a file that you sent", group="Health", heard=True)
async def delete(session: Session, text: str) -> None:
    """Ask before it is gone for good."""
    match = _WHICH.match(text.strip())
    pick = read_pick(match["number"]) if match else None
    if match is None or pick is None:
        raise BadInputError(_("Which one? Write its number: delete file 1. “files” lists them."))
    mine = await _listed(session, match["code"] or "")
    if not mine:
        raise BadInputError(_("There are no files."))
    one = mine[chosen(pick, len(mine))]
    if one.sender_id != session.person.id:
        raise RefusedError
    await session.say(
        _("Delete this file for good?\n\n{file}\n\nAnswer **yes** or **no**.", file=one_line(one, session.place)),
        words={"yes": {"do": "drop files", "files": [str(one.id)]}, "no": {"do": "keep"}, "stop": {"do": "keep"}},
    )
