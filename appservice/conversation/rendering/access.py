"""Who looked, what is shared, in plain words. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import clock, dated, day
from core.languages import N_, _, commas, ngettext
from records.access import SHAREABLE, Kind
from records.audit.looks import Look
from records.audit.rules import Action, Why

_KINDS = {
    Kind.PRESCRIPTION: N_("prescriptions"),
    Kind.NOTE: N_("notes"),
    Kind.REFERRAL: N_("referrals"),
    Kind.SICK_NOTE: N_("sick notes"),
    Kind.ATTACHMENT: N_("files"),
    Kind.ALLERGIES: N_("allergies"),
    Kind.HISTORY: N_("history"),
    Kind.REASON: N_("reasons for visits"),
}
_TABLES = {
    "prescription": N_("prescriptions"),
    "renewal": N_("requests for renewal"),
    "allergy_list": N_("allergies"),
    "document": N_("notes and sick notes"),
    "file": N_("files"),
    "appointment": N_("the reason for a visit"),
    "referral": N_("a referral's note"),
    "question": N_("questions to doctors"),
    "pharmacy_claim": N_("that a pharmacy takes a prescription on"),
    "pharmacy_dispense": N_("what a pharmacy gave out"),
    "consent": N_("what is shared"),
    "export_request": N_("all of it, for an export"),
    "emergency_access": N_("an emergency access"),
    "audit_event": N_("who looked"),
    "subject_key": N_("the key of the records"),
    "patient": N_("the name, to find visits by it"),
    "legal_hold": N_("a legal hold"),
    "signing_key": N_("a doctor's signing key"),
    "handover": N_("a code to take the records over, and taking them over"),
}
_DID: dict[str, str] = {Action.READ: N_("read"), Action.WRITE: N_("wrote"), Action.ERASE: N_("erased")}
_WHY: dict[str, str] = {
    Why.OWN: N_("as their own"),
    Why.GUARDIAN: N_("as one who speaks for the patient"),
    Why.CARE: N_("as a doctor who treats, or treated"),
    Why.CONSENT: N_("as it was shared with them"),
    Why.EMERGENCY: N_("in an emergency"),
    Why.DELIVERY: N_("to send what was asked for"),
    Why.PHARMACY: N_("with the code of the paper"),
    Why.REQUEST: N_("on request"),
}


def kinds(which: Iterable[Kind]) -> str:
    """prescriptions, allergies"""
    named = {*which}
    if named >= SHAREABLE:
        return _("everything")
    return commas(_(word) for kind, word in _KINDS.items() if kind in named)


def until(end: datetime | None, place: ZoneInfo) -> str:
    """until 1 Jan 2027: the last day, as the end is the midnight after it."""
    return _("until {day}", day=dated(end - timedelta(seconds=1), place)) if end else _("until it is stopped")


def look(one: Look, place: ZoneInfo, *, who: str, whose: str) -> str:
    """One line: the day, who, what, why, how often."""
    when, last = day(one.last.astimezone(place).date()), clock(one.last, place)
    table = _(_TABLES.get(one.table, one.table))
    did = _(_DID.get(one.action, one.action))
    line = _("{day}, {time}: **{who}** {did} {what}", day=when, time=last, who=who, did=did, what=table) + whose
    line += f" ({_(_WHY[one.why])})" if one.why in _WHY else ""
    return line + (", " + ngettext("once", "{count} times", one.count) if one.count > 1 else "")
