"""One file per use case. Everything a use case needs is passed in."""
