"""What can go wrong, said in sentences for their reader. Knows no HTTP status: backend.web.errors maps them.

AppError
├── NotFound      there is no such thing, or it is not yours to see
├── Forbidden     you may not do this
├── Conflict      it can't be done now, because of what has happened meanwhile
├── Invalid       what was given can't be used; the message says where and what to do
└── Unavailable   something this needs is not there now; trying later may work
"""


class AppError(Exception):
    """A failure that its reader can understand; the message is a whole sentence."""


class NotFound(AppError):
    """There is no such thing, or it is not yours to see."""


class Forbidden(AppError):
    """You may not do this."""


class Conflict(AppError):
    """It can't be done now, because of what has happened meanwhile."""


class Invalid(AppError):
    """What was given can't be used; the message says where and what to do."""


class Unavailable(AppError):
    """Something this needs is not there now; trying later may work."""
