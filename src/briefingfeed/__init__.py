"""A folder of Markdown posts becomes feeds, a small site, and a weekly email digest that nobody gets twice."""

__version__ = "0.1.0"
