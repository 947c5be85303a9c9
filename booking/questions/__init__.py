"""Questions between visits: a patient asks, the doctor answers, and what waits too long is told to the staff."""
