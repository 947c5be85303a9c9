"""What the operator sets for the module, checked when Synapse starts."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class PolicyConfig(BaseModel):
    """`config:` of the module. Names are localparts: the part of a Matrix id before the colon."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keeper: str = Field(default="careconnect-keeper", min_length=1)
    """Who makes consultation rooms and owns no device; `keeper` of careConnect's [matrix]."""
    bots: str = Field(default="careconnect(-.+)?", min_length=1)
    """A regular expression of those who talk; the keeper is none of them."""
    patients_invite: Literal["staff", "anyone"] = "staff"
    """Whom those may invite who are no staff: only staff and the service, or anyone."""
    partners: frozenset[str] = frozenset()
    """Other homeservers whose people our patients may invite and be invited by: clinics' own."""
    contacts: Literal["refuse", "allow", "ignore"] = "refuse"
    """Whether people's own choice of who may invite them is held; the first two say what becomes of an invitation while
    careConnect does not answer."""
    public_rooms: bool = False
    """Whether rooms that anybody can enter or read may be made on this homeserver."""

    @field_validator("keeper")
    @classmethod
    def _no_whole_id(cls, value: str) -> str:
        if value.startswith("@") or ":" in value:
            raise ValueError("write the localpart alone, without @ and server")
        return value

    @field_validator("bots")
    @classmethod
    def _is_regex(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as broken:
            raise ValueError(f"not a regular expression: {broken}") from broken
        return value
