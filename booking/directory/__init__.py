"""Centres, practitioners and the services they offer; specialties and places as people name them."""
