"""What comes back: where mails are fetched from, and what each of them reports."""
