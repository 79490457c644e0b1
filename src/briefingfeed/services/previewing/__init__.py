"""What an editor sees before anything is published or sent. Nothing here sends, and nothing writes in the database."""
