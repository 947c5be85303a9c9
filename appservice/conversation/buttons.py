"""How what can be answered is shown: numbers to tap, a poll, or words alone, as the person likes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from appservice.matrix.polls import labels
from appservice.outgoing import Reply
from booking.people.rules import Buttons
from booking.people.service import Person
from core.languages import _


def asking(
    person: Person,
    markdown: str,
    choices: Sequence[Any] = (),
    words: Mapping[str, Any] | None = None,
    *,
    taps: Sequence[str] = (),
) -> Reply:
    """Return the message that asks. What emoji of its own are for (`taps`) stays so for who wants any buttons."""
    if person.buttons is Buttons.NONE:
        return Reply(markdown)
    if person.buttons is Buttons.POLLS and not taps:
        poll = labels(markdown, len(choices))
        if not choices and words and {"yes", "no"} <= words.keys():
            poll = {"yes": _("Yes"), "no": _("No")}
        if poll:
            return Reply(markdown, poll=poll)
    return Reply(markdown, choices=min(len(choices), 10), taps=tuple(taps))
