"""Peers on a real network: sockets and a clock around the sans-IO rooms."""
