"""The lab's clock."""

from __future__ import annotations

EPOCH = 909_964_800
"""What the clock shows when a run begins, in seconds since 1970: 1 November 1998, the month of RFC 2409."""
