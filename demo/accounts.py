"""The people of the demo: who they are, and the passwords they log in with."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with an account on the demo's homeserver."""

    mxid: str
    name: str
    password: str

    @property
    def localpart(self) -> str:
        return self.mxid[1:].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Accounts:
    """One for each role. The directory (demo/seed.py) makes the doctor and the clinic admin what they are."""

    patient: Account
    doctor: Account
    clinic_admin: Account
    platform_admin: Account

    def __iter__(self) -> Iterator[tuple[str, Account]]:
        """Each role, in words, with its account."""
        for field in fields(self):
            yield field.name.replace("_", " "), getattr(self, field.name)


def new_accounts(server_name: str) -> Accounts:
    """Invent their passwords."""

    def account(localpart: str, name: str) -> Account:
        return Account(f"@{localpart}:{server_name}", name, f"{localpart.partition('.')[0]}-{secrets.token_hex(4)}")

    return Accounts(
        patient=account("anna", "Anna Weber"),
        doctor=account("dr.osei", "Dr Ama Osei"),
        clinic_admin=account("clara", "Clara Brandt"),
        platform_admin=account("paul", "Paul Reyes"),
    )
