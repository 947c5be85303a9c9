"""Signatures of doctors over what they write: keys, the second factor that unlocks them, signatures as JWS."""
