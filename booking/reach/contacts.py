"""Whom a person lets write to them first; kept by the service, and told to the homeserver's module on its asking."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from booking.directory.model import centre_admin, practitioner
from booking.people.model import person as people
from booking.people.service import Person
from booking.reach.model import contact_exception, contact_rule
from booking.reach.rules import EVERYBODY, Contacts, Group, check_exceptions, checked_whom
from core.database import Tx


async def contacts_of(tx: Tx, person_id: UUID) -> Contacts:
    """Return what a person has chosen."""
    rule = await tx.conn.execute(select(contact_rule.c.allow_all).where(contact_rule.c.person_id == person_id))
    found = await tx.conn.execute(select(contact_exception.c.whom).where(contact_exception.c.person_id == person_id))
    allow_all = rule.scalar_one_or_none()
    return Contacts(EVERYBODY.allow_all if allow_all is None else allow_all, frozenset(found.scalars()))


async def choose(tx: Tx, actor: Person, *, allow_all: bool) -> Contacts:
    """Let everybody write first, or nobody; what were exceptions to the other rule are none to this."""
    before = await contacts_of(tx, actor.id)
    values = {"allow_all": allow_all}
    await tx.conn.execute(
        insert(contact_rule)
        .values(person_id=actor.id, **values)
        .on_conflict_do_update(index_elements=[contact_rule.c.person_id], set_=values)
    )
    if before.allow_all is allow_all:
        return before
    await tx.conn.execute(delete(contact_exception).where(contact_exception.c.person_id == actor.id))
    return Contacts(allow_all, frozenset())


async def let_in(tx: Tx, actor: Person, whom: str, *, allowed: bool) -> Contacts:
    """Let somebody write first, or keep them out, whatever the rule is. `whom`: see rules.checked_whom.

    Raises BadInputError.
    """
    before, wanted = await contacts_of(tx, actor.id), checked_whom(whom)
    if before.allow_all is allowed:  # as the rule has it: no exception
        await tx.conn.execute(
            delete(contact_exception).where(
                contact_exception.c.person_id == actor.id, contact_exception.c.whom == wanted
            )
        )
        return replace(before, exceptions=before.exceptions - {wanted})
    check_exceptions(len(before.exceptions | {wanted}))
    await tx.conn.execute(insert(contact_exception).values(person_id=actor.id, whom=wanted).on_conflict_do_nothing())
    return replace(before, exceptions=before.exceptions | {wanted})


async def may_contact(tx: Tx, mxid: str, by: str) -> bool:
    """Whether the person behind one Matrix id lets the one behind another write to them, or invite them, first.

    Who is not known here has chosen nothing.
    """
    found = await tx.conn.execute(select(people.c.id).where(people.c.mxid == mxid))
    person_id = found.scalar_one_or_none()
    if person_id is None:
        return True
    return (await contacts_of(tx, person_id)).allows(by, await groups_of(tx, by))


async def groups_of(tx: Tx, mxid: str) -> frozenset[Group]:
    """Return what somebody is here: staff of some centre, or a patient."""
    person_id = select(people.c.id).where(people.c.mxid == mxid).scalar_subquery()
    staff = (
        select(centre_admin.c.person_id)
        .where(centre_admin.c.person_id == person_id)
        .union(select(practitioner.c.person_id).where(practitioner.c.person_id == person_id))
    )
    works = (await tx.conn.execute(staff.limit(1))).first() is not None
    return frozenset({Group.STAFF if works else Group.PATIENTS})
