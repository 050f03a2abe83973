"""Widgets, one a file: each draws lines that the render modules made."""
