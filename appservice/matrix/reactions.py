"""Numbers as reactions: 1️⃣ to 🔟, what the bot puts under its lists and what people tap. Pure."""

_VARIATION = "\ufe0f"
_KEYCAP = "\u20e3"
NUMBERS = (*(f"{n}{_VARIATION}{_KEYCAP}" for n in range(1, 10)), "🔟")
_SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))


def plain(key: str) -> str:
    """Return an emoji without variation selector and skin tone, so that 👍🏽 is 👍. Element's picker adds U+FE0F."""
    return key.replace(_VARIATION, "").translate(_SKIN_TONES).strip()


def number_of(key: str) -> str | None:
    """Return "1" to "10" for a number, as an emoji or in digits; None for anything else."""
    bare = plain(key).removesuffix(_KEYCAP)
    if bare == "🔟":
        return "10"
    return bare if bare in {str(n) for n in range(1, 11)} else None
