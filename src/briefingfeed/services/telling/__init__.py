"""What the operator hears: notices, reports, status, and a word when nobody else would notice."""
