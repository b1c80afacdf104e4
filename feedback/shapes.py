"""What intake hands from step to step: a delivery, its verdict, its events, and an answer.

verify → decode → split → key → (fetch) → map        feedback.signatures, .decode, .reading
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class Unreadable(Exception):
    """A delivery or an answer cannot be taken over; `str()` says why, and what to do."""


@dataclass(frozen=True)
class Delivery:
    """One HTTP request as its sender made it.

    url      as the sender called it, which a proxy may have rewritten for us
    headers  by lower-case name
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class Key:
    """A secret that may prove a delivery; `until` is the end of a rotation's overlap."""

    id: str
    text: str
    until: datetime | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a delivery is proved, and by which key; `reason` is for our own pages only."""

    accepted: bool
    key_id: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Scheme:
    """How a tool proves its deliveries.

    mode       standard (Standard Webhooks), hmac, or token (a shared secret in clear)
    header     where the signature or token stands, lower case; for a token also `query`
    field      form field with the signature, instead of a header
    prefix     text before the signature or token
    pairs      the header is a list `t=…,v1=…`
    key        how the secret's text becomes bytes: text, base64 or hex
    signed     what is signed: {body} {timestamp} {method} {url} {field:NAME} and text between
    timestamp  header with the signed time, and its unit: s, ms or iso; "" where none is signed
    """

    mode: str = "token"
    header: str = ""
    query: str = ""
    field: str = ""
    prefix: str = ""
    pairs: bool = False
    algorithm: str = "sha256"
    encoding: str = "hex"
    key: str = "text"
    signed: str = "{body}"
    timestamp: str = ""
    unit: str = "s"


@dataclass(frozen=True)
class Api:
    """A tool's own API, at a host that no payload can change.

    host     with {datacenter} where the customer's settings name one
    header   of the credential, and `credential` around its text
    response path of one response, its parts in braces: {survey} {response}
    parts    by part, JMESPath over the event
    listing  path and parameters of what was answered since {since}, oldest first
    items    JMESPath to the list; `stamp` to an item's time; `wrap` makes of an item what the
             webhook would have brought
    cursor   JMESPath to where the next call goes on, for tools that page by a cursor
    login    where an access token is given for a client id and secret, if not the token itself
    """

    host: str
    header: str = "Authorization"
    credential: str = "Bearer {token}"
    response: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    listing: str = ""
    page: int = 100
    items: str = ""
    stamp: str = ""
    wrap: str = "@"
    cursor: str = ""
    login: str = ""


@dataclass(frozen=True)
class Provider:
    """A survey tool: how its deliveries are proved and read. Every text that reads is JMESPath.

    verified   what of this was seen in the vendor's own page or code, in a word for our pages
    scheme     None: it sends nothing, and is only asked
    parse      fields of the body that hold JSON as text
    split      from the body to its events, of which one request may hold many
    event_key  of a redelivery; "header:NAME" takes a header, "field:NAME" the SHA-256
               of a form field, "" that of the body
    sequence   a number or time that grows with each version of a response
    ignored, partial, deleted   conditions on an event
    mapping    answer field → where it stands in the event, or in what was fetched
    constants  answer fields that the tool itself settles
    words      scores that come as words
    joins      each event brings one question's answer; they add up to a response
    question   the question's id then, and `questions` the answer field of each such id; what
               mapping.score finds is taken as that field
    trusted    ids are kept by the tool, and do not come from the respondent's URL
    unique_ids  response ids are unique among all of the tool's customers, not only in one source
    our_secret  we choose the signing secret; else the tool shows it
    zone       time zone of times that carry none; date_format of times that are not ISO 8601
    surveys    by survey id, further `mapping` and `constants`
    """

    name: str
    title: str
    verified: str
    scheme: Scheme | None
    response_key: str = ""
    parse: tuple[str, ...] = ()
    split: str = "@"
    event_key: str = ""
    sequence: str = ""
    ignored: str = ""
    partial: str = ""
    deleted: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    joins: bool = False
    question: str = ""
    questions: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False
    unique_ids: bool = False
    our_secret: bool = True
    zone: str = ""
    date_format: str = ""
    surveys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    api: Api | None = None


@dataclass(frozen=True)
class Event:
    """One thing that happened to one response.

    kind      answer, partial, deleted or ignored
    path      of the API that has the answer, for an event that carries only ids
    """

    kind: str
    response_key: str
    sequence: float | None
    content: Any
    survey: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class Answer:
    """One survey answer in our words; the score on its own scale, instants aware UTC.

    account_id, contact_id  what the payload claims; `signature` may prove the claim
    """

    response_key: str
    sequence: float | None
    is_partial: bool
    metric: str | None
    survey_type: str | None
    score: float | None
    scale_min: float | None
    scale_max: float | None
    comment: str | None
    drivers: str | None
    answered_at: datetime | None
    campaign: str | None
    survey: str | None
    email: str | None
    domain: str | None
    account_id: str | None
    contact_id: str | None
    signature: str | None
