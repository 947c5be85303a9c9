"""Collect every sentence that people read, and bring the catalogues in `core/locale` up to date with them.

    python -m core.make_catalogues

What a catalogue lacks is left empty, to be translated; what nobody says any more goes. A test compares the catalogues
with the sentences, so that none is forgotten. Babel's own extraction knows no words of a command's help.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jinja2
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from core.languages import HEARD, LOCALES

_ROOT = Path(__file__).parent.parent
_FLOORS = ("appservice", "booking", "records", "core")
_SAYS = {"_", "N_", "said"}
"""The last is that of a paper, which says it in two languages."""
_DECLARES = {"help", "group"}
_LABELLED = {"_specialty": (1,), "_reason": (1,), "checked_text": (1,), "within": (3, 4)}
"""Which arguments of these are labels that people read."""
_WORDS = {"_specialty": 3, "_reason": 3}
"""Which arguments of these are words that people say for it."""

Sentence = str | tuple[str, str]
"""What is said, or what is said of one and of many."""


def sentences() -> dict[Sentence, list[tuple[str, int]]]:
    """Return every sentence in the sources, with where it is said."""
    found: dict[Sentence, list[tuple[str, int]]] = {}
    for floor in _FLOORS:
        for file in sorted((_ROOT / floor).rglob("*.py")):
            tree = ast.parse(file.read_text("utf-8"))
            constants = _constants(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    for sentence in _said(node, constants):
                        where = (str(file.relative_to(_ROOT)), node.lineno)
                        found.setdefault(sentence, []).append(where)
        for page in sorted((_ROOT / floor).rglob("templates/*.html")):
            for line, sentence in _shown(page.read_text("utf-8")):
                found.setdefault(sentence, []).append((str(page.relative_to(_ROOT)), line))
    return found


def heard_words() -> dict[str, list[tuple[str, int]]]:
    """Return the words that people of each language say in their own, with where they are declared."""
    found: dict[str, list[tuple[str, int]]] = {}
    for floor in _FLOORS:
        for file in sorted((_ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (words := _heard(node)):
                    found.setdefault(words, []).append((str(file.relative_to(_ROOT)), node.lineno))
    return found


def _heard(call: ast.Call) -> str | None:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    place = 0 if name in {"H_", "command"} else _WORDS.get(name)
    if place is None or len(call.args) <= place:
        return None
    if name == "command" and not _is_everyday(call):
        return None
    words = call.args[place]
    return str(words.value) if isinstance(words, ast.Constant) and words.value else None


def _is_everyday(command: ast.Call) -> bool:
    """Whether a command is said in each language, and what follows its words named in it."""
    return any(word.arg == "heard" for word in command.keywords)


def _shown(page: str) -> Iterator[tuple[int, str]]:
    """What a page's template says: `{{ _("...") }}`."""
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for line, _function, sentence in environment.extract_translations(page, ("_",)):  # type: ignore[attr-defined]
        if isinstance(sentence, str):
            yield line, sentence
        elif sentence and isinstance(sentence[0], str):
            yield line, sentence[0]


def _constants(tree: ast.Module) -> dict[str, list[str]]:
    """What a module writes down at its top by name: `_(NAME)` and `_(NAME[...])` say one of these."""
    found: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict | ast.Constant):
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            texts = [each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            for target in [node.target] if isinstance(node, ast.AnnAssign) else node.targets:
                if isinstance(target, ast.Name) and texts:
                    found[target.id] = texts
    return found


def _said(call: ast.Call, constants: Mapping[str, Sequence[str]]) -> Iterator[Sentence]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    texts = [each.value if isinstance(each, ast.Constant) else None for each in call.args]
    if name == "ngettext" and len(texts) >= 2 and isinstance(texts[0], str) and isinstance(texts[1], str):
        yield texts[0], texts[1]
    elif texts and isinstance(texts[0], str) and (name in _SAYS or _is_user_error(name)):
        yield texts[0]
    elif call.args and (name in _SAYS or _is_user_error(name)):
        for part in ast.walk(call.args[0]):
            if isinstance(part, ast.Name):
                yield from constants.get(part.id, ())
    for place in _LABELLED.get(name, ()):
        label = texts[place] if len(texts) > place else None
        if isinstance(label, str):
            yield label
    if name == "command":
        for word in call.keywords:
            if word.arg in _DECLARES and isinstance(word.value, ast.Constant) and word.value.value:
                yield str(word.value.value)
        if _is_everyday(call) and len(texts) > 1 and isinstance(texts[1], str):
            yield texts[1]


def _is_user_error(name: str) -> bool:
    """An error whose first argument is read by people (core.errors), or the head of one of its kinds."""
    return name in {"UserError", "BadInputError", "RefusedError", "ConflictError", "UnavailableError", "__init__"}


def template() -> Catalog:
    """Return all sentences, and all words that are heard, without a translation."""
    catalog = Catalog(project="careConnect", charset="utf-8", fuzzy=False)
    for sentence, where in sentences().items():
        catalog.add(sentence, locations=where)
    for words, where in heard_words().items():
        catalog.add(words, locations=where, context=HEARD)
    return catalog


def main() -> None:
    """Update each catalogue, and say what it lacks."""
    wanted = template()
    for file in sorted(LOCALES.glob("*/LC_MESSAGES/careconnect.po")):
        code = file.parent.parent.name
        with file.open("rb") as written:
            catalog = read_po(written, locale=code)
        # Not with the hour of today: what two people change at once would conflict in it each time.
        catalog.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        with file.open("wb") as anew:
            write_po(anew, catalog, width=120, sort_output=True, ignore_obsolete=True, include_lineno=False)
        lacking = sum(1 for message in catalog if message.id and not _translated(message))
        sys.stdout.write(f"{code}: {lacking} of {len(catalog)} to be translated\n")


def _translated(message: Message) -> bool:
    return bool(message.string) if isinstance(message.string, str) else all(message.string or [""])


if __name__ == "__main__":
    main()
