"""Public pages: who is free when. Made on the server, without JavaScript, cookies or anything about a person."""

from booking.web.routes import routes

__all__ = ["routes"]
