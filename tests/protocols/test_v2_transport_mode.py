from __future__ import annotations

from v2_pair import I, R, V2Pair, changed

from explorer.events import SaInstalled


def test_both_sides_use_the_same_mode() -> None:
    pair = V2Pair(changed(I, transport=True), changed(R, transport=False)).start().pump()
    modes = [{dict(e.sa.algorithms)["mode"] for e in pair.of(SaInstalled, role) if e.sa.protocol == "ESP"}
             for role in (I, R)]
    assert modes[0] == modes[1]
