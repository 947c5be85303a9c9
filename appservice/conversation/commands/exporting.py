"""Everything that is held on oneself, on one's own word, as files that come here, encrypted."""

import re
from typing import Any
from uuid import UUID

from appservice.conversation.registry import action, command
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.values import dated_day
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from appservice.outgoing import File
from core.languages import _, commas, ngettext
from records.export.service import Release, ask_export
from records.files.service import files_of

_R4 = re.compile(r"\b(?:fhir )?r4\b", re.IGNORECASE)


@command(
    "export|export my data|my data|download my data",
    "[R4]",
    help="all that is held on you, to read and for other systems (FHIR R5, or R4)",
    group="Health",
    heard=True,
)
async def export(session: Session, text: str) -> None:
    """Say what it is, and ask whose."""
    release = Release.R4 if _R4.search(text) else Release.R5
    own, reader = session.person.patient, await session.reader()
    wards = [each for each in session.person.family if each.id in reader.own]
    said = _(
        "I send you all that I hold on you: visits, prescriptions, notes, files, who looked, settings, and what we were"
        " just talking about; as a PDF to read, and as FHIR {release} for other systems. It comes into this chat,"
        " encrypted. Keep it safe: whoever has these files can read them.",
        release=release.value,
    )
    mine = {"do": "export", "patients": [str(own.id)], "release": release}
    leave = {"do": "keep"}
    if not wards:
        ask = _("Answer **yes** or **no**.")
        await session.say(f"{said}\n\n{ask}", words={"yes": mine, "no": leave, "stop": leave})
        return
    names = commas(escape(each.name or _("a patient")) for each in wards)
    rows = [_("Mine"), _("Mine, and what is held on {names}", names=names)]
    rows += [_("Only what is held on {name}", name=escape(each.name or _("a patient"))) for each in wards]
    choices = [mine, mine | {"patients": [str(own.id), *(str(each.id) for each in wards)]}]
    choices += [mine | {"patients": [str(each.id)]} for each in wards]
    ask = _("Answer with a number, or **no**.")
    await session.say(
        f"{said}\n\n{numbered(rows)}\n\n{ask}", choices=choices, words={"yes": mine, "no": leave, "stop": leave}
    )


@action("export")
async def exported(session: Session, choice: dict[str, Any]) -> None:
    """Confirmed: the two files, then one by one what people sent."""
    reader, patients = await session.reader(), [UUID(each) for each in choice["patients"]]
    asked = await ask_export(session.tx, reader, patients, Release(choice["release"]))
    files = [each for patient in patients for each in await files_of(session.tx, session.ctx.vault, reader, patient)]
    session.dialogue.drop_last()
    what = _("The PDF and the FHIR file follow.")
    if files:
        what = ngettext(
            "The PDF and the FHIR file follow, and then {count} file that was sent.",
            "The PDF and the FHIR file follow, and then {count} files that were sent.",
            len(files),
        )
    await session.say(what)
    name = _("careConnect {day}", day=dated_day(session.today))
    await session.send(File("export paper", asked.id, f"{name}.pdf", "application/pdf"))
    await session.send(File("export", asked.id, f"{name} (FHIR {asked.release.value}).json", "application/fhir+json"))
    for each in files:
        await session.send(File("stored file", each.id, each.name, each.mimetype))
