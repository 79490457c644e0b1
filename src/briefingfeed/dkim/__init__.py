"""DKIM signatures of our own (RFC 6376): the key, the header field, and the record that others check it by.

Only for mails that nobody signs later: most relays do. RSA and SHA-256, `c=relaxed/simple`, never `l=`.
"""
