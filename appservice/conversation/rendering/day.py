"""A day's visits as a list that is kept up to date: each has its number for as long as the list is shown. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.lists import state
from appservice.conversation.rendering.values import clock, day, mode, moment
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment
from booking.appointments.rules import Status
from booking.day.service import Day
from core.languages import _


def day_board(
    shown: Day, numbers: Sequence[UUID], names: Mapping[UUID, str], place: ZoneInfo, *, doctors: bool, moves: bool
) -> str:
    """Draw the list. `numbers`: the visits in the order of their numbers; `names`: of the patients.

    `doctors`: with the doctor's name; `moves`: whether what can be done with it is said.
    """
    head = f"**{day(shown.day)}**"
    if not shown.visits:
        return f"{head}\n\n" + _("No visits.")
    number = {visit: n for n, visit in enumerate(numbers, 1)}
    lines = [
        # Not Markdown's numbers, which would count anew.
        f"{number[each.id]}\\. {_line(each, shown, names[each.patient_id], place, doctors)}"
        for each in shown.visits
    ]
    if not moves:
        return f"{head}\n\n" + "\n".join(lines)
    hint = _(
        "A number takes a visit a step on: arrived, under way, done. “next” or ▶️ calls the next patient, 🚫 or"
        " “no-show 2” notes who did not come, “late 20” tells those who wait."
    )
    return f"{head}\n\n" + "\n".join(lines) + f"\n\n{hint}"


def _line(each: Appointment, shown: Day, name: str, place: ZoneInfo, doctors: bool) -> str:  # noqa: FBT001
    who = f"**{escape(name)}**"
    if each.start.astimezone(place).date() != shown.day:
        return _(
            "{patient}, visit {code}: moved to {when}", patient=who, code=each.code, when=moment(each.start, place)
        )
    if doctors:
        who = _("{patient} with {doctor}", patient=who, doctor=escape(each.practitioner.name))
    said = f"{clock(each.start, place)}-{clock(each.end, place)} {who}, "
    said += _("visit {code}", code=each.code) + f", {mode(each.service)}, {state(each)}"
    if each.started_at and each.status is Status.ARRIVED:
        said += " " + _("since {time}", time=clock(each.started_at, place))
    if expected := shown.expected.get(each.id):
        said += ", " + _("told to expect it at {time}", time=clock(expected, place))
    return said
