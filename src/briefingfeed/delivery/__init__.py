"""Claim, arm, submit, record: how an edition reaches each subscriber at most once."""
