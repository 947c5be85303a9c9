"""To whom a patient's side has opened which records, and what doctors opened themselves in an emergency."""
