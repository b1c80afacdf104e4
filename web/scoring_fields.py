"""The form of the scoring model: a field for each setting, as text, and back to a model.

The fields come from the model itself, their words from `web.scoring_words`. The levels of titles
and roles, and which side a component belongs to, are left as the model has them.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from insights.model import COMPONENTS, Model, ModelError, RequiredContacts, Value
from insights.model_changes import changed_settings, is_answered, settings_of
from web.scoring_words import SECTIONS, WORDS, Said, label_of

_OPTIONAL = ("value.quadrant_threshold",)  # without a default, so not among the settings
Kind = Literal["number", "points", "choice", "names", "text"]


@dataclass(frozen=True)
class Field:
    """One setting on the form. `default` is its text in the method's own model."""

    path: str
    said: Said
    kind: Kind
    default: str
    choices: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """The table that it belongs to."""
        return self.path.split(".")[0]

    @property
    def id(self) -> str:
        """The id of its element."""
        return self.path.replace(".", "-")

    @property
    def live(self) -> bool:
        """Whether what-if answers at once for it."""
        return is_answered(self.path)


@dataclass(frozen=True)
class Change:
    """One setting that differs, in words; `live`: what-if answers at once for it."""

    label: str
    before: str
    after: str
    live: bool


class Refused(Exception):
    """What was entered is no model; `errors` says why, by the field's path ("" for the whole)."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


def _choices() -> dict[str, tuple[str, ...]]:
    """The settings that are one of several names, from the types of the model."""
    tables = {"required_contacts": RequiredContacts, "value": Value}
    return {
        f"{table}.{name}": get_args(hint)
        for table, of in tables.items()
        for name, hint in get_type_hints(of).items()
        if get_origin(hint) is Literal
    }


def _fields() -> dict[str, Field]:
    choices, found = _choices(), {}
    defaults = settings_of(Model()) | dict.fromkeys(_OPTIONAL)
    for path, default in defaults.items():
        if path.startswith("levels.") or path.endswith(".side"):
            continue
        kind: Kind = "choice" if path in choices else _kind(path, default)
        shown = text_of(default)
        found[path] = Field(path, WORDS[path], kind, shown, choices.get(path, ()))
    return found


def _kind(path: str, default: Any) -> Kind:
    if isinstance(default, str):
        return "text"
    if isinstance(default, list):
        return "names" if default and isinstance(default[0], str) else "points"
    return "number"


def text_of(value: Any) -> str:
    """A setting as the form has it: 0.5, 0:0 6:30, a, b; empty for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if value and isinstance(value[0], str):
            return ", ".join(value)
        return " ".join(":".join(map(text_of, point)) for point in value)
    return str(int(value)) if float(value).is_integer() else repr(float(value))


FIELDS = _fields()


def by_section() -> list[tuple[str, str, list[Field]]]:
    """Title, explanation and fields of each part of the form; a component's weight comes first."""
    ordered = sorted(FIELDS.values(), key=_reading_order)
    return [
        (title, help, [field for field in ordered if field.section == section])
        for section, (title, help) in SECTIONS.items()
    ]


def _reading_order(field: Field) -> tuple[int, bool]:
    component = field.path.split(".")[1] if field.section == "components" else ""
    place = COMPONENTS.index(component) if component else -1
    return place, not field.path.endswith(".weight")


def entered_of(model: Model) -> dict[str, str]:
    """The form as a model fills it."""
    settings = settings_of(model)
    return {path: text_of(settings.get(path)) for path in FIELDS}


def model_of(entered: Mapping[str, str], base: Model) -> Model:
    """The model that was entered; what the form does not show is as in `base`. Raises Refused."""
    content, errors = deepcopy(base.to_dict()), {}
    for path, field in FIELDS.items():
        if path not in entered:
            continue
        try:
            _put(content, path.split("."), _read(field, entered[path].strip()))
        except ValueError as wrong:
            errors[path] = str(wrong)
    if errors:
        raise Refused(errors)
    try:
        return Model.whole(content)
    except ModelError as wrong:
        raise Refused(_placed(wrong.problems or [("", str(wrong))])) from None


def differences(before: Model, after: Model) -> list[Change]:
    """What differs between two models, in words, in the order of the form."""
    old, new = settings_of(before), settings_of(after)
    changed = changed_settings(before, after)
    order = {path: place for place, path in enumerate(FIELDS)}
    return [
        Change(
            label_of(path),
            text_of(old.get(path)) or "none",
            text_of(new.get(path)) or "none",
            is_answered(path),
        )
        for path in sorted(changed, key=lambda path: order.get(path, len(order)))
    ]


def weight_shares(model: Model) -> dict[str, float]:
    """Each component's share of all weights, 0..1."""
    total = sum(component.weight for component in model.components.values())
    return {name: component.weight / total for name, component in model.components.items()}


def _read(field: Field, given: str) -> Any:
    """The value that the text stands for. Raises ValueError with a sentence."""
    if field.kind in ("choice", "text"):
        if not given:
            raise ValueError("Enter a value.")
        return given
    if field.kind == "names":
        return [name.strip() for name in given.split(",") if name.strip()]
    if field.kind == "points":
        return [_point(word) for word in given.split()]
    if not given and field.path in _OPTIONAL:
        return None
    return _number(given)


def _point(word: str) -> list[float]:
    try:
        x, y = word.split(":")
    except ValueError:
        raise ValueError(
            f"{word!r} is no point: write the two numbers with a colon between, and blanks "
            "between points, such as 0:0 0.5:50 1:100."
        ) from None
    return [_number(x), _number(y)]


def _number(given: str) -> float:
    try:
        return float(given.replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        raise ValueError(
            f"{given!r} is no number; write it such as 30 or 0.5." if given else "Enter a number."
        ) from None


def _put(content: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        content = content[step]
    if value is None:
        content.pop(steps[-1], None)
    else:
        content[steps[-1]] = value


def _placed(problems: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each problem beside the fields it is about; "" gathers those about none."""
    errors: dict[str, str] = {}
    for path, says in problems:
        sentence = f"{says[:1].upper()}{says[1:]}."
        for place in _about(path, says) or [""]:
            errors[place] = f"{errors[place]} {sentence}" if place in errors else sentence
    return errors


def _about(path: str, says: str) -> list[str]:
    exact = [one for one in FIELDS if path == one or path.startswith(f"{one}.")]
    if exact:
        return exact
    under = [one for one in FIELDS if not path or one.startswith(f"{path}.")]
    named = [one for one in under if _leaf(one) in says]
    return named or [one for one in under if any(part in says for part in one.split(".")[:-1])]


def _leaf(path: str) -> str:
    last = path.rsplit(".", 1)[-1]
    return "curve" if last.endswith("curve") else last
