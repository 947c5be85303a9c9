"""One turn of a conversation: who speaks, in which room, what was being talked about; and a way to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from appservice.conversation.buttons import asking
from appservice.conversation.dialogue import Choice, Dialogue, Question
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.whereabouts import may_be_shared, read_shared
from appservice.conversation.understanding.wishes import Speaker, Wanted, read_wish
from appservice.incoming import Incoming
from appservice.matrix.reactions import plain as bare
from appservice.outgoing import File, end_poll, post, untap
from booking.context import Context
from booking.directory.places import Place
from booking.people.rules import Buttons
from booking.people.service import Person
from booking.readers import reader_of
from core.database import Tx
from core.timezones import zone
from records.access import Reader


@dataclass
class Session:
    """Handed to every command and action."""

    tx: Tx
    ctx: Context
    person: Person
    incoming: Incoming
    room_id: str
    """Where answers go: the room of the question, or the private one when that has other people in it."""
    dialogue: Dialogue
    among_others: bool = False
    """Whether what is answered may be heard by all who are in that room."""
    said: int = 0
    _wanted: dict[tuple[str, Speaker], Wanted] = field(default_factory=dict)
    _heard_where: Place | Literal[False] | None = False
    """Where the person said they are; False until somebody asks, once in a turn."""

    @property
    def place(self) -> ZoneInfo:
        """The person's time zone."""
        return zone(self.person.timezone)

    @property
    def today(self) -> date:
        """The date where the person is."""
        return self.tx.now.astimezone(self.place).date()

    @property
    def speaker(self) -> Speaker:
        names = tuple(member.name for member in self.person.family if member.name)
        if self._heard_where is False:
            self._heard_where = self._here()
        return Speaker(self.today, self.person.timezone, self.person.language, names, self._heard_where)

    def _here(self) -> Place | None:
        """Where the person said they are: in a wish that is still talked about, and nowhere else."""
        for question in reversed(self.dialogue.questions):
            for choice in (question.refine, *question.words.values()):
                for sentence in reversed((choice or {}).get("wish") or ()):
                    if may_be_shared(sentence) and (place := read_shared(Reading(sentence))):
                        return place
        return None

    def wanted(self, sentence: str) -> Wanted:
        """What a sentence wishes for, as this person means it: read once in a turn. Raises BadInputError."""
        known = (sentence, self.speaker)
        if known not in self._wanted:
            self._wanted[known] = read_wish(*known)
        return self._wanted[known]

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
        """Answer. What the answer can be answered with is remembered under its key, which is returned.

        `taps`: emoji that mean something else than the same word would; `kept`: see Question.
        """
        key = f"answer:{self.incoming.event_id}:{self.said}"
        self.said += 1
        if choices or words or refine or free or taps:
            tapped = {bare(emoji): each for emoji, each in (taps or {}).items()}
            asked = Question(key, self.tx.now, list(choices), dict(words or {}), refine, free, taps=tapped, kept=kept)
            self.dialogue.ask(asked)
        reply = asking(self.person, markdown, choices, words, taps=tuple(taps or ()))
        reply = replace(reply, shared=self.among_others, thread=self._thread, answers=self.incoming.event_id)
        await post(self.tx, self.ctx.vault, subject=self.person.id, room_id=self.room_id, key=key, reply=reply)
        return key

    @property
    def _thread(self) -> str | None:
        """What was said in a thread is answered there, unless it is answered in another room."""
        return self.incoming.thread if self.room_id == self.incoming.room_id else None

    async def answered(self, question: Question) -> None:
        """A question was answered: its poll, where the person has those, takes no vote any more."""
        if self.person.buttons is Buttons.POLLS and not question.kept:
            await end_poll(self.tx, self.room_id, question.key)

    @property
    def tapped(self) -> bool:
        """Whether the person has tapped and said nothing: what shows itself elsewhere needs no answer."""
        return self.incoming.kind == "reaction"

    async def untap(self) -> None:
        """Let the tap be tapped again."""
        if self.tapped:
            await untap(self.tx, self.incoming.room_id, self.incoming.event_id)

    async def send(self, file: File) -> None:
        """Answer with a file."""
        key = f"file:{self.incoming.event_id}:{self.said}"
        self.said += 1
        reply = replace(file, thread=self._thread, answers=self.incoming.event_id)
        await post(self.tx, self.ctx.vault, subject=self.person.id, room_id=self.room_id, key=key, reply=reply)

    async def reader(self) -> Reader:
        """The person as the records know them."""
        return await reader_of(self.tx, self.person)
