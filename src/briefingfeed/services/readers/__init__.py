"""Subscribers: who they are, how they come and leave, and what comes back from their addresses."""
