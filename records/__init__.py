"""The second floor: what is sealed, who may read it, who did; prescriptions. Knows nothing of booking's rules."""
