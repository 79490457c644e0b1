"""Markdown files with front matter become `Post`s."""
