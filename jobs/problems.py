"""What went wrong, in one sentence for a person. Heavy imports wait until something did."""

import errno


def sentence_of(error: Exception) -> str | None:
    """One sentence for an error that a person can mend; None for a defect of ours."""
    from alembic.util import CommandError
    from sqlalchemy.exc import DatabaseError, OperationalError

    from connector.errors import CrmError
    from insights.model import ModelError
    from jobs.alone import Busy
    from jobs.explain import NotAssessed
    from jobs.intake import IntakeError
    from jobs.schema import MapRejected
    from jobs.score import ScoreError
    from mappings import MapError
    from settings import SettingsError
    from store.access import AccessRefused
    from store.connections import NameTaken
    from store.previews import PreviewRefused
    from store.secrets import SecretsUnreadable

    crm = (CrmError, MapRejected, MapError, Busy)
    ours = (
        *(IntakeError, ScoreError, SettingsError, SecretsUnreadable),
        *(NotAssessed, ModelError, PreviewRefused),
    )
    if isinstance(error, (*crm, *ours, AccessRefused, NameTaken)):
        return _one_line(error)
    if isinstance(error, OperationalError) or type(error) is DatabaseError:
        return (
            f"the database does not work ({_one_line(error.orig)}): check database.url, that it "
            "runs and that its disk has room; what was committed before stays"
        )
    if isinstance(error, CommandError):
        return (
            f"the database's tables cannot be brought up to date ({_one_line(error)}): a newer "
            "version of Barometer made them; run that one"
        )
    if isinstance(error, OSError):
        if error.errno == errno.EADDRINUSE:
            return "another program listens on that port; stop it, or choose another port"
        where = f"{error.filename}: " if error.filename else ""
        return (
            f"{where}{error.strerror or error}; check that path, its rights and the disk's room. "
            "Nothing that was stored is lost"
        )
    return None


def _one_line(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".")
