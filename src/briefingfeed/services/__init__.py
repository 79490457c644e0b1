"""One file per use case, in groups. Everything a use case needs is passed in."""
