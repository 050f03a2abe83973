"""The one state behind all panes: where in the trace we are, and the one thing that is selected."""

from __future__ import annotations

import msgspec

from explorer.events import (
    Decrypted,
    Judged,
    Learned,
    Making,
    Received,
    Refused,
    SaInstalled,
    Sent,
    Verified,
)
from explorer.explanations import MessageWords, RefusalWords, of_message, of_refusal
from explorer.trace.model import Beat, Entry, Key, Place, Step, is_packet
from explorer.trace.trace import Trace
from explorer.tui.lines import Target
from explorer.wire.field import Field, Tree
from explorer.wire.ikev2 import IkeHeader

_COMPLAINTS = {
    "NO_PROPOSAL_CHOSEN": ("v2_sa",),
    "NO-PROPOSAL-CHOSEN": ("security_association",),
    "TS_UNACCEPTABLE": ("v2_selectors",),
    "INVALID_KE_PAYLOAD": ("v2_key_exchange.method",),
    "INVALID_MAJOR_VERSION": ("ike_header.version", "isakmp_header.version"),
    "UNSUPPORTED_CRITICAL_PAYLOAD": ("v2_opaque_payload",),
}
"""What an answer complains of: the kinds of fields, one of which is in the message."""


class Selection(msgspec.Struct, frozen=True):
    """What is selected: a place in a message, a term, or both at once when the octets are the term.

    ``sa`` is the scope of the exchange whose product is selected.
    """

    place: Place | None = None
    spec: str = ""
    key: Key | None = None
    sa: str = ""


class Spot(msgspec.Struct, frozen=True):
    """A moment and a selection, to come back to."""

    at: int
    selection: Selection
    how: bool
    layer: str
    pane: str


