"""The scoring model in use: published, else a file of the deployment's own, else the defaults."""

import json
import tomllib
from pathlib import Path

from insights.model import Model, ModelError
from jobs.wiring import House, model_file
from store.model_drafts import published_model


def model_in_use(house: House, connection_id: int) -> Model:
    """The model that the connection's accounts are assessed by.

    Raises ModelError with one sentence that says what is wrong with it.
    """
    with house.sessions() as session:
        published = published_model(session, connection_id)
    if published is None:
        return read_model(model_file(house.settings))
    try:
        return Model.whole(published.content)
    except ModelError as error:
        raise ModelError(f"the published model cannot be used: {error}") from error


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
