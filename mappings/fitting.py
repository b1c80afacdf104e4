"""Our fields against what the CRM has for them. Source: docs/mapping.md, "Checks"."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from mappings.findings import FieldInfoLike, Fields, Finding, Level
from mappings.maps import CrmMap
from mappings.remote import Target, WriteMap

_NUMBERS = {"number", "percent", "currency"}
_TEXTS = {"text", "long_text", "url", "other"}
_CAN_TAKE: Mapping[str, Collection[str]] = {
    "number": _NUMBERS,
    "percent": _NUMBERS,
    "currency": _NUMBERS,
    "bool": {"bool"},
    "date": {"date"},
    "datetime": {"datetime"},
    "choice": {"choice", *_TEXTS},
    "text": _TEXTS,
    "long_text": _TEXTS,
    "url": _TEXTS,
}


def checked_writes(account: WriteMap, described: Fields, found: list[Finding]) -> WriteMap:
    """The fields that can be written, fitted to the CRM's; the rest is noted in `found`."""
    targets = []
    for target in account.targets:
        info = described.get(target.name)
        if info is None:
            _note_target(
                found, "M01", "warning", account, target, "does not exist, or is hidden from our "
                "user; it is not written", "run `barometer provision`",
            )  # fmt: skip
            continue
        fitted = _fitted(account, target, info, found)
        if fitted is not None:
            targets.append(fitted)
    return replace(account, targets=tuple(targets))


def _fitted(
    account: WriteMap, target: Target, info: FieldInfoLike, found: list[Finding]
) -> Target | None:
    """The target as the CRM's field takes it; None when it cannot."""

    def note(code: str, level: Level, sentence: str, fix: str) -> None:
        _note_target(found, code, level, account, target, sentence, fix)

    wanted = target.field.type
    if info.calculated or not info.writable:
        note(
            "M03", "error", "cannot be written by our user",
            "give the integration user the right to edit it",
        )  # fmt: skip
        return None
    if info.type not in _CAN_TAKE[wanted]:
        note(
            "M04", "error", f"is of type {info.type}, but {wanted} is written to it",
            f"delete or rename it in the CRM and run `barometer provision`, or set another name "
            f"under [write.names] {target.field.name}",
        )  # fmt: skip
        return None
    absent = [choice for choice in target.field.choices if choice not in info.choices]
    if info.type == "choice" and info.restricted and absent:
        note(
            "M07", "error", f"refuses the values {', '.join(absent)}",
            "add them to the field's choices in the CRM",
        )  # fmt: skip
        return None
    if not info.custom:
        note(
            "M10", "warning", "is a field of the CRM's own, which people may fill in too",
            "use a field of our own, unless you mean it",
        )  # fmt: skip
    length, scale = target.length, target.scale
    if length is not None and info.length is not None and info.length < length:
        note(
            "M05", "warning", f"takes {info.length} characters; longer texts are shortened",
            f"make it {length} characters long",
        )  # fmt: skip
        length = info.length
    if scale and info.scale is not None and info.scale < scale:
        note(
            "M06", "warning", f"keeps {info.scale} decimals; figures are rounded",
            f"give it {scale} decimals",
        )  # fmt: skip
        scale = info.scale
    return replace(target, length=length, scale=scale)


def _note_target(
    found: list[Finding],
    code: str,
    level: Level,
    account: WriteMap,
    target: Target,
    sentence: str,
    fix: str,
) -> None:
    words = f"{account.kind}.{target.name} {sentence}"
    found.append(Finding(code, level, "write", target.field.name, target.name, words, fix))


def check_task_key(crm_map: CrmMap, described: Fields | None, found: list[Finding]) -> None:
    """Note in `found` when tasks have no field for our key, or one that is not unique."""
    name, kind = crm_map.task_key_field, crm_map.task_kind
    info = (described or {}).get(name)
    if info is None:
        found.append(
            Finding(
                "M01",
                "warning",
                "write",
                "task_key",
                name,
                f"{kind}.{name} does not exist, or is hidden from our user; tasks are not made",
                "run `barometer provision`",
            )
        )
    elif not info.unique:
        found.append(
            Finding(
                "M13",
                "info",
                "write",
                "task_key",
                name,
                f"{kind}.{name} is not unique; Barometer looks a task up before it makes one",
                "nothing must be done",
            )
        )
