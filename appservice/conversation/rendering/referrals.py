"""Referrals in words. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import day
from appservice.matrix.markdown import escape
from booking.directory.model import Centre, Mode
from booking.directory.specialties import SPECIALTIES, label_of
from booking.referrals.model import Referral
from core.languages import _

_MODE = {Mode.ONLINE: "online", Mode.IN_PERSON: "in person"}


def target(referral: Referral, performer: str | None) -> str:
    """To whom. `performer`: the doctor's name, if the referral names one."""
    whom = f"**{escape(performer)}**, {label_of(referral.specialty)}" if performer else label_of(referral.specialty)
    how = f", {_(_MODE[referral.mode])}" if referral.mode else ""
    return f"{whom}{how}{', **urgent**' if referral.urgent else ''}"


def until(referral: Referral, place: ZoneInfo) -> str:
    """The last day on which a visit can be booked with it."""
    return _day(referral.expires_at, place)


def origin(requester: str, urgent: bool, text: str | None) -> str:  # noqa: FBT001
    """What a visit was booked with. `requester`: the name of the doctor who referred; `text`: the note."""
    return _(
        "Referred by {requester}{more}.{note}",
        requester=escape(requester),
        more=_(", **urgent**") if urgent else "",
        note=note(text),
    )


def note(text: str | None) -> str:
    """What the doctor wrote, as a quotation."""
    return "\n\n" + "\n".join(f"> {escape(line)}" for line in text.splitlines()) if text else ""


def wish(referral: Referral, performer: str | None, near: Centre) -> str:
    """The sentence that looks for what a referral is to, near the centre that it comes from."""
    how = f" {_MODE[referral.mode]}" if referral.mode else ""
    if performer:
        return f"{performer}{how}"
    return f"{SPECIALTIES[referral.specialty].label}{how}" + (
        "" if referral.mode is Mode.ONLINE else f" near {near.city}"
    )


def _day(moment: datetime, place: ZoneInfo) -> str:
    return day(moment.astimezone(place).date())
