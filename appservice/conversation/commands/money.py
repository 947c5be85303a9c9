"""What was paid: for the payer a receipt, for who runs the centre the list, and refunds by their word."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from appservice.conversation.commands.reports import a_year_before, span_before
from appservice.conversation.commands.team import centre_of
from appservice.conversation.registry import action, clinic_admin, command, runs_centres
from appservice.conversation.rendering.values import dated, dated_day, moment
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.days import HALF_A_YEAR, read_days
from appservice.conversation.understanding.terms import PAST, WHOLE
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.payments.desk import Statement, income, refund_by_word, refundable, statement
from booking.payments.disputes import Disputed, open_disputes
from booking.payments.model import Entry, Stage
from booking.payments.payouts import account_of, set_up
from core.errors import BadInputError
from core.languages import N_, _, commas, ngettext
from core.money import Money, parse_money
from core.timezones import zone

_KINDS = {
    Entry.CHARGE: "paid",
    Entry.REFUND: "refunded",
    Entry.REVERSAL: "refund that did not come about",
    Entry.DISPUTED: N_("taken back by the payer's bank"),
    Entry.REINSTATED: N_("given again by the payer's bank"),
    Entry.FEE: "the platform's fee",
    Entry.CARRIED_OUT: "carried over to the next visit",
    Entry.CARRIED_IN: "carried over from another visit",
}
_LAST = re.compile(r"\b(?:the )?(?:last|past) (?P<n>\d{1,3})? ?(?P<unit>day|week|month|year)s?\b", re.IGNORECASE)
_SHOWN = 50


@command(
    "receipt|payment|invoice|i need a receipt|i need an invoice|my bill",
    "CODE",
    help="what was paid for a visit, and what went back",
    group="Visits",
    heard=True,
)
async def receipt(session: Session, text: str) -> None:
    """One visit's money."""
    code, _ = split_code(text)
    if code is None:
        raise BadInputError("Write the visit's code too: receipt K7QM3F")
    visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
    await session.say(_receipt(session, await statement(session.tx, session.ctx, session.person, visit.id)))


def _receipt(session: Session, of: Statement) -> str:
    """No kind of doctor and no reason stand here: a receipt is handed to others."""
    visit, language, place = of.visit, session.person.language, zone(of.visit.centre.timezone)
    head = _(
        "**Receipt** for visit **{code}** on {dated}\n\n{name}, {street}, {city}\n\n",
        code=visit.code,
        dated=dated(visit.start, place),
        name=escape(visit.centre.name),
        street=escape(visit.centre.street),
        city=escape(visit.centre.city),
    )
    if not of.entries:
        nothing = _("nothing was paid by card")
        how = {
            "desk": _("to be paid at the desk"),
            "authorised": _("charged after the visit"),
            "due": _("not paid yet"),
        }
        return head + f"{visit.price.show(language)}, {how.get(visit.payment, nothing)}."
    rows = "\n".join(
        f"| {dated(each.at, place)} | {_(_KINDS.get(each.kind, each.kind.value))} | {each.amount.show(language)} |"
        for each in of.entries
    )
    return _(
        "{head}| date | what | amount |\n|---|---|---|\n{rows}\n\nTogether: **{amount}**",
        head=head,
        rows=rows,
        amount=of.left.show(language),
    )


@command(
    "payments|income|money",
    "[DAY | last month]",
    help="what came in and went back by card, with the sum",
    who=clinic_admin,
    group="Centre",
    heard=True,
    terms=PAST,
    dated=True,
)
async def payments(session: Session, text: str) -> None:
    """The centre's list; today's if no days are named."""
    words = Reading(text)
    first, last = _span(session, words)
    at = await centre_of(session, words)
    found = await income(session.tx, session.ctx, session.person, at.id, first, last)
    when = (
        dated_day(first)
        if first == last
        else _("{dated_day} to {dated_day2}", dated_day=dated_day(first), dated_day2=dated_day(last))
    )
    if not found.lines:
        await session.say(_("**{name}**, {when}: nothing came or went by card.", name=escape(at.name), when=when))
        return
    language, place = session.person.language, zone(at.timezone)
    rows = "\n".join(
        f"| {dated(each.at, place)} | {each.code} | {_(_KINDS.get(each.kind, each.kind.value))} |"
        f" {each.amount.show(language)} |"
        for each in found.lines[:_SHOWN]
    )
    more = (
        ngettext(
            "\n\n… and {count} more; name fewer days to see it.",
            "\n\n… and {count} more; name fewer days to see them.",
            len(found.lines) - _SHOWN,
        )
        if found.lines[_SHOWN:]
        else ""
    )
    sums = commas(each.show(language) for each in found.sums)
    await session.say(
        _(
            "**{name}**, {when}\n\n| date | visit | what | amount"
            " |\n|---|---|---|---|\n{rows}{more}\n\nTogether: **{sums}**",
            name=escape(at.name),
            when=when,
            rows=rows,
            more=more,
            sums=sums,
        )
    )


