"""Puts a built tree in the place of the one before it, whole or not at all."""

from briefingfeed.output.publishing import Published, alone, publish

__all__ = ["Published", "alone", "publish"]
