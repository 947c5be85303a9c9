"""The waiting list: a time that comes free is offered to the next in line."""
