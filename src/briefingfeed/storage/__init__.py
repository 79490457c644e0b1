"""The database: SQLAlchemy Core on SQLite. SQL lives here and nowhere else.

One file per aggregate, each a set of functions that take a `Connection`; whoever calls them opens the transaction, so
that its boundaries can be read where they matter.
"""
