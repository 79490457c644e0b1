"""Steps from one schema to the next. A new database is made whole from `schema`; a test holds both to be the same.

A step never changes once it was released. So it writes out what it makes, triggers too, although `schema` and
`triggers` have the same today: they go on, and the step must not.
"""
