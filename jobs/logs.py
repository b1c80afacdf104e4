"""Logging: one line per event on stderr. Never a secret, never a person's data, no locals."""

import logging
import sys

import structlog


def configure_logs() -> None:
    """Plain key=value lines; a defect's traceback without the values of its variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
