"""One delivery: what it holds, with answers fetched where only ids came. Nothing is stored here."""

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

import structlog

from feedback.configure import configured
from feedback.decode import decode
from feedback.providers import PROVIDERS
from feedback.reading import answer_of, events_of
from feedback.shapes import Answer, Delivery, Event, Provider, Unreadable
from jobs.surveytools import NotYet, SurveyTool
from jobs.wiring import House
from store import hooks
from store.models import Hook, RawEvent
from store.secrets import Vault

log = structlog.get_logger()

# seconds until a delivery is tried again; after the last one it is a dead letter
BACKOFF = (5, 15, 60, 300, 1800, 7200, 21600)


@dataclass
class Source:
    """A source as one run reads it."""

    hook: Hook
    provider: Provider
    secrets: hooks.HookSecrets
    tool: SurveyTool | None = None

    def fetch(self, path: str) -> Any:
        """What the tool's API has at `path`. Raises NotYet and Unreadable."""
        if self.tool is None:
            self.tool = SurveyTool(self.provider, self.hook.settings, self.secrets.api)
        return self.tool.get(path)


@dataclass
class Read:
    """What a delivery turned out to hold; answers and deletions by our response id."""

    event: RawEvent
    source: Source | None = None
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    state: str = "done"
    problem: str | None = None
    again: timedelta | None = None


class Reader:
    """Reads deliveries of one run: sources are opened once, a path of an API is asked once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._sources: dict[int, Source | str] = {}
        self._fetched: dict[tuple[int, str], Any] = {}

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        for source in self._sources.values():
            if isinstance(source, Source) and source.tool is not None:
                source.tool.close()

    def read(self, event: RawEvent) -> Read:
        """The delivery's answers; whatever is wrong with it is its problem alone."""
        read = Read(event)
        try:
            read.source = self._source(event.hook_id)
            delivery = opened(self._house, event)
            content = decode(delivery, read.source.provider.parse)
            for one in events_of(read.source.provider, content):
                self._take(read, read.source, one)
            if not read.answers and not read.deleted:
                read.state = "ignored"
            return read
        except NotYet as error:
            read.problem = str(error)
            if event.tries >= len(BACKOFF):
                read.state = "dead"
            else:
                read.state = "waiting"
                seconds = max(error.seconds or 0, BACKOFF[event.tries])
                read.again = timedelta(seconds=seconds)
        except Unreadable as error:
            read.state, read.problem = "dead", str(error)
        except Exception as error:
            read.state, read.problem = "dead", f"{type(error).__name__}: a defect of Barometer's"
            log.exception("a delivery could not be read", event=event.id, hook=event.hook_id)
        read.answers, read.deleted = [], []
        return read

    def _take(self, read: Read, source: Source, event: Event) -> None:
        if event.kind == "ignored":
            return
        response_id = response_id_of(source.provider, source.hook.id, event.response_key)
        if event.kind == "deleted":
            read.deleted.append(response_id)
            return
        content = None
        if event.path is not None:
            key = (source.hook.id, event.path)
            if key not in self._fetched:
                self._fetched[key] = source.fetch(event.path)
            content = self._fetched[key]
        answer = answer_of(source.provider, event, content)
        received = read.event.received_at
        if answer.sequence is None:
            answer = replace(answer, sequence=received.timestamp())
        if answer.answered_at is None:
            answer = replace(answer, answered_at=received)
        read.answers.append((response_id, answer))

    def _source(self, hook_id: int) -> Source:
        if hook_id not in self._sources:
            with self._house.sessions() as session:
                hook = session.get_one(Hook, hook_id)
            try:
                provider = configured(PROVIDERS[hook.provider], hook.settings)
                secrets = hooks.HookSecrets.opened(self._house.vault, hook.secrets)
                self._sources[hook_id] = Source(hook, provider, secrets)
            except Unreadable as error:
                self._sources[hook_id] = str(error)
        found = self._sources[hook_id]
        if isinstance(found, str):
            raise Unreadable(found)
        return found


def opened(house: House, event: RawEvent) -> Delivery:
    """The delivery as it was received. Raises Unreadable when its body is no longer kept."""
    if not event.content:
        raise Unreadable("its body is no longer kept: ask the tool to send it again")
    content = house.vault.open(event.content)
    headers = json.loads(content["headers"])
    return Delivery("POST", "", headers, base64.b64decode(content["body"]), event.received_at)


def body_text(vault: Vault, sealed: bytes) -> str:
    """A kept body as text in which an address is found, whatever it was encoded as."""
    body = base64.b64decode(vault.open(sealed)["body"]).decode("utf-8", "replace")
    return f"{body}\n{unquote_plus(body)}"


def response_id_of(provider: Provider, hook_id: int, key: str) -> str:
    """Our id of a response: the tool's, with where it is unique; at most 200 characters."""
    scope = provider.name if provider.unique_ids else f"{provider.name}-{hook_id}"
    whole = f"{scope}:{key}"
    return whole if len(whole) <= 200 else f"{scope}:{hashlib.sha256(key.encode()).hexdigest()}"
