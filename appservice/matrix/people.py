"""What the Matrix floor asks of the rest: who somebody is, and whose a visit is (answered by registry.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from core.database import Tx
from records.sealing import Vault


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose consultation room it is."""

    code: str
    stands: bool
    """Whether it is going to happen, as far as anybody knows now."""
    patient_side: dict[UUID, str]
    """Matrix ids by person of the patient, or of those who care for them."""
    doctor_side: dict[UUID, str]
    """The doctor's; empty while they have no account."""
    guests: dict[UUID, str] = field(default_factory=dict)
    """Of those who were brought in: family, interpreters, a second doctor."""
    clinic: Sequence[UUID] = ()
    """Who is told on the clinic's side: the doctor, the centre's admins."""

    @property
    def team(self) -> dict[str, str]:
        """Roles by Matrix id."""
        sides = ((self.guests, "guest"), (self.patient_side, "patient"), (self.doctor_side, "practitioner"))
        return {mxid: role for side, role in sides for mxid in side.values()}


@dataclass(frozen=True, slots=True)
class Staff:
    """Who works at a centre."""

    centre: str
    """Its name."""
    accounts: dict[UUID, str]
    """Matrix ids by person."""


class People(Protocol):
    """Who is who."""

    @property
    def vault(self) -> Vault: ...

    async def person_of(self, tx: Tx, mxid: str, display_name: str | None = None) -> UUID:
        """Return the id of the person with this account; one who is new is made."""
        ...

    async def language(self, tx: Tx, mxid: str) -> str:
        """Return the tag of the language in which to speak to the person with this account."""
        ...

    async def account(self, tx: Tx, person_id: UUID) -> str | None:
        """Return a person's Matrix id, or None if there is no such person."""
        ...

    async def staff(self, tx: Tx, centre_id: UUID) -> Staff:
        """Return the centre and those who work there."""
        ...

    async def may_contact(self, tx: Tx, mxid: str, by: str) -> bool:
        """Whether somebody lets another write to them, or invite them, first."""
        ...

    async def visit(self, tx: Tx, appointment_id: UUID) -> Visit:
        """Return the visit and the accounts of all who belong to it."""
        ...

    async def all_staff(self, tx: Tx) -> set[str]:
        """Return the accounts of all doctors and of those who run centres or the platform."""
        ...

    async def may_be_erased(self, tx: Tx, appointment_id: UUID) -> bool:
        """Whether no legal hold keeps a visit's room; none is placed until the transaction ends."""
        ...