def _span(session: Session, words: Reading) -> tuple[date, date]:
    today = session.today
    if match := words.take(_LAST):
        return span_before(today, int(match["n"]) if match["n"] else None, match["unit"].lower())
    if words.take(re.compile(r"\bthis month\b", re.IGNORECASE)):
        return today - timedelta(days=today.day - 1), today
    days = read_days(words, today, session.person.language, past=True)
    if days is None:
        return today, today
    first, last = days.first, days.last or today
    return a_year_before(first, last) if first - today > HALF_A_YEAR else (first, last)  # in January, December


@command(
    "refund",
    "CODE AMOUNT | all",
    help="give money back for a visit, whatever the rules say",
    who=clinic_admin,
    group="Centre",
    heard=True,
    terms=WHOLE,
)
async def refund(session: Session, text: str) -> None:
    """Say what would go back, and ask."""
    code, rest = split_code(text)
    if code is None or not rest:
        raise BadInputError("Write the visit's code and how much: refund K7QM3F 20, or refund K7QM3F all")
    visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
    left = await refundable(session.tx, session.ctx, session.person, visit.id)
    whole = rest.casefold() in {"all", "everything", "full", "the rest"}
    amount = left if whole else parse_money(rest, left.currency)
    if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
        raise BadInputError("Only {left} can still be given back for that visit.", left=left.show())
    language = session.person.language
    await session.say(
        _(
            "Give back **{amount}** of {amount2} for visit **{code}**?\n\nAnswer **yes** or **no**.",
            amount=amount.show(language),
            amount2=left.show(language),
            code=visit.code,
        ),
        words={
            "yes": {"do": "refund", "visit": str(visit.id), "amount": amount.amount, "currency": amount.currency},
            "no": {"do": "keep"},
            "stop": {"do": "keep"},
        },
    )


@action("refund")
async def refund_(session: Session, choice: dict[str, Any]) -> None:
    """Give it back."""
    amount = Money(choice["currency"], choice["amount"])
    given = await refund_by_word(session.tx, session.ctx, session.person, UUID(choice["visit"]), amount)
    session.dialogue.drop_last()
    await session.say(
        _("{amount} go back. The payer is told when Stripe has sent them.", amount=given.show(session.person.language))
    )


@command(
    "disputes|chargebacks",
    help="payments that the payer's bank asks about, or has taken back",
    who=runs_centres,
    group="Centre",
    bare=True,
)
async def disputes(session: Session, text: str) -> None:
    """What is not decided yet, by the visits' codes; platform admins see those of all centres."""
    found = await open_disputes(session.tx, session.ctx, session.person)
    if not found:
        await session.say(_("No payment is disputed."))
        return
    rows = "\n".join(_disputed(session, each) for each in found)
    await session.say(_("{rows}\n\nThey are answered on Stripe's pages, by those who run this service.", rows=rows))


def _disputed(session: Session, each: Disputed) -> str:
    stage = _("asked about") if each.stage is Stage.INQUIRY else _("taken back, not decided")
    until = _(", to be answered by {moment}", moment=moment(each.due_by, session.place)) if each.due_by else ""
    return _(
        "- {amount} for visit **{code}**, {centre}: {stage}{until}",
        amount=each.amount.show(session.person.language),
        code=each.code,
        centre=escape(each.centre_name),
        stage=stage,
        until=until,
    )


@command(
    "payouts|payout",
    "[set up]",
    help="to which account your centre's payments go, and setting up your own",
    who=clinic_admin,
    group="Centre",
)
async def payouts(session: Session, text: str) -> None:
    """How it stands; with “set up”, Stripe's page comes as a message of its own."""
    words = Reading(text)
    wanted = words.take(re.compile(r"\b(?:set ?up|start|change|connect)\b", re.IGNORECASE))
    at = await centre_of(session, words)
    if wanted:
        await set_up(session.tx, session.ctx, session.person, at.id)
        await session.say(_("One moment: I send you Stripe's page, on which you set it up."))
        return
    account = await account_of(session.tx, session.ctx, session.person, at.id)
    percent = session.ctx.settings.stripe.fee_basis_points / 100
    fee = _(", less the platform's fee of {percent} %", percent=f"{percent:g}") if percent else ""
    if account is None:
        said = _(
            "patients' payments go to the platform's account. Write “payouts set up” to have them paid to your own."
        )
    elif not account.charges_enabled:
        said = _("your own account is not set up to the end. Write “payouts set up” to go on.")
    elif account.payouts_enabled:
        said = _("patients' payments go to your own account{fee}, and from there to your bank.", fee=fee)
    else:
        said = _(
            "patients' payments go to your own account{fee}; Stripe does not pay it out yet. Write"
            " “payouts set up” to see what it asks for.",
            fee=fee,
        )
    await session.say(f"**{escape(at.name)}**: {said}")
