"""What is waited for, in words. Pure."""

from collections.abc import Sequence
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.schedules import days_in_a_row
from appservice.conversation.rendering.values import day, moment
from appservice.matrix.markdown import escape
from booking.directory.specialties import label_of
from booking.waiting.model import Waiting
from booking.waiting.rules import LONGEST
from booking.waiting.service import Wait
from core.languages import _, enumerated, language, locale_of, ngettext

_NAMED = 3


def waited_for(each: Wait, doctors: Sequence[str], place: ZoneInfo, *, whose: str = "") -> str:
    """With whom, and between when. `doctors`: their names; `whose`: the patient's name, unless it is the reader."""
    wait = each.wait
    named = enumerated([f"**{escape(name)}**" for name in doctors[:_NAMED]], either=True)
    if len(doctors) > _NAMED:
        named += ngettext(" or {count} more", " or {count} more", len(doctors) - _NAMED)
    kinds = enumerated(sorted({label_of(service.specialty) for service in each.services}), either=True)
    hours = {
        (True, True): f", {wait.after:%H:%M} to {wait.before:%H:%M}" if wait.after and wait.before else "",
        (True, False): f", from {wait.after:%H:%M} on" if wait.after else "",
        (False, True): f", before {wait.before:%H:%M}" if wait.before else "",
        (False, False): "",
    }[wait.after is not None, wait.before is not None]
    for_whom = _(" for {whose}", whose=escape(whose)) if whose else ""
    return f"{named} ({kinds}){for_whom}, {_days(wait, place)}{hours}{_not_on(wait)}"


def _not_on(wait: Waiting) -> str:
    """The weekdays and the days that are left out."""
    names = locale_of(language()).days["format"]["abbreviated"]
    off = [names[each] for each in sorted(wait.weekdays_off)]
    for first, last in days_in_a_row(sorted(wait.days_off)):
        off.append(day(first) if first == last else _("{day} to {day2}", day=day(first), day2=day(last)))
    return _(", not on {days}", days=enumerated(off, either=True)) if off else ""


def _days(wait: Waiting, place: ZoneInfo) -> str:
    """Whole days by their names, anything else with the hour."""
    begin, end = (each.astimezone(place) for each in (wait.earliest, wait.latest))
    last = (end - timedelta(microseconds=1)).date()
    whole = end.time() == time() or end - begin >= LONGEST
    until = _("until {day}", day=day(last)) if whole else _("before {moment}", moment=moment(wait.latest, place))
    if wait.earliest <= wait.created_at:
        return until
    if whole and begin.time() == time():
        return (
            _("on {day}", day=day(last))
            if begin.date() == last
            else _("{day} to {day2}", day=day(begin.date()), day2=day(last))
        )
    return _("from {moment}, {until}", moment=moment(wait.earliest, place), until=until)
