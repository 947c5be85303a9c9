"""Errors that speak to a person, in the language that is spoken where they are raised.

What is not one of these is a fault of ours, and is logged by its class alone.
"""

from core.languages import N_, _, language, speaking


class UserError(Exception):
    """Carries one clear sentence that says what to do.

    The sentence is kept apart from its values, so that it can be looked up in a catalogue of translations; values may
    be personal, so an error is shown to the person who caused it and never logged.
    """

    def __init__(self, sentence: str, /, **values: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.values = values
        self.language = language()

    def __str__(self) -> str:
        with speaking(self.language):
            return _(self.sentence, **self.values)


class BadInputError(UserError):
    """What was asked cannot be understood or cannot be (a price below nothing, a time in the spring gap)."""


class RefusedError(UserError):
    """This person may not do that. Says so without telling whether the thing exists."""

    def __init__(
        self, sentence: str = N_("You may not do that, or there is no such thing."), /, **values: object
    ) -> None:
        super().__init__(sentence, **values)


class ConflictError(UserError):
    """It was possible a moment ago: the time is taken, the visit is already cancelled."""


class UnavailableError(UserError):
    """Something that we lean on is away for now (payments, the homeserver)."""
