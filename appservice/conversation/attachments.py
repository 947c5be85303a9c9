"""Files that the bot sends, made at the moment of sending, so that none of them lies anywhere in clear."""

import io
from functools import partial
from io import BytesIO
from uuid import UUID

import segno

from appservice.auditing.heads import head_key, sign
from appservice.conversation.aside import aside
from appservice.conversation.exporting import export_json, export_paper
from appservice.outgoing import Attachments, Streamed
from booking.appointments.reading import appointment
from booking.calendars.invitations import invitation
from booking.context import Context
from booking.directory.reading import centre
from booking.people.service import person_by_id
from booking.readers import reader_of
from booking.reports.files import report_csv, report_plot
from booking.reports.service import report_of
from booking.staff.inviting import code_of
from core.database import Tx
from core.lanes import HopelessError
from core.languages import of_country
from records.audit.heads import AuditBrokenError
from records.audit.proving import prove
from records.documents.papers import document_pdf
from records.documents.service import document_to_send
from records.files.service import content_to_send
from records.pharmacy.service import access_secret
from records.prescriptions.document import prescription_pdf
from records.prescriptions.rules import Status
from records.prescriptions.service import prescription_to_send
from records.signing.service import signing_picture


def attachments(ctx: Context) -> Attachments:
    """Return the makers by File.kind."""

    async def visit(tx: Tx, appointment_id: UUID, person_id: str) -> bytes:
        return await invitation(tx, ctx, UUID(person_id), await appointment(tx, appointment_id))

    async def series(tx: Tx, appointment_id: UUID, person_id: str) -> bytes:
        return await invitation(tx, ctx, UUID(person_id), await appointment(tx, appointment_id), whole=True)

    async def address(_tx: Tx, _feed_id: UUID, about: str) -> bytes:
        return qr_picture(about)

    async def copy(tx: Tx, prescription_id: UUID, *, dispensable: bool = False) -> bytes:
        """For reading; with the secret that a pharmacy needs, for the patient's side alone."""
        found = await prescription_to_send(tx, ctx.vault, prescription_id)
        at = await centre(tx, found.centre_id)
        page = f"{ctx.settings.http.public_url}/rx/{found.code}"
        can = dispensable and found.signed_by and found.status in {Status.ACTIVE, Status.ON_HOLD}
        access = await access_secret(tx, ctx.vault, found) if can else None
        beside = of_country(at.country)  # a pharmacy there reads it
        return await aside(
            partial(prescription_pdf, found, timezone=at.timezone, page=page, access=access, beside=beside)
        )

    async def prescription(tx: Tx, prescription_id: UUID) -> bytes:
        return await copy(tx, prescription_id, dispensable=True)

    async def signing(tx: Tx, key_id: UUID) -> bytes:
        picture = await signing_picture(
            tx, ctx.vault, key_id, account="signing", issuer=ctx.settings.matrix.display_name
        )
        if picture is None:
            raise HopelessError("the key is set up already, and its code is shown once")
        return picture

    async def paper(tx: Tx, document_id: UUID, *, employer: bool = False) -> bytes:
        found = await document_to_send(tx, ctx.vault, document_id)
        at = await centre(tx, found.centre_id)
        beside = of_country(at.country)  # an employer there reads it
        return await aside(partial(document_pdf, found, timezone=at.timezone, employer=employer, beside=beside))

    async def employers(tx: Tx, document_id: UUID) -> bytes:
        return await paper(tx, document_id, employer=True)

    async def stored(tx: Tx, file_id: UUID) -> Streamed:
        found, content = await content_to_send(tx, ctx.vault, file_id)
        return Streamed(found.size, content)

    async def export(tx: Tx, export_id: UUID) -> bytes:
        return await export_json(tx, ctx, export_id)

    async def paper_of_export(tx: Tx, export_id: UUID) -> bytes:
        return await export_paper(tx, ctx, export_id)

    async def plot(tx: Tx, report_id: UUID) -> bytes:
        return await aside(partial(report_plot, await report_of(tx, report_id)))

    async def table(tx: Tx, report_id: UUID) -> bytes:
        return report_csv(await report_of(tx, report_id))

    async def join(tx: Tx, invitation_id: UUID) -> bytes:
        code = await code_of(tx, ctx, invitation_id)
        if code is None:
            raise HopelessError("the invitation was taken, or is over")
        image = BytesIO()
        page = f"{ctx.settings.http.public_url}/join/{code}"
        segno.make(page, error="m", micro=False).save(image, kind="png", scale=6, border=4)
        return image.getvalue()

    async def proof(tx: Tx, person_id: UUID) -> bytes:
        """Under a head that is signed now, so that the newest entries are in it."""
        key = head_key(ctx.settings)
        if key is None:
            raise HopelessError("there is no key to sign the audit with")
        reader = await reader_of(tx, await person_by_id(tx, ctx, person_id))
        try:
            head = await sign(tx, ctx, key)
        except AuditBrokenError as broken:
            raise HopelessError("the audit is not what was signed before") from broken
        found = await prove(tx, reader, reader.own, signed=head.signed, size=head.checkpoint.size)
        return found.written().encode()

    return {
        "join": join,
        "audit proof": proof,
        "visit": visit,
        "series": series,
        "calendar address": address,
        "prescription": prescription,
        "prescription copy": copy,
        "signing": signing,
        "stored file": stored,
        "document": paper,
        "export": export,
        "export paper": paper_of_export,
        "document employer": employers,
        "report plot": plot,
        "report table": table,
    }


def qr_picture(text: str) -> bytes:
    """Return a QR code as PNG."""
    picture = io.BytesIO()
    segno.make(text, error="m").save(picture, kind="png", scale=6, border=4)
    return picture.getvalue()
