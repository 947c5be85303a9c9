"""What people say to the service and what it answers: it understands, calls services, and renders what they return."""
