"""Legal holds on a patient's records: placed, listed and lifted by those who run a centre that has treated them."""
