"""Blind indexes: what lets rows be found by a sealed value's equality, without the value or a plain hash of it. Pure.

An index value is the beginning of an HMAC of the value in a normal form, under a key of its own for each centre, column
and normal form. So the same name has different values at two centres, and who has the database alone can neither test
guesses nor compare centres; what it leaks all the same is in docs/records.md. Eight bytes do not say for certain that
two values are the same: whoever finds a row opens what is sealed and compares that.
"""

import hmac
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.ids import id_of
from records.envelope import SubjectKey, bind

SUBJECT = id_of("records: blind indexes")
"""Whose key in the key store the indexes' keys are derived from: nothing is sealed with it. It is wrapped by the key
provider and rotated as all others are; rows that were made with an earlier one are made anew."""
_BYTES = 8


def blind(key: SubjectKey, value: str, *, centre: UUID, column: str, form: str) -> bytes:
    """The index value of `value`, which is in the normal form that `form` names; `column` is table.column."""
    info = bind(b"careconnect blind index", centre.bytes, column.encode(), form.encode())
    derived = HKDF(SHA256(), 32, salt=None, info=info).derive(key.secret)
    return hmac.digest(derived, value.encode(), sha256)[:_BYTES]
