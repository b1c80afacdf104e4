"""How many API calls were made, as the vendors would count them."""

import re
import threading
from collections import Counter
from typing import Any

KINDS = ("read", "write", "login", "meta")

_VERSION = re.compile(r"/v\d+\.\d+(?=/|$)")
_RECORD_ID = re.compile(r"/(?=[^/]*\d)[A-Za-z0-9_-]{15,}(?=/|$)|/\d{3,}(?=/|$)")


def normalised(path: str) -> str:
    """`path` with record ids, cursors and the API version replaced: one name per resource.

    /services/data/v65.0/sobjects/Account/0015g00000Xyz12AAA -> .../vN/sobjects/Account/{id}
    """
    return _RECORD_ID.sub("/{id}", _VERSION.sub("/vN", path.rstrip("/") or "/"))


class Stats:
    """Call counters by CRM, kind and resource since the start or the last reset; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._paths: Counter[tuple[str, str]] = Counter()

    def count(self, crm: str, kind: str, method: str, path: str, calls: int = 1) -> None:
        """Note `calls` API calls of one kind (read, write, login, meta) on one path."""
        with self._lock:
            self._kinds[crm, kind] += calls
            self._paths[crm, f"{method} {normalised(path)}"] += calls

    def total(self, crm: str) -> int:
        """API calls of one CRM, all kinds together."""
        with self._lock:
            return sum(self._kinds[crm, kind] for kind in KINDS)

    def snapshot(self) -> dict[str, Any]:
        """{crm: {"total", "read", "write", "login", "meta", "paths": {"GET /...": n}}}."""
        with self._lock:
            return {crm: self._of(crm) for crm in ("salesforce", "hubspot")}

    def reset(self) -> None:
        """Start again from zero."""
        with self._lock:
            self._kinds.clear()
            self._paths.clear()

    def _of(self, crm: str) -> dict[str, Any]:
        kinds = {kind: self._kinds[crm, kind] for kind in KINDS}
        paths = {path: n for (name, path), n in sorted(self._paths.items()) if name == crm and n}
        return {"total": sum(kinds.values()), **kinds, "paths": paths}
