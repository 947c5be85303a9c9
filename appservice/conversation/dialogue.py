"""What the bot and a person were talking about: the questions asked, and what each answer to them means.

Everything that can be answered is a Question under the key of the message that asked it, so that a reaction to an
older list means that list. An answer is a Choice: the name of an action and what it needs. All of it is sealed for the
person and survives restarts.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    select,
    text,
)

from core.database import Tx
from core.ids import id_of
from core.statements import Statement
from core.tables import Moment, metadata
from records.places import sealed_column
from records.sealing import ErasedError, Place, SealBrokenError, Vault

dialogue = Table(
    "dialogue",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("room_id", Text, primary_key=True),
    # Part of what the state is sealed to: an older state put back in its place does not open.
    Column("version", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

STATE = sealed_column(
    dialogue.c.sealed,
    subject=dialogue.c.person_id,
    row_of=lambda row: _row(row.person_id, row.room_id),
    version=dialogue.c.version,
)

_QUESTIONS = 8
"""How many are remembered; who answers an older one is asked anew."""
_VERSIONS = 20
"""Of a message that is edited: so many may be on their way at most while somebody answers one of them."""
_LIFETIME = timedelta(days=2)
_JUST_NOW = timedelta(minutes=15)

Choice = Mapping[str, Any]
"""`do` names the action, the rest is handed to it. JSON only."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the bot said and that can be answered."""

    key: str
    """The message's."""
    at: datetime
    choices: Sequence[Choice] = ()
    """What the numbers mean, from 1 on."""
    words: Mapping[str, Choice] = field(default_factory=dict)
    """What understanding.answers.Word means here."""
    refine: Choice | None = None
    """Tried with `text` when the answer is none of these and no command; its action may say that it makes no sense."""
    free: Choice | None = None
    """Takes any words as `text`: a question whose answer is prose. Commands need a "!" then."""

    taps: Mapping[str, Choice] = field(default_factory=dict)
    """What emoji mean that stand under it, without variation selectors; the same as a word means something else."""
    reply: Choice | None = None
    """Takes the words of a reply to this message as `text`, and nothing that is said without replying."""
    kept: bool = False
    """Whether it stays open for its whole lifetime, however much is asked after it: a list that is kept up to date."""

    formerly: Sequence[str] = ()
    """The keys under which it was said before it was edited: who replies to one of these may not have seen the edit."""

    def renamed(self, key: str) -> "Question":
        return replace(self, key=key)


class Dialogue:
    """The questions that are open between a person and the bot in a room, the newest last."""

    def __init__(self, questions: Sequence[Question] = (), version: int = 0) -> None:
        self.questions = list(questions)
        self.version = version
        self.changed = False

    @property
    def last(self) -> Question | None:
        return self.questions[-1] if self.questions else None

    def by_key(self, key: str) -> Question | None:
        return next((each for each in reversed(self.questions) if key in (each.key, *each.formerly)), None)

    def listed(self, do: str) -> Sequence[Choice]:
        """What the numbers meant in the newest list whose numbers lead to this action; empty if none is remembered."""
        lists = (each.choices for each in reversed(self.questions) if each.choices)
        return next((choices for choices in lists if all(each["do"] == do for each in choices)), ())

    def ask(self, question: Question) -> None:
        """Remember what was asked; forget what is too old to be meant."""
        open_ = [each for each in self.questions if each.key != question.key and question.at - each.at < _LIFETIME]
        open_.append(question)
        passing = [each for each in open_ if not each.kept]
        gone = {each.key for each in passing[:-_QUESTIONS]}
        self.questions = [each for each in open_ if each.key not in gone]
        self.changed = True

    def replaced(self, key: str, question: Question) -> None:
        """A message was edited, and what it asked has changed with it; one that is forgotten is passed over."""
        before = next((each for each in self.questions if each.key == key), None)
        if before:
            edited = replace(question, formerly=[*before.formerly, key][-_VERSIONS:])
            self.questions = [edited if each is before else each for each in self.questions]
            self.changed = True

    def aside(self, question: Question) -> None:
        """Remember what a notice asked. A bare number still answers what the two were talking about just now."""
        last = self.last
        self.ask(question)
        if last and last.key != question.key and question.at - last.at < _JUST_NOW:
            self.questions[-2:] = [question, last]

    def meant_by(self, word: str, question: Question) -> Choice | None:
        """What a word means as an answer: to this question, or to what a notice has asked since it was asked."""
        newer = [each for each in self.questions if each.at >= question.at and each is not question]
        return next((each.words[word] for each in (question, *reversed(newer)) if word in each.words), None)

    def drop_last(self) -> None:
        """The newest question was answered for good: the next "yes" does not mean it."""
        self.questions, self.changed = self.questions[:-1], True

    def drop_free(self) -> None:
        """The person turned to something else: no open question takes their next words for prose."""
        self.drop_if(lambda each: each.free is not None)

    def drop_times(self) -> None:
        """A time was chosen for a visit that there was: the next number takes none of a list from before."""
        self.drop_if(lambda each: any(choice["do"] in {"book", "move"} for choice in each.choices))

    def drop_if(self, over: Callable[[Question], bool]) -> None:
        """Forget the questions that are over."""
        kept = [each for each in self.questions if not over(each)]
        if len(kept) != len(self.questions):
            self.questions, self.changed = kept, True