class Workspace:
    """Moves an index over a trace and keeps one selection; asks nothing of anybody and tells nobody."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.at = 0
        self.selection = Selection()
        self.how = False
        self.layer = "datagram"
        self.opened: dict[tuple[int, str, int, int, str], bool] = {}
        self.trail: list[Spot] = []
        self.compact = False
        self.by_event = False
        self._found: tuple[tuple[Selection, int] | None, Field | None] = (None, None)
        self._ordinals = _ordinals(trace)
        if trace.steps:
            self.go_to_message(1)

    # ---------------------------------------------------------------- where we are

    @property
    def entry(self) -> Entry:
        """The event we are at."""
        return self.trace[self.at]

    @property
    def step(self) -> Step:
        """The message we are at."""
        return self.trace.step(self.entry.step)

    @property
    def words(self) -> MessageWords | None:
        """The captions of the current message."""
        exchange, number = self._ordinals[self.step.number]
        return of_message(exchange, number, self.step.envelope.variant)

    @property
    def refusal(self) -> Refused | None:
        """What the current message is turned down with by a peer, if it is."""
        found = next((e.event for e in self.trace.refusals if e.step == self.step.number), None)
        return found if isinstance(found, Refused) else None

    def refusal_words(self, event: Refused) -> RefusalWords:
        """What a refusal of the current message means."""
        return of_refusal(event, self.step.envelope, v2=self.trace.protocol == "ikev2")

    @property
    def at_end_of_step(self) -> bool:
        """Whether the message has been made, sent and read."""
        return self.at == self.step.last

    def tree(self, layer: str | None = None) -> Tree:
        """The current message's tree of one layer; the sender's, which has every layer there is."""
        trees = self.step.envelope.trees
        wanted = layer or self.layer
        return next((tree for tree in trees if tree.buffer.name == wanted), trees[0])

    @property
    def layers(self) -> list[str]:
        """Names of the current message's buffers."""
        return [tree.buffer.name for tree in self.step.envelope.trees]

    # ---------------------------------------------------------------- moving

    def next_message(self) -> bool:
        """To the end of the next message; or of this one, if we are in the middle of it."""
        if not self.at_end_of_step:
            return self.go_to_message(self.step.number)
        return self.go_to_message(self.step.number + 1)

    def previous_message(self) -> bool:
        """To the end of the previous message."""
        return self.go_to_message(self.step.number - 1)

    def go_to_message(self, number: int) -> bool:
        """To the end of a message, with its point of interest selected."""
        if not 1 <= number <= len(self.trace.steps):
            return False
        changed = self.at != self.trace.step(number).last
        self.at = self.trace.step(number).last
        self.by_event = False
        self._select_point()
        self.trail.clear()
        self.how = False
        return changed

    def move_event(self, by: int) -> bool:
        """One event on or back, with what the event is about selected."""
        return self.go_to_event(self.at + by)

    def go_to_event(self, target: int) -> bool:
        """To an event by its index, with what it is about selected."""
        if not 0 <= target < len(self.trace):
            return False
        self.at = target
        self.trail.clear()
        self._select_event()
        self.by_event = True
        return True

    # ---------------------------------------------------------------- selecting

    def select(self, target: Target) -> None:
        """Make this the one thing that is selected."""
        if target.message and target.message != self.step.number:
            self.go_to_message(target.message)
            if target.place is None and target.key is None:
                return
        self.by_event = False
        if target.sa:
            self.selection = Selection(sa=target.sa)
        elif target.key is not None:
            self.select_key(target.key)
        elif target.place is not None:
            self.select_place(target.place, target.spec)

    def select_key(self, key: Key) -> None:
        """Select a term; where the current message carries it, its octets are selected with it."""
        here = [place for place in self.trace.links.places(key) if place.message == self.step.number]
        self.selection = Selection(here[0] if here else None, self._spec_at(here[0]) if here else "", key)
        if here:
            self.layer = here[0].buffer

    def select_place(self, place: Place, spec: str) -> None:
        """Select a field; where its octets are a term, the term is selected with it."""
        field = self._field_at(place, spec)
        place = body_of(field, place) if field is not None else place
        keys = self.trace.links.at(place)
        self.selection = Selection(place, spec, keys[0] if keys else None)
        self.layer = place.buffer

    def _field_at(self, place: Place, spec: str) -> Field | None:
        for tree in self.step.envelope.trees:
            if tree.buffer.name != place.buffer:
                continue
            for field in tree.root.walk():
                if (field.start, field.end) == (place.start, place.end) and spec in ("", field.spec.key):
                    return field
        return None

    def _spec_at(self, place: Place) -> str:
        """The field that a term's octets are: a leaf, the payload whose body they are, or any node of that range."""
        trees = [tree for tree in self.step.envelope.trees if tree.buffer.name == place.buffer]
        fields = [field for tree in trees for field in tree.root.walk()]
        same = [field for field in fields if (field.start, field.end) == (place.start, place.end)]
        leaves = [field for field in same if not field.children]
        found = [*leaves, *(field for field in fields if _is_body(field, place)), *same]
        return found[0].spec.key if found else ""

    # ---------------------------------------------------------------- opening and closing

    def is_open(self, buffer: str, field: Field) -> bool:
        """Whether a node's children are shown: chosen by hand, or forced by a selection inside, or by default."""
        key = (self.step.number, buffer, field.start, field.end, field.spec.key)
        place = self._selected_in(buffer)
        inside = (
            place is not None
            and not _is_body(field, place)
            and field.start <= place.start
            and place.end <= field.end
            and (place != self.selection.place or (place.start, place.end) != (field.start, field.end))
        )
        return inside or self.opened.get(key, _open_at_first(field, self.compact))

    def _selected_in(self, buffer: str) -> Place | None:
        """What is selected, or where in this buffer that has been decrypted from."""
        place = self.selection.place
        if place is None or place.message != self.step.number:
            return None
        while place.buffer != buffer:
            parent = self.tree(place.buffer).buffer.parent
            if parent is None:
                return None
            place = Place(place.message, parent.buffer.name, parent.start, parent.end)
        return place

    def toggle(self, buffer: str, field: Field) -> None:
        """Open a closed node, close an open one; closing it selects it."""
        was_open = self.is_open(buffer, field)
        self.opened[self.step.number, buffer, field.start, field.end, field.spec.key] = not was_open
        self.select_place(Place(self.step.number, buffer, field.start, field.end), field.spec.key)

    def selected_field(self) -> Field | None:
        """The field that is selected in the current message."""
        known = (self.selection, self.step.number)
        if self._found[0] != known:
            self._found = (known, self._find_selected())
        return self._found[1]

    def _find_selected(self) -> Field | None:
        place = self.selection.place
        if place is None or place.message != self.step.number:
            return None
        found = self._field_at(place, self.selection.spec)
        if found is not None:
            return found
        for tree in self.step.envelope.trees:
            if tree.buffer.name == place.buffer:
                return next((f for f in tree.root.walk() if _is_body(f, place)), None)
        return None

    def _select_point(self) -> None:
        """What a refusal is about, or else the field that the message's explanation is about."""
        refused = [e.event for e in self.trace.refusals if e.step == self.step.number and e.at <= self.at]
        if any(isinstance(event, Refused) and self._select_refused(event) for event in refused):
            return
        words = self.words
        if not self._select_first(words.point if words is not None else ""):
            tree = self.step.envelope.trees[-1]
            self._select_field(tree, next(tree.root.leaves()))

    def _select_refused(self, event: Refused) -> bool:
        """The payload that the answer complains of, or the field of the header that breaks the rule."""
        if self._select_first(*_COMPLAINTS.get(event.notify, ())):
            return True
        tree = self.step.envelope.trees[0]
        for field in tree.root.leaves():
            if event.offset is not None and field.start <= event.offset < field.end and "_header." in field.spec.key:
                self._select_field(tree, field)
                return True
        return False

    def _select_field(self, tree: Tree, field: Field) -> None:
        place = Place(self.step.number, tree.buffer.name, field.start, field.end)
        self.select_place(place, field.spec.key)

    def _select_event(self) -> None:
        event = self.entry.event
        links = self.trace.links
        if isinstance(event, Learned):
            self.select_key(links.key(event.term))
        elif isinstance(event, Verified):
            self.select_key(links.key(event.received))
        elif isinstance(event, Decrypted):
            self.select_key(links.key(event.key))
        elif isinstance(event, SaInstalled):
            self.selection = Selection(sa=event.sa.scope)
        elif isinstance(event, Judged):
            self._select_first("security_association", "v2_sa")
        elif isinstance(event, Sent | Received):
            self._select_point()
        elif isinstance(event, Making):
            self.selection = Selection()
        elif isinstance(event, Refused) and event.received is not None:
            self.select_key(links.key(event.received))
        elif isinstance(event, Refused):
            self._select_refused(event)

    def _select_first(self, *keys: str) -> bool:
        """The first field of one of these kinds, inside what was decrypted before the rest."""
        for tree in reversed(self.step.envelope.trees):
            for field in tree.root.walk():
                if field.spec.key in keys:
                    self._select_field(tree, field)
                    return True
        return False

    # ---------------------------------------------------------------- following

    def follow(self, pane: str = "") -> bool:
        """From a field to how its term is made, from a term in a formula on to that one."""
        if self.selection.key is None:
            return False
        self.trail.append(self._spot(pane))
        self.how = True
        return True

    def follow_key(self, key: Key, pane: str = "") -> None:
        """On to another term, remembering where we were."""
        self.trail.append(self._spot(pane))
        self.select_key(key)
        self.how = True

    def follow_place(self, place: Place, pane: str = "") -> None:
        """To the octets of a term, in whichever message they stand."""
        self.trail.append(self._spot(pane))
        trail, self.how = list(self.trail), False
        if place.message != self.step.number:
            self.go_to_message(place.message)
        self.trail = trail
        keys = self.trace.links.at(place)
        if keys:
            self.select_key(keys[0])
            self.selection = msgspec.structs.replace(self.selection, place=place, spec=self._spec_at(place))
        self.layer = place.buffer

    def back(self) -> Spot | None:
        """To where the last :meth:`follow` started; ``None`` if nothing was followed."""
        if not self.trail:
            self.how = False
            return None
        spot = self.trail.pop()
        self.at, self.selection, self.how, self.layer = spot.at, spot.selection, spot.how, spot.layer
        return spot

    def _spot(self, pane: str = "") -> Spot:
        return Spot(self.at, self.selection, self.how, self.layer, pane)

    @property
    def breadcrumb(self) -> str:
        """``message 3 › g^xi › g^xy``: the way that led here."""
        words = [f"message {self.step.number}"]
        for spot in [*self.trail, self._spot()]:
            name = spot.selection.key.symbol if spot.selection.key is not None else ""
            if name and name != words[-1]:
                words.append(name)
        # The end is what matters: where we are, and the last steps of the way here.
        return " › ".join(words if len(words) <= 3 else [words[0], "…", *words[-2:]])

    def switch_layer(self, by: int) -> bool:
        """To the next buffer of the current message."""
        layers = self.layers
        if len(layers) < 2:
            return False
        position = layers.index(self.layer) if self.layer in layers else 0
        self.layer = layers[(position + by) % len(layers)]
        return True

    @property
    def beat(self) -> Beat:
        """Which moment of the message we are at."""
        return self.entry.beat


