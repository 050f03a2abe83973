"""The recording of a run: entries, steps, what each party knows when, and links between octets and terms."""
