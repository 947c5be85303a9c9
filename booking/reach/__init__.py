"""When a doctor can be reached, and who may write to them first."""