def _open_at_first(field: Field, compact: bool) -> bool:
    """Attributes and transforms start closed: their row says what matters; a low pane closes payloads too."""
    if compact and field.spec.structure not in ("message", "esp"):
        return False
    return field.spec.structure not in ("transform", "phase1_attributes", "ipsec_attributes", "attribute")


def _is_body(field: Field, place: Place) -> bool:
    """Whether octets are a payload's body: everything after its four octets of generic header."""
    is_payload = len(field.children) > 4 and field.children[2].spec.name == "length"
    return is_payload and (field.start + 4, field.end) == (place.start, place.end)


def body_of(field: Field, place: Place) -> Place:
    """Where the term of a field stands: a payload with several fields stands for its body.

    ``SAi_b`` is the SA payload without its generic header.  Where one field is the whole body, as in a
    Nonce payload, that field stands for it, and the payload for nothing but itself.
    """
    is_payload = len(field.children) > 4 and field.children[2].spec.name == "length"
    return place._replace(start=place.start + 4) if is_payload else place


def _ordinals(trace: Trace) -> dict[int, tuple[str, int]]:
    """For each message its exchange and its position in it; what is sent again keeps its position."""
    found: dict[int, tuple[str, int]] = {}
    positions: dict[str, dict[bytes, int]] = {}
    for step in trace.steps:
        envelope = step.envelope
        scope = envelope.exchange if is_packet(step) else envelope.scope
        own = positions.setdefault(scope, {})
        front = (field.value for field in envelope.trees[0].root.children)
        head = next((value for value in front if isinstance(value, IkeHeader)), None)
        if head is not None and envelope.exchange != "IKE_SA_INIT":
            # A request is the first and its answer the second, in however many fragments each may come.
            found[step.number] = (envelope.exchange, 2 if head.response else 1)
            continue
        found[step.number] = (envelope.exchange, own.setdefault(envelope.trees[0].buffer.octets, len(own) + 1))
    return found
