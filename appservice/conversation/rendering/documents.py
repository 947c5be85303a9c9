"""Notes and sick notes in words. Pure."""

from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import dated, dated_day
from appservice.matrix.markdown import escape
from appservice.outgoing import File
from core.languages import _, ngettext
from records.documents.rules import Document, DocumentStatus, SickNote

_SHORT = 60


def one_line(one: Document, place: ZoneInfo) -> str:
    """One line of a list."""
    if isinstance(one.content, SickNote):
        said = _("Sick note **{code}**, {span}", code=one.code, span=span(one.content))
    else:
        said = _("Note **{code}**: {beginning}", code=one.code, beginning=escape(_beginning(one.content.text)))
    line = f"{said}, {escape(one.practitioner_name)}, {dated(one.created_at, place)}"
    if one.status is DocumentStatus.ENTERED_IN_ERROR:
        line += _(", withdrawn")
    elif one.shared_at is None:
        line += _(", not shared")
    return line


def full(one: Document, place: ZoneInfo) -> str:
    """All of it."""
    head = _("Sick note") if isinstance(one.content, SickNote) else _("Note")
    lines = [f"{head} **{one.code}**, {escape(one.patient_name)}", content(one)]
    if one.status is DocumentStatus.ENTERED_IN_ERROR:
        lines.append(_("**Withdrawn as a mistake**: {why}", why=escape(one.why)))
    if one.version > 1 and one.status is DocumentStatus.AMENDED:
        lines.append(_("Changed {day}, version {version}.", day=dated(one.changed_at, place), version=one.version))
    lines.append(f"{escape(one.practitioner_name)}, {escape(one.centre_name)}, {dated(one.created_at, place)}")
    return "\n\n".join(lines)


def content(one: Document) -> str:
    """What was written."""
    if isinstance(one.content, SickNote):
        return sick_note(one.content)
    return quoted(one.content.text)


def quoted(text: str) -> str:
    """A note's words."""
    return "\n".join(f"> {escape(line)}" for line in text.splitlines())


def sick_note(said: SickNote) -> str:
    """What a sick note says, as a list."""
    rows = [
        _("Cannot: **{activity}**", activity=escape(said.activity))
        if not said.limits
        else _("**{activity}** in part: {limits}", activity=escape(said.activity), limits=escape(said.limits)),
        f"{span(said)} ({ngettext('{count} day', '{count} days', said.days)})",
    ]
    if said.diagnosis:
        rows.append(_("Diagnosis, not on the employer's copy: {diagnosis}", diagnosis=escape(said.diagnosis)))
    return "\n".join(f"- {row}" for row in rows)


def span(said: SickNote) -> str:
    """1 Dec 2026 to 4 Dec 2026"""
    if said.first == said.last:
        return dated_day(said.first)
    return _("{first} to {last}", first=dated_day(said.first), last=dated_day(said.last))


def news(one: Document, place: ZoneInfo) -> str:
    """What the patient is told when it is written, shared, changed or withdrawn."""
    tail = _("It follows as a PDF; “documents” lists all of yours.")
    if isinstance(one.content, SickNote):
        tail = _("It follows as two PDFs: yours, and a copy for the employer that does not say why.")
    return f"{full(one, place)}\n\n{tail}"


def papers(one: Document, *, own: bool) -> list[File]:
    """Its files; the employer's copy of a sick note is for the patient to pass on."""
    name = _("Sick note") if isinstance(one.content, SickNote) else _("Note")
    files = [File("document", one.id, f"{name} {one.code}.pdf", "application/pdf")]
    if own and isinstance(one.content, SickNote):
        copy = _("{name} {code}, copy for the employer.pdf", name=name, code=one.code)
        files.append(File("document employer", one.id, copy, "application/pdf"))
    return files


def _beginning(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= _SHORT else f"{line[:_SHORT].rstrip()}…"
