"""Reports for those who run a centre: what was booked, used, missed and earned. Numbers only, never a name."""
