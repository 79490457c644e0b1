"""Post -> Atom, RSS, JSON Feed. The only user of feedgen."""
