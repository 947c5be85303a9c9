"""The directory: centres, the practitioners who work there, the services that they offer; specialties and places."""
