"""A doctor's authenticator, as a phone has it: set up by the link that the bot shows, then a code a signature."""

import asyncio
import re
import time

import pyotp

from demo.client import PATIENCE, Person

_STEP = 30
_LINK = re.compile(r"otpauth://[^\s`]+")


class Authenticator:
    """Makes codes, none of them twice."""

    def __init__(self, link: str) -> None:
        otp = pyotp.parse_uri(link)
        assert isinstance(otp, pyotp.TOTP)
        self._otp = otp
        self._used = 0

    @classmethod
    async def set_up(cls, doctor: Person, room: str, *, seconds: float = PATIENCE) -> "Authenticator":
        """Set the signing of a doctor up in their room with the bot."""
        told = await doctor.ask(room, "signing set up", "otpauth://", seconds)
        link = _LINK.search(told.body)
        assert link
        made = cls(link[0])
        await doctor.ask(room, await made.code(), "can sign now", seconds)
        return made

    async def code(self) -> str:
        """Return a code that was not given out before. The one of the half minute that comes is taken early."""
        step = max(int(time.time()) // _STEP, self._used + 1)
        await asyncio.sleep(max(0.0, (step - 1) * _STEP - time.time() + 0.5))
        self._used = step
        return str(self._otp.generate_otp(step))