_LOAD = Statement(
    select(dialogue.c.version, dialogue.c.sealed)
    .where(dialogue.c.person_id == bindparam("person", type_=Uuid), dialogue.c.room_id == bindparam("room", type_=Text))
    .with_for_update()
)
_SAVE = Statement(
    text("""
    INSERT INTO dialogue (person_id, room_id, version, sealed, updated_at)
    VALUES (:person, :room, :version, :sealed, :now)
    ON CONFLICT (person_id, room_id)
    DO UPDATE SET version = excluded.version, sealed = excluded.sealed, updated_at = excluded.updated_at
""").bindparams(
        bindparam("person", type_=Uuid),
        bindparam("room", type_=Text),
        bindparam("version", type_=BigInteger),
        bindparam("sealed", type_=LargeBinary),
        bindparam("now", type_=Moment()),
    )
)


async def load(tx: Tx, vault: Vault, person_id: UUID, room_id: str) -> Dialogue:
    """Return what was being talked about; a new dialogue if nothing was, or if it cannot be opened any more."""
    found = await tx.run(_LOAD, {"person": person_id, "room": room_id})
    if not found:
        return Dialogue()
    row = found[0]
    try:
        opened = json.loads(await vault.open(tx, person_id, _place(person_id, room_id, row.version), row.sealed))
    except (SealBrokenError, ErasedError):
        return Dialogue(version=row.version)
    return Dialogue([_read(each) for each in opened], row.version)


async def forget_dialogues(tx: Tx, person_id: UUID) -> None:
    """Nothing was ever talked about."""
    await tx.conn.execute(delete(dialogue).where(dialogue.c.person_id == person_id))


async def save(tx: Tx, vault: Vault, person_id: UUID, room_id: str, state: Dialogue) -> None:
    """Write it down, if it changed."""
    if not state.changed:
        return
    version = state.version + 1
    plain = json.dumps([_write(each) for each in state.questions]).encode()
    sealed = await vault.seal(tx, person_id, _place(person_id, room_id, version), plain)
    values = {"person": person_id, "room": room_id, "version": version, "sealed": sealed, "now": tx.now}
    tx.last(_SAVE, values)
    state.version, state.changed = version, False


def _place(person_id: UUID, room_id: str, version: int) -> Place:
    return STATE.place(_row(person_id, room_id), version)


def _row(person_id: UUID, room_id: str) -> UUID:
    return id_of(f"dialogue:{person_id}:{room_id}")


def _write(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "at": question.at.isoformat(),
        "choices": [dict(each) for each in question.choices],
        "words": {word: dict(each) for word, each in question.words.items()},
        "refine": question.refine and dict(question.refine),
        "free": question.free and dict(question.free),
        "taps": {emoji: dict(each) for emoji, each in question.taps.items()},
        "reply": question.reply and dict(question.reply),
        "kept": question.kept,
        **({"formerly": [*question.formerly]} if question.formerly else {}),
    }


def _read(written: dict[str, Any]) -> Question:
    """A newer version that led before us may have written more: that is passed over."""
    known = {each.name: written[each.name] for each in fields(Question) if each.name in written}
    return Question(**{**known, "at": datetime.fromisoformat(written["at"])})
