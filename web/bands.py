"""The edges of the health bands, by the model that accounts were computed by."""

from sqlalchemy.orm import Session

from insights.model import Bands
from store.model_drafts import model_version

Edges = tuple[float, float]  # scores from which an account is in watch, and from which healthy


def model_edges(session: Session, hash: str | None) -> Edges:
    """The edges by the model of this hash; the method's own where it is not kept."""
    version = model_version(session, hash) if hash else None
    bands = version.content["bands"] if version else {}
    own = Bands()
    watch = bands.get("watch_from", own.watch_from)
    return float(watch), float(bands.get("healthy_from", own.healthy_from))


def band_ranges(edges: Edges) -> dict[str, str]:
    """By band, which scores are in it, in words."""
    watch, healthy = edges
    return {
        "at_risk": f"score 0 to below {watch:g}",
        "watch": f"score {watch:g} to below {healthy:g}",
        "healthy": f"score {healthy:g} to 100",
        "unknown": "too little is known to say",
    }
