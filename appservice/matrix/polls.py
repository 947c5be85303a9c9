"""Polls as buttons, in the form that Element shows: the unstable one of MSC3381. Pure.

https://github.com/matrix-org/matrix-spec-proposals/pull/3381
"""

import re
from collections.abc import Mapping
from typing import Any

from appservice.matrix.markdown import plain

START, RESPONSE = "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.response"
END = "org.matrix.msc3381.poll.end"
_STABLE_RESPONSE = "m.poll.response"
_TEXT = "org.matrix.msc1767.text"
_MOST = 20
_ITEM = re.compile(r"^\s*(?P<number>\d{1,2})(?:\.|\\\.) (?P<label>.+)$", re.MULTILINE)
_LONGEST = 120


def labels(markdown: str, choices: int) -> dict[str, str]:
    """Return the first line of each numbered choice of a message, by its number; none if not all are there."""
    found = {match["number"]: plain(match["label"])[:_LONGEST] for match in _ITEM.finditer(markdown)}
    wanted = [str(number) for number in range(1, min(choices, _MOST) + 1)]
    return {number: found[number] for number in wanted} if wanted and all(each in found for each in wanted) else {}


def start(question: str, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the content of a poll with one answer each. Clients without polls show it as lines of text."""
    lines = "\n".join(f"{key}. {label}" if key.isdigit() else f"• {label}" for key, label in answers.items())
    return {
        _TEXT: f"{question}\n{lines}",
        START: {
            "question": {_TEXT: question},
            "kind": "org.matrix.msc3381.poll.disclosed",
            "max_selections": 1,
            "answers": [{"id": key, _TEXT: label} for key, label in answers.items()],
        },
    }


def end(poll: str, words: str) -> dict[str, Any]:
    """Return the content of a poll's end; `words` are for clients without polls."""
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}, END: {}, _TEXT: words}


def answered(event_type: str, content: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the answer's id and the poll's event of a vote, in either form; None for anything else."""
    if event_type == RESPONSE:
        vote = content.get(RESPONSE)
        chosen = vote.get("answers") if isinstance(vote, dict) else None
    elif event_type == _STABLE_RESPONSE:
        chosen = content.get("m.selections")
    else:
        return None
    relation = content.get("m.relates_to")
    about = relation.get("event_id") if isinstance(relation, dict) else None
    if not isinstance(about, str) or not isinstance(chosen, list) or len(chosen) != 1:
        return None
    return (chosen[0], about) if isinstance(chosen[0], str) and len(chosen[0]) <= _LONGEST else None
