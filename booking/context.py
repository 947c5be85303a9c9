"""What every service of this floor needs beside its transaction."""

from dataclasses import dataclass

from core.settings import Settings
from records.sealing import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """Built once, in the composition."""

    vault: Vault
    settings: Settings
