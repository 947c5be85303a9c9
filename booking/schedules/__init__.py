"""When somebody can be visited: weekly hours, time off, what is taken, and the free times that follow."""
