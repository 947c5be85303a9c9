"""Who reads a patient's records besides the doctors who treat them: by consent, and in an emergency."""
