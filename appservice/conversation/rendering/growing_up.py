"""What those who kept a child's records are told when it comes of age, and takes them over. Pure."""

from core.languages import _


def of_age(patient: str, first: str) -> str:
    """What who kept a child's records is told on the day that it comes of age."""
    return _(
        "**{patient}** is of age now. You do not see their records any more; you can still book for them. {first}"
        " takes the records over from an account of their own, with a code that their clinic gives them. If {first} was"
        " at no clinic here yet, book a visit for them at any: it gives the code at the desk. What you have shared of"
        " these records is not shared any more.",
        patient=patient,
        first=first,
    )


def taken_over(patient: str, account: str) -> str:
    """What they are told when it was done."""
    return _(
        "**{patient}** has taken over the records that you kept for them, from the account {account}. You do not book"
        " for them any more, and leave the rooms of their visits. If that was somebody else, write to their clinic at"
        " once.",
        patient=patient,
        account=account,
    )
