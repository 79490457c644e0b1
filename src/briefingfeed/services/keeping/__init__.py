"""What must not be lost: keys, backups, and a database that was restored."""
