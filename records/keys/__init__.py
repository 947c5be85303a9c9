"""Keys: what wraps the subjects' keys (the providers), and the store in which these lie, wrapped.

    provider (a key of the deployment's, HashiCorp Vault, AWS KMS) -> a subject's key -> a data key for each value

A subject's key is in memory only while it is used; see `ring` for what is remembered where a provider is remote.
"""

from records.keys.model import subject_key
from records.keys.store import ErasedError

__all__ = ["ErasedError", "subject_key"]
