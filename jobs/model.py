"""The scoring model in force: a file of the deployment's own, else the method's defaults."""

import json
import tomllib
from pathlib import Path

from insights.model import Model, ModelError


def read_model(file: Path | None) -> Model:
    """The model in a TOML or JSON file laid over the defaults; the defaults without a file.

    Raises ModelError with one sentence that names the file and what is wrong in it.
    """
    if file is None:
        return Model()
    try:
        text = file.read_text()
        content = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        return Model.from_dict(content)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from error
    except ValueError as error:
        raise ModelError(f"{file} is no valid TOML or JSON: {error}") from error
