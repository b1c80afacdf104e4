"""Telling people that a run failed, was refused something, or found the CRM changed.

By e-mail and to a webhook, as [notify] says. That telling failed is logged, and stops nothing.
"""

import hmac
import json
import smtplib
import ssl
from email.message import EmailMessage

import requests
import structlog

from jobs.wiring import House
from settings import Notify, notify_secrets
from store.findings import Finding, new_findings
from store.models import Connection, Run

log = structlog.get_logger()

_SECONDS = 20  # for each step of a delivery


def notify_of(house: House, connection: Connection, run: Run) -> None:
    """Tell what this run, which has ended, found that is new since the one before it."""
    if not _wanted(house.settings.notify):
        return
    with house.sessions() as session:
        found = new_findings(session, run.id)
    if found is not None:
        page = f"{house.settings.web.url}/runs/{run.id}"
        notify(house, f"{connection.name}: {found.subject}", [*_lines(found), page])


def notify(house: House, subject: str, lines: list[str]) -> None:
    """Send to everybody who wants to know; a way that fails does not hold up the other."""
    chosen = house.settings.notify
    if chosen.smtp_host and chosen.to:
        try:
            _mail(chosen, subject, lines)
        except (OSError, ValueError, smtplib.SMTPException) as error:
            log.error("notice not mailed", host=chosen.smtp_host, reason=type(error).__name__)
    if chosen.webhook_url:
        try:
            _post(chosen, subject, lines)
        except requests.RequestException as error:
            log.error("notice not posted", reason=type(error).__name__)


def _wanted(chosen: Notify) -> bool:
    return bool((chosen.smtp_host and chosen.to) or chosen.webhook_url)


def _lines(found: Finding) -> list[str]:
    more = found.total - len(found.lines)
    return [*found.lines, *([f"and {more} more"] if more > 0 else [])]


def _mail(chosen: Notify, subject: str, lines: list[str]) -> None:
    message = EmailMessage()
    message["Subject"] = f"Barometer: {' '.join(subject.split())}"
    message["From"] = chosen.from_address
    message["To"] = ", ".join(chosen.to)
    message.set_content("\n".join(lines) + "\n")
    password, _ = notify_secrets()
    trust = ssl.create_default_context()
    where = (chosen.smtp_host, chosen.smtp_port)
    if chosen.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=_SECONDS, context=trust)
    else:
        server = smtplib.SMTP(*where, timeout=_SECONDS)
    with server:
        if chosen.smtp_security == "starttls":
            server.starttls(context=trust)
        if chosen.smtp_user:
            server.login(chosen.smtp_user, password)
        server.send_message(message)


def _post(chosen: Notify, subject: str, lines: list[str]) -> None:
    body = json.dumps({"subject": subject, "lines": lines}).encode()
    headers = {"Content-Type": "application/json"}
    _, secret = notify_secrets()
    if secret:
        signed = hmac.digest(secret.encode(), body, "sha256").hex()
        headers["X-Barometer-Signature"] = f"sha256={signed}"
    answer = requests.post(
        chosen.webhook_url, data=body, headers=headers, timeout=_SECONDS, allow_redirects=False
    )
    if not 200 <= answer.status_code < 300:
        raise requests.HTTPError(f"answered {answer.status_code}")
