"""What booking's services need besides a transaction."""

from dataclasses import dataclass

from core.settings import Settings
from records.sealing import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """Made once, by the composition."""

    vault: Vault
    settings: Settings
