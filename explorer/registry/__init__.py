"""IANA's numbers, each with its name, what it means and where it is specified."""
