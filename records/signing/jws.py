"""Signatures as detached JWS with the payload unencoded (RFC 7515, appendix F; RFC 7797; RFC 8037), keys as JWK. Pure.

What is signed is the protected header, a full stop, and the content byte for byte: canonical JSON (RFC 8785). So a
signature stands apart from what it is over, and any JOSE library that knows `b64` checks it.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from uuid import UUID

from records.canonical import Json, canonical

CONTENT_TYPE = "application/jose"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it is kept."""

    value: bytes = field(repr=False)
    """Ed25519 (RFC 8032), 64 bytes."""
    header: str | None
    """The protected header, in base64url. None: made before there were any, over the content alone, and no JWS."""

    def over(self, content: bytes) -> bytes:
        """What the signature is over."""
        return content if self.header is None else self.header.encode() + b"." + content

    def compact(self) -> str | None:
        """The JWS in its compact form, with nothing where the content stands (RFC 7515, appendix F)."""
        return None if self.header is None else f"{self.header}..{base64url(self.value)}"


def header_of(key_id: UUID) -> str:
    """The one protected header that is written and accepted: no other algorithm, and no other key."""
    return base64url(canonical({"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": str(key_id)}))


def jwk_of(key_id: UUID, public: bytes) -> dict[str, Json]:
    """A public key as JWK (RFC 8037, 2)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(public), "kid": str(key_id), "use": "sig", "alg": "EdDSA"}


def base64url(value: bytes) -> str:
    """As JOSE writes it, without padding (RFC 7515, 2)."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()
