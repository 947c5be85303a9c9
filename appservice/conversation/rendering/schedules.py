"""Hours drawn back, and services with all that they are set to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from appservice.conversation.rendering.values import day, mode, span
from appservice.conversation.understanding.durations import say_length
from appservice.matrix.markdown import escape
from booking.directory.model import Patients, Payment, Resource, Service
from booking.schedules.hours import show_hours, show_week
from booking.schedules.opening import Schedule, Week
from booking.schedules.rules import Span


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
        parts.append("Dates that differ:\n\n" + "\n".join(dates))
    away = [f"- {span(start, end, schedule.zone)}" for start, end in off]
    if away:
        parts.append("Away:\n\n" + "\n".join(away))
    if schedule.holidays is not None:
        parts.append("Closed on public holidays.")
    return "\n\n".join(parts)


def _week(week: Week, today: date, name: str = "") -> str:
    since = f"from {_date(week.begins, today)}" if week.begins > today else ""
    until = f"until {_date(week.ends - timedelta(days=1), today)}" if week.ends else ""
    when = " ".join(each for each in (since, until) if each)
    whose = f"only “{escape(name)}”" if name else ""
    title = ", ".join(each for each in (whose, when) if each)
    if name and not week.spans:
        return f"{title[0].upper()}{title[1:]}: as the doctor's"
    rows = "\n".join(f"| {days} | {hours} |" for days, hours in show_week(week.spans))
    head = f"{title[0].upper()}{title[1:]}:\n\n" if title else ""
    return f"{head}| days | hours |\n|---|---|\n{rows}"


def _date(when: date, today: date) -> str:
    """Thu 24 Dec; with the year where that is not plain."""
    return day(when) if abs((when - today).days) < 300 else f"{day(when)} {when.year}"


def service_line(service: Service, resources: Sequence[Resource], language: str) -> str:
    """A service with what differs from the plain one."""
    said = [
        f"**{escape(service.name)}**, {service.minutes} minutes",
        mode(service),
        service.price.show(language) if service.price.amount else "free",
    ]
    if service.price.amount:
        said.append("at the desk" if service.payment is Payment.DESK else "paid in advance")
    if service.capacity > 1:
        said.append(f"group of {service.capacity}")
    if service.approval:
        said.append("needs approval")
    if service.patients is not Patients.ALL:
        said.append(f"for {service.patients.value} patients")
    if service.grid_minutes != service.minutes:
        said.append(f"every {service.grid_minutes} min")
    if service.buffer_before:
        said.append(f"{service.buffer_before} min before")
    if service.buffer_after:
        said.append(f"{service.buffer_after} min after")
    if service.min_notice_minutes:
        said.append(f"notice {say_length(service.min_notice_minutes)}")
    said.append(f"{service.window_days} days ahead")
    if resources:
        said.append("with " + " and ".join(escape(each.name) for each in resources))
    return ", ".join(said)
