"""The terminal app: a view of traces, and nothing that a trace does not say."""
