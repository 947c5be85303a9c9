"""What a pharmacy does with a prescription: checks it, takes it on, gives out all of it or parts, hands it back."""
