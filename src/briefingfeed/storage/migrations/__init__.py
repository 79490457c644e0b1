"""Steps from one schema to the next. A new database is made whole from `schema`; a test holds both to be the same."""
