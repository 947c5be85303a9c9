"""Consultation rooms in words. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import clock, day, moment
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment
from booking.consultations.line import PlaceInLine
from booking.consultations.model import Guest, Role
from booking.consultations.service import Consultation
from core.languages import N_, _, ngettext

ROLES = {
    Role.FAMILY: N_("a family member"),
    Role.INTERPRETER: N_("an interpreter"),
    Role.DOCTOR: N_("another doctor"),
}


def invited(room: Consultation, place: ZoneInfo, *, ours: bool, guest: bool) -> str:
    """What is said with the invitation: who reads it, who answers by when, until when."""
    visit = room.visit
    head = _("Visit {code}: you are invited to its room, “Visit {name}”.", code=f"**{visit.code}**", name=visit.code)
    if guest:
        return f"{head} " + _("You read what is said there from now on; everybody in it sees that you are there.")
    who = _readers(room, ours=ours)
    said = [f"{head} {who}"]
    if ours:
        said += [f"- {line}" for line in handling(visit)]
    said.append(f"- {_('You can write there until {day}.', day=_day(room.closes_at, place))}")
    return f"{said[0]}\n\n" + "\n".join(said[1:])


def handling(visit: Appointment) -> list[str]:
    """Who handles a patient's questions, and by when they are answered."""
    lines = [
        _("Handled by {doctor}, {centre}", doctor=escape(visit.practitioner.name), centre=escape(visit.centre.name))
    ]
    hours = visit.centre.reply_hours
    if hours is not None:
        lines.append(
            ngettext(
                "Questions there are answered within {count} hour",
                "Questions there are answered within {count} hours",
                hours,
            )
        )
    return lines


def _readers(room: Consultation, *, ours: bool) -> str:
    if room.guests:
        return _("Only you, the other side and who was brought in can read it.")
    return _("Only you and the doctor can read it.") if ours else _("Only you and the patient can read it.")


def shown(room: Consultation, place: ZoneInfo, now: datetime, link: str) -> str:
    """A visit's room, as it stands."""
    visit = room.visit
    lines = handling(visit)
    lines += [f"{escape(guest.mxid)}: {_(ROLES[guest.role])}" for guest in room.guests]
    if now < room.opens_at:
        lines.append(_("It opens {when}", when=moment(room.opens_at, place)))
    if now < room.closes_at:
        lines.append(
            _(
                "Open for writing until {day}, erased {later}",
                day=_day(room.closes_at, place),
                later=_day(room.erased_at, place),
            )
        )
    else:
        lines.append(_("Closed: it can be read until it is erased, {day}", day=_day(room.erased_at, place)))
    head = _("The room of visit {code}", code=f"**{visit.code}**")
    return f"{link or head}\n\n" + "\n".join(f"- {line}" for line in lines)


def _day(when: datetime, place: ZoneInfo) -> str:
    return day(when.astimezone(place).date())


def brought_in(visit: Appointment, mxid: str, role: Role) -> str:
    """To the other side, with the invitation that they see in the room itself."""
    return _(
        "Visit {code}: {who} ({role}) was brought in to its room by the other side, and reads what is said there from"
        " now on. If you do not want that, say so there before they come.",
        code=f"**{visit.code}**",
        who=escape(mxid),
        role=_(ROLES[role]),
    )


def unreachable(visit: Appointment, place: ZoneInfo, *, whose: str) -> str:
    """To the clinic: somebody's homeserver does not answer. `whose`: of `whose`."""
    return _(
        "Visit {code}, {when}: {whose} homeserver does not answer, so the invitation to its room waits. It is tried"
        " again each few minutes, and nothing is lost. If the visit is soon, please reach them another way.",
        code=f"**{visit.code}**",
        when=moment(visit.start, place),
        whose=whose,
    )


def uninvited(visit: Appointment, place: ZoneInfo, *, whose: str) -> str:
    """To the clinic: somebody cannot be invited. `whose`: of `whose`."""
    return _(
        "Visit {code}, {when}: {whose} invitation to its room did not come through. Their homeserver may refuse it, and"
        " it is not tried again. Please reach them another way.",
        code=f"**{visit.code}**",
        when=moment(visit.start, place),
        whose=whose,
    )


def whose(visit: Appointment, guests: Sequence[Guest], person: UUID) -> str:
    """Say whose something is, for a sentence about one of a visit's room. Of a guest no more: not all know them."""
    if person == visit.practitioner.person_id:
        return _("the doctor's")
    return _("the guest's") if any(each.person_id == person for each in guests) else _("the patient's")


def next_in_line(visit: Appointment, expected: datetime, place: ZoneInfo, link: str) -> str:
    """To the patient who is next."""
    said = _(
        "{doctor} sees you next, at about {time}. Visit {code}.",
        doctor=escape(visit.practitioner.name),
        time=clock(expected, place),
        code=f"**{visit.code}**",
    )
    return f"{said} {link}".strip()


def in_line(where: PlaceInLine, place: ZoneInfo) -> str:
    """A patient's place in the line."""
    visit = where.visit
    if not where.waits:
        return _("Visit {code} has begun, or is over.", code=f"**{visit.code}**")
    doctor, time = escape(visit.practitioner.name), clock(where.expected, place)
    late = where.expected > visit.start
    if where.before == 0:
        said = _("{doctor} sees you next, at about {time}.", doctor=doctor, time=time)
    else:
        said = ngettext(
            "One patient is before you with {doctor}. Expected at {time}.",
            "{count} patients are before you with {doctor}. Expected at {time}.",
            where.before,
            doctor=doctor,
            time=time,
        )
    delay = " " + _("Visits run late: yours was planned for {time}.", time=clock(visit.start, place)) if late else ""
    return f"{said}{delay}"
