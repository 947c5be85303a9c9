"""Errors that speak to a person. What is not one of these is a fault of ours, and is logged by its class alone."""


class UserError(Exception):
    """Carries one clear sentence that says what to do.

    The sentence is kept apart from its values, so that it can be looked up in a catalogue of translations; values may
    be personal, so an error is shown to the person who caused it and never logged.
    """

    def __init__(self, sentence: str, /, **values: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.values = values

    def __str__(self) -> str:
        return self.sentence.format(**self.values) if self.values else self.sentence


class BadInputError(UserError):
    """What was asked cannot be understood or cannot be (a price below nothing, a time in the spring gap)."""


class RefusedError(UserError):
    """This person may not do that. Says so without telling whether the thing exists."""

    def __init__(self, sentence: str = "You may not do that, or there is no such thing.", /, **values: object) -> None:
        super().__init__(sentence, **values)


class ConflictError(UserError):
    """It was possible a moment ago: the time is taken, the visit is already cancelled."""


class UnavailableError(UserError):
    """Something that we lean on is away for now (payments, the homeserver)."""
