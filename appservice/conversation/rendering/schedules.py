"""Hours drawn back, and services with all that they are set to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from appservice.conversation.rendering.values import day, minutes, mode, span
from appservice.conversation.understanding.durations import say_length
from appservice.matrix.markdown import escape
from booking.directory.model import Patients, Payment, Resource, Service
from booking.schedules.hours import show_hours, show_week
from booking.schedules.opening import Schedule, Week
from booking.schedules.rules import Span
from core.languages import _, commas, enumerated, ngettext


def drawn(schedule: Schedule, today: date, services: Mapping[UUID, str], off: Iterable[Span]) -> str:
    """The week in force and those that begin later, of the doctor and of services; dates that differ; time off."""
    weeks = list(schedule.weeks_from(today)) or [Week((), today)]
    parts = [_week(week, today) for week in weeks]
    for service_id, name in services.items():
        if service_id in schedule.services:
            own = [_week(week, today, name) for week in schedule.weeks_from(today, service_id)]
            parts += own
    dates = [f"- {_date(when, today)}: {show_hours(hours)}" for when, hours in sorted(schedule.dates.items())]
    if dates:
        parts.append(_("Dates that differ:\n\n") + "\n".join(dates))
    away = [f"- {span(start, end, schedule.zone)}" for start, end in off]
    if away:
        parts.append(_("Away:\n\n") + "\n".join(away))
    if schedule.holidays is not None:
        parts.append(_("Closed on public holidays."))
    return "\n\n".join(parts)


def _week(week: Week, today: date, name: str = "") -> str:
    since = _("from {date}", date=_date(week.begins, today)) if week.begins > today else ""
    until = _("until {date}", date=_date(week.ends - timedelta(days=1), today)) if week.ends else ""
    when = " ".join(each for each in (since, until) if each)
    whose = _("only “{name}”", name=escape(name)) if name else ""
    title = commas(each for each in (whose, when) if each)
    if name and not week.spans:
        return _("{upper}{title}: as the doctor's", upper=title[0].upper(), title=title[1:])
    rows = "\n".join(f"| {days} | {hours} |" for days, hours in show_week(week.spans))
    head = f"{title[0].upper()}{title[1:]}:\n\n" if title else ""
    return _("{head}| days | hours |\n|---|---|\n{rows}", head=head, rows=rows)


def _date(when: date, today: date) -> str:
    """Thu 24 Dec; with the year where that is not plain."""
    return day(when) if abs((when - today).days) < 300 else f"{day(when)} {when.year}"


def days_in_a_row(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return the first and the last day of each stretch. `days`: in order."""
    found: list[tuple[date, date]] = []
    for each in days:
        if found and each - found[-1][1] == timedelta(days=1):
            found[-1] = found[-1][0], each
        else:
            found.append((each, each))
    return found


def days_line(first: date, last: date) -> str:
    """Wed 23 Dec 2026 to Thu 24 Dec 2026; one day alone as itself."""
    until = "" if first == last else _(" to {day} {year}", day=day(last), year=last.year)
    return f"{day(first)} {first.year}{until}"


def service_line(service: Service, resources: Sequence[Resource], language: str) -> str:
    """A service with what differs from the plain one."""
    said = [
        f"**{escape(service.name)}**, {minutes(service.minutes)}",
        mode(service),
        service.price.show(language) if service.price.amount else _("free"),
    ]
    if service.price.amount:
        said.append(_("at the desk") if service.payment is Payment.DESK else _("paid in advance"))
    if service.capacity > 1:
        said.append(_("group of {capacity}", capacity=service.capacity))
    if service.approval:
        said.append(_("needs approval"))
    if service.patients is not Patients.ALL:
        said.append(_("for new patients") if service.patients is Patients.NEW else _("for known patients"))
    if service.grid_minutes != service.minutes:
        said.append(_("every {grid_minutes} min", grid_minutes=service.grid_minutes))
    if service.buffer_before:
        said.append(_("{buffer_before} min before", buffer_before=service.buffer_before))
    if service.buffer_after:
        said.append(_("{buffer_after} min after", buffer_after=service.buffer_after))
    if service.min_notice_minutes:
        said.append(_("notice {say_length}", say_length=say_length(service.min_notice_minutes)))
    said.append(ngettext("{count} day ahead", "{count} days ahead", service.window_days))
    if resources:
        said.append(_("with {resources}", resources=enumerated([escape(each.name) for each in resources])))
    return commas(said)
