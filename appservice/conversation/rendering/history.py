"""What happened, in words: the steps of a visit, the lines of a history. Pure."""

from appservice.conversation.rendering.documents import span
from appservice.conversation.rendering.prescriptions import state
from appservice.matrix.markdown import escape
from booking.appointments.model import Why
from core.languages import _
from records.documents.rules import DocumentStatus, SickNote
from records.files.rules import StoredFile
from records.history import Happening
from records.prescriptions.rules import Prescription

_STEPS = {
    Why.BOOKED: "booked",
    Why.HELD: "held for paying",
    Why.PAID: "paid and booked",
    Why.HOLD_OVER: "given back, as it was not paid in time",
    Why.PAYMENT_FAILED: "given back, as the payment failed",
    Why.BY_PATIENT: "cancelled",
    Why.BY_CENTRE: "cancelled",
    Why.MOVED_BY_PATIENT: "moved",
    Why.MOVED_BY_CENTRE: "moved",
    Why.CAME: "the patient has come",
    Why.STARTED: "the doctor has begun",
    Why.HANDED_OVER: "handed over to a colleague",
    Why.DONE: "done",
    Why.DID_NOT_COME: "the patient did not come",
    Why.CAME_AFTER_ALL: "the patient came after all",
    Why.ASKED: "asked for",
    Why.APPROVED: "approved",
    Why.DECLINED: "declined",
    Why.NOT_APPROVED: "given back, as nobody approved it in time",
    Why.IN_SERIES: "booked in a series",
    Why.BY_STAFF: "booked by the clinic",
    Why.OVERBOOKED: "booked by the clinic beside another visit",
    Why.OFFERED: "offered, as it was waited for",
    Why.TAKEN_UP: "taken up",
    Why.NOT_WANTED: "left to the next in line",
    Why.NOT_TAKEN_UP: "passed on, as nobody took it in time",
    Why.MISTAKE: "marked as a mistake",
    Why.DOCTOR_UNABLE: "cancelled, as the doctor cannot come",
    Why.CENTRE_CLOSED: "cancelled, as the centre is closed",
    Why.EMERGENCY: "cancelled for an emergency",
    Why.EQUIPMENT: "cancelled, as something is out of order",
    Why.PATIENT_ASKED: "cancelled, as the patient asked",
}


def step(why: Why) -> str:
    """What happened, in words; a code that is not listed stands for itself."""
    return _(_STEPS[why]) if why in _STEPS else why.value


def happened(each: Happening) -> str:
    """A line of a history."""
    one = each.about
    if isinstance(one, Prescription):
        return _(
            "prescription **{code}**: {medication}, {status}",
            code=one.code,
            medication=escape(one.draft.medication),
            status=state(one.status),
        )
    if isinstance(one, StoredFile):
        return _("file {name}", name=escape(one.note or one.name))
    if isinstance(one.content, SickNote):
        said = _("sick note **{code}**, {span}", code=one.code, span=span(one.content))
    else:
        said = _("note **{code}**", code=one.code)
    return said + (_(", withdrawn") if one.status is DocumentStatus.ENTERED_IN_ERROR else "")
