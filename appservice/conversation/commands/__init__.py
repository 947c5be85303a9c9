"""What can be said to the bot, a file for each matter. Importing this declares all of it."""

from appservice.conversation.commands import (  # noqa: F401  (declared by being imported, in the order of help)
    approving,
    basics,
    booking,
    centres,
    desk,
    doctors,
    finding,
    hours,
    money,
    offering,
    people,
    platform,
    prescribing,
    records,
    reports,
    rules,
    series,
    services,
    team,
    visits,
)
