"""Structured logs: past tense and fields, as in log.info("batch.launched", batch=3). Knows no request."""

import logging
import sys

import structlog


def configure(*, level: int = logging.INFO) -> None:
    """Write one readable line an event to standard error, without ever holding back standard output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
