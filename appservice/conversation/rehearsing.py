"""Trying what somebody may have meant, without doing it: what it would come to is said before they say yes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appservice.conversation.dialogue import Choice, Dialogue
from appservice.conversation.session import Session
from appservice.outgoing import File

if TYPE_CHECKING:
    from appservice.conversation.registry import Run


@dataclass
class Rehearsal(Session):
    """A turn in which nothing is said: what would have been is kept."""

    would_say: list[str] = field(default_factory=list)
    would_ask: Mapping[str, Choice] = field(default_factory=dict)
    """What the words mean that it would be answered with."""

    async def say(
        self,
        markdown: str,
        *,
        choices: Sequence[Choice] = (),
        words: Mapping[str, Choice] | None = None,
        refine: Choice | None = None,
        free: Choice | None = None,
        taps: Mapping[str, Choice] | None = None,
        kept: bool = False,
    ) -> str:
        """Keep it."""
        del choices, refine, free, taps, kept
        self.would_say.append(markdown)
        self.would_ask = words or {}
        return ""

    async def send(self, file: File) -> None:
        """No file either."""


async def rehearse(session: Session, run: "Run", text: str) -> Rehearsal:
    """Run a command and take all back that it did. Raises what it raises: then nobody needs to be asked about it."""
    before = session.dialogue
    rehearsal = Rehearsal(
        session.tx,
        session.ctx,
        session.person,
        session.incoming,
        session.room_id,
        Dialogue(before.questions, before.version),
        session.among_others,
    )
    async with session.tx.conn.begin_nested() as attempt:
        await run(rehearsal, text)
        await attempt.rollback()
    return rehearsal
