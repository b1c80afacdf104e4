"""Pipelines and stages over the wire.

Source: HubSpot API reference, pipelines (no paging, text metadata, stage in use).
"""

import secrets
from typing import Any

from sandbox.hubspot.errors import invalid, refusal
from sandbox.hubspot.http import Answer, json_object, route
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.pipelines import STAGED, new_pipeline, new_stage
from sandbox.hubspot.portal import Portal

Document = dict[str, Any]


@route("GET", "pipelines", "/<kind>", "records.read")
def list_pipelines(portal: Portal, kind: Kind) -> Answer:
    """All pipelines of a type."""
    return 200, {"results": list(portal.pipelines.of(kind).values())}


@route("GET", "pipelines", "/<kind>/<pipeline_id>", "records.read")
def get_pipeline(portal: Portal, kind: Kind, pipeline_id: str) -> Answer:
    """One pipeline."""
    return 200, _pipeline(portal, kind, pipeline_id)


@route("POST", "pipelines", "/<kind>", "schema.write")
def create_pipeline(portal: Portal, kind: Kind) -> Answer:
    """A pipeline with its stages."""
    body = json_object()
    _require_staged(kind)
    stages = [_new_stage(kind, given) for given in body.get("stages") or []]
    pipeline = new_pipeline(_new_id(), _label(body), body.get("displayOrder", -1), stages)
    portal.pipelines.put(kind, pipeline)
    return 201, pipeline


@route("PATCH", "pipelines", "/<kind>/<pipeline_id>", "schema.write")
def update_pipeline(portal: Portal, kind: Kind, pipeline_id: str) -> Answer:
    """Change label or order."""
    pipeline = _changed(portal, _pipeline(portal, kind, pipeline_id), json_object())
    portal.pipelines.put(kind, pipeline)
    return 200, pipeline


@route("DELETE", "pipelines", "/<kind>/<pipeline_id>", "schema.write")
def delete_pipeline(portal: Portal, kind: Kind, pipeline_id: str) -> Answer:
    """Remove a pipeline none of whose stages is in use."""
    for stage in _pipeline(portal, kind, pipeline_id)["stages"]:
        _refuse_used(portal, kind, stage["id"])
    portal.pipelines.drop(kind, pipeline_id)
    return 204, None


@route("GET", "pipelines", "/<kind>/<pipeline_id>/stages", "records.read")
def list_stages(portal: Portal, kind: Kind, pipeline_id: str) -> Answer:
    """A pipeline's stages."""
    return 200, {"results": _pipeline(portal, kind, pipeline_id)["stages"]}


@route("POST", "pipelines", "/<kind>/<pipeline_id>/stages", "schema.write")
def create_stage(portal: Portal, kind: Kind, pipeline_id: str) -> Answer:
    """A stage at the end of a pipeline."""
    pipeline = _pipeline(portal, kind, pipeline_id)
    stage = _new_stage(kind, json_object())
    portal.pipelines.put(kind, {**pipeline, "stages": [*pipeline["stages"], stage]})
    return 201, stage


@route("PATCH", "pipelines", "/<kind>/<pipeline_id>/stages/<stage_id>", "schema.write")
def update_stage(portal: Portal, kind: Kind, pipeline_id: str, stage_id: str) -> Answer:
    """Change label, order or metadata."""
    pipeline = _pipeline(portal, kind, pipeline_id)
    stage = _stage(pipeline, stage_id)
    body = json_object()
    changed = _changed(portal, stage, body)
    if "metadata" in body:
        metadata = {**stage["metadata"], **body["metadata"]}
        rebuilt = new_stage(stage_id, changed["label"], changed["displayOrder"], metadata)
        changed["metadata"] = rebuilt["metadata"]
    stages = [changed if each["id"] == stage_id else each for each in pipeline["stages"]]
    portal.pipelines.put(kind, {**pipeline, "stages": stages})
    return 200, changed


@route("DELETE", "pipelines", "/<kind>/<pipeline_id>/stages/<stage_id>", "schema.write")
def delete_stage(portal: Portal, kind: Kind, pipeline_id: str, stage_id: str) -> Answer:
    """Remove a stage that is not in use."""
    pipeline = _pipeline(portal, kind, pipeline_id)
    _stage(pipeline, stage_id)
    _refuse_used(portal, kind, stage_id)
    stages = [each for each in pipeline["stages"] if each["id"] != stage_id]
    portal.pipelines.put(kind, {**pipeline, "stages": stages})
    return 204, None


def _pipeline(portal: Portal, kind: Kind, pipeline_id: str) -> Document:
    found = portal.pipelines.of(kind).get(pipeline_id)
    if found is None:
        raise refusal(404, "OBJECT_NOT_FOUND", f'Pipeline ID "{pipeline_id}" not found')
    return found


def _stage(pipeline: Document, stage_id: str) -> Document:
    for stage in pipeline["stages"]:
        if stage["id"] == stage_id:
            found: Document = stage
            return found
    raise refusal(404, "OBJECT_NOT_FOUND", f'Pipeline stage ID "{stage_id}" not found')


def _changed(portal: Portal, known: Document, body: Document) -> Document:
    sent: Document = {key: body[key] for key in ("label", "displayOrder") if key in body}
    return {**known, **sent, "updatedAt": portal.now_text()}


def _new_stage(kind: Kind, given: Document) -> Document:
    metadata = {key: str(value) for key, value in (given.get("metadata") or {}).items()}
    if kind.name == "deals":
        try:
            share = float(metadata.get("probability", ""))
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise invalid("A deal stage needs metadata.probability between 0.0 and 1.0")
    else:
        metadata.setdefault("ticketState", "OPEN")
    return new_stage(_new_id(), _label(given), given.get("displayOrder", -1), metadata)


def _label(given: Document) -> str:
    if not given.get("label"):
        raise invalid("Some required fields were not set: [label]")
    return str(given["label"])


def _new_id() -> str:
    return str(100_000_000 + secrets.randbelow(900_000_000))


def _require_staged(kind: Kind) -> None:
    if kind.name not in STAGED:
        raise invalid(f"{kind.word} does not support pipelines")


def _refuse_used(portal: Portal, kind: Kind, stage_id: str) -> None:
    column = STAGED[kind.name][1]
    used = portal.world.db().execute(
        f'SELECT _id FROM {kind.table} WHERE "{column}" = ? AND _archived IS NULL LIMIT 1',
        (stage_id,),
    )
    if used.fetchone() is not None:
        raise invalid(f"Stage {stage_id} is in use", subCategory="STAGE_ID_IN_USE")
