"""What one does not tolerate: stated by oneself, checked when something is prescribed."""

from appservice.conversation.registry import command
from appservice.conversation.session import Session
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.terms import NONE, WHOSE
from appservice.conversation.whose import take_member
from appservice.matrix.markdown import escape
from booking.people.service import patient_name
from core.languages import _, commas
from records.prescriptions.allergies import allergies_of, read_allergies, state_allergies


@command(
    "allergies|my allergies|allergy",
    "[WHAT, WHAT or none] [for NAME]",
    help="say what you do not tolerate; doctors are warned by it",
    group="Health",
    heard=True,
    terms=WHOSE,
)
async def allergies(session: Session, text: str) -> None:
    """Show, or state anew, for oneself or one of the family."""
    member, said = take_member(session, text, prose=True)
    patient = member or session.person.patient.id
    tx, vault, reader = session.tx, session.ctx.vault, await session.reader()
    said = said.strip(" :,")
    if in_english(said, session.person.language, NONE) == "none":
        said = "none"
    if said:
        await state_allergies(tx, vault, reader, patient, read_allergies(said))
    held = await allergies_of(tx, vault, reader, patient)
    name = escape(await patient_name(tx, session.ctx, patient))
    if held is None:
        await session.say(
            _(
                "Nothing is stated for {name} yet, so allergies are **not checked** when something is"
                " prescribed. Write “allergies penicillin, nuts”, or “allergies none”.",
                name=name,
            )
        )
        return
    await session.say(
        _(
            "Stated for {name}: **{value}**. Your doctors see it.",
            name=name,
            value=escape(commas(held)) or _("no allergies"),
        )
    )
