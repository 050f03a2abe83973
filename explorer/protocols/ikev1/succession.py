"""What becomes of a session's IPsec SAs and of its user's address when another session takes its place."""

from __future__ import annotations

from explorer.events import Role
from explorer.protocols.ikev1.session import Session


class Succession:
    """All sessions of one peer, as far as one of them follows another."""

    def __init__(self, sessions: list[Session]) -> None:
        self._sessions = sessions

    def hand_over(self, session: Session) -> None:
        """IPsec SAs outlive the ISAKMP SA that made them: another one with the same user keeps account of them."""
        kin = [s for s in self._sessions if s.phase1.up and session.phase1.up and s.whose == session.whose]
        heirs = [s for s in kin if s.usable]
        for older in kin if heirs else ():
            # Of one that has ended while its successor's user was still logging in as well.
            if older.ended:
                heirs[-1].inherit(older)
        for ended in self._sessions:
            ended.access.give_back()

    def begin_anew(self, session: Session) -> None:
        """Who knows of no older SA has lost what it had: its SAs here are of no use (RFC 2407 §4.6.3.3).

        Only of somebody who is proven by phase 1, where it comes from: a user has not logged in yet, and a key may be a
        whole group's.
        """
        if not session.access.authorized:
            return
        for older in self._sessions:
            if older is not session and older.phase1.up and older.whose == session.whose:
                older.begin_anew()

    def replace_older(self, session: Session, now: float) -> None:
        """A new ISAKMP SA with the same peer: this side drops the one that it was made to replace."""
        for older in self._sessions:
            if older.successor is session and older.phase1.up and not older.ended:
                session.inherit(older)
                older.party.link.now = now
                older.delete_isakmp(now, "replaced")

    def useless(self) -> Session | None:
        """The session that is missed least: a flood of first messages must not keep everybody else out for good."""
        # In hybrid authentication phase 1 proves nothing of the user, so anybody can bring it to its end.
        begun = [s for s in self._sessions if s.ended or (s.phase1.role is Role.RESPONDER and not s.usable)]
        # Without its session nobody would see to the end of IPsec SAs that live on.
        found = [s for s in begun if not any(s.holdings)]
        # Whoever has come further is less likely a part of the flood; of equals the oldest goes.
        return min(found, key=lambda s: (not s.ended, s.progress), default=None)
