"""Writing records in batches, so that one bad record never stops the rest.

Source: HubSpot API reference, batch endpoints. A batch with a bad value is refused as a whole
(400) unless each input carries its own trace id; then the answer is 207 and names the bad ones.
Where a batch is refused all the same, it is divided until only the bad record is left out.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connector.base import Record, Refusal
from connector.hubspot.door import Door
from connector.hubspot.kinds import KEY
from connector.hubspot.objects import Objects
from connector.hubspot.refusals import (
    CallRefused,
    RecordLocked,
    details,
    is_passing,
    named_records,
    own_refusal,
    refusal,
)

BATCH = 100

Json = dict[str, Any]
Inputs = Mapping[str, Json]  # by trace id
Send = Callable[[list[Json], bool], Json]  # inputs, whether to be patient; the answer

# faults of a property, not of a value: every record that carries it would be refused
_PROPERTY_FAULTS = ("PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE")
_BUG = "Invalid input JSON"


@dataclass
class Delivered:
    """What became of inputs, by trace id; those in neither were passed over in silence."""

    results: dict[str, Json] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)

    def add(self, other: "Delivered") -> None:
        """Take over what became of other inputs."""
        self.results |= other.results
        self.refused |= other.refused


class Writer:
    """Writes records of one account."""

    def __init__(self, door: Door, objects: Objects) -> None:
        self._door = door
        self._objects = objects

    def update(
        self, kind: str, changes: Mapping[str, Record], *, purpose: str = "write"
    ) -> dict[str, Refusal]:
        """See `connector.base.Crm.update`; more than 100 records take several calls."""
        inputs, refused = _inputs(changes)
        for start in range(0, len(inputs), BATCH):
            some = dict(list(inputs.items())[start : start + BATCH])
            done = self._update(kind, some, purpose)
            silent = [i for i in some if i not in done.results and i not in done.refused]
            if silent:
                alive = self._objects.read(kind, silent, (KEY,))
                done.add(self._update(kind, {i: some[i] for i in silent if i in alive}, purpose))
                done.refused |= {
                    i: _unconfirmed(i, gone=i not in alive)
                    for i in silent
                    if i not in done.results and i not in done.refused
                }
            refused |= done.refused
        return refused

    def _update(self, kind: str, inputs: Inputs, purpose: str) -> Delivered:
        def send(rows: list[Json], patient: bool) -> Json:
            operation = self._door.library.batches.update
            body = {"inputs": rows}
            return self._door.call(operation, kind, body, purpose=purpose, patient=patient)

        done = deliver(send, inputs)
        for record_id, item in list(done.results.items()):
            if str(item.get("id")) != record_id:  # HubSpot wrote to the survivor of a merge
                del done.results[record_id]
                done.refused[record_id] = _unconfirmed(record_id, gone=True)
        return done


def deliver(
    send: Send, inputs: Inputs, key: str = KEY, *, patient: bool = True, last: bool = False
) -> Delivered:
    """Send inputs as one batch, and again in parts when it is refused as a whole.

    send  repeating it must do no harm; it raises connector.errors
    key   property of the result that equals the trace id, should HubSpot not repeat that
    last  what HubSpot cannot take just now is refused, not sent again
    """
    if not inputs:
        return Delivered()
    rows = [entry | {"objectWriteTraceId": trace} for trace, entry in inputs.items()]
    try:
        answer = send(rows, patient)
    except RecordLocked as error:
        if len(inputs) == 1:
            locked = own_refusal("RECORD_LOCKED", str(error))
            return Delivered(refused=dict.fromkeys(inputs, locked))
        return _halves(send, inputs, key, patient=False)  # it has been waited for
    except CallRefused as error:
        return _divided(send, inputs, key, error)
    done = Delivered()
    for item in answer.get("results") or ():
        known = (item.get("properties") or {}).get(key) or item.get("id")
        trace = str(item.get("objectWriteTraceId") or known)
        if trace in inputs:
            done.results[trace] = item
    return _with_errors(send, inputs, key, done, answer.get("errors") or (), last)


def written(value: Any) -> str:
    """A value as HubSpot takes it: text; empty text clears. ValueError for NaN and infinity."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number")
        return format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    return str(value)


def _inputs(changes: Mapping[str, Record]) -> tuple[dict[str, Json], dict[str, Refusal]]:
    inputs: dict[str, Json] = {}
    refused: dict[str, Refusal] = {}
    for record_id, fields in changes.items():
        properties: dict[str, str] = {}
        for name, value in fields.items():
            try:
                properties[name] = written(value)
            except ValueError as error:
                refused[record_id] = own_refusal("NOT_A_NUMBER", str(error), fields=(name,))
        if record_id not in refused:
            inputs[record_id] = {"id": record_id, "properties": properties}
    return inputs, refused


def _divided(send: Send, inputs: Inputs, key: str, error: CallRefused) -> Delivered:
    """Find out which inputs a refused batch was refused for; the others are sent again."""
    content = error.content
    if _BUG in str(content.get("message", "")):
        raise error
    if len(inputs) == 1:
        return Delivered(refused=dict.fromkeys(inputs, refusal(content)))
    bad = named_records(content) & inputs.keys()
    if not bad:
        faulty = {d.field for d in details(content) if d.code in _PROPERTY_FAULTS}
        bad = {t for t, entry in inputs.items() if faulty & entry["properties"].keys()}
    if not bad:
        return _halves(send, inputs, key)
    done = Delivered(refused=dict.fromkeys(bad, refusal(content)))
    done.add(deliver(send, {t: entry for t, entry in inputs.items() if t not in bad}, key))
    return done


def _halves(send: Send, inputs: Inputs, key: str, *, patient: bool = True) -> Delivered:
    rows = list(inputs.items())
    middle = len(rows) // 2
    done = deliver(send, dict(rows[:middle]), key, patient=patient)
    done.add(deliver(send, dict(rows[middle:]), key, patient=patient))
    return done


def _with_errors(
    send: Send,
    inputs: Inputs,
    key: str,
    done: Delivered,
    errors: Sequence[Mapping[str, Any]],
    last: bool,
) -> Delivered:
    """Add what the errors of a multi-status answer say; what may pass is sent once more."""
    unnamed: list[Mapping[str, Any]] = []
    waiting: set[str] = set()
    for error in errors:
        named = named_records(error) & (inputs.keys() - done.results.keys())
        if not named:
            unnamed.append(error)
        elif is_passing(error) and not last:
            waiting |= named
        else:
            done.refused |= dict.fromkeys(named, refusal(error))
    known = done.results.keys() | done.refused.keys() | waiting
    left = {trace: entry for trace, entry in inputs.items() if trace not in known}
    if unnamed and len(left) == 1:
        done.refused |= dict.fromkeys(left, refusal(unnamed[0]))
    elif unnamed and left:
        done.add(_halves(send, left, key))
    done.add(deliver(send, {trace: inputs[trace] for trace in waiting}, key, last=True))
    return done


def _unconfirmed(record_id: str, *, gone: bool) -> Refusal:
    if gone:
        return own_refusal("OBJECT_NOT_FOUND", f"{record_id} is no longer there", gone=True)
    return own_refusal("NO_ANSWER", f"the answer does not mention {record_id}")
