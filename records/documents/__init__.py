"""What doctors write about a visit: notes, of their own or shared with the patient, and sick notes."""
