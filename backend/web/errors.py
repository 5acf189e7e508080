"""Errors as pages: which status each has, and a sentence for its reader."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from backend.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unavailable
from backend.web.deps import house
from backend.web.render import page

STATUS: dict[type[AppError], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Invalid: 422, Unavailable: 503}
BROKEN = (
    "Something is broken here, and it is not your fault. What was saved before is kept. Please go back and try again."
)
MISSING = {404: "There is no such page.", 405: "This address can't be used that way."}


def install(app: FastAPI) -> None:
    """Every error becomes a page that says what happened."""

    @app.exception_handler(AppError)
    async def on_app_error(request: Request, error: AppError) -> Response:
        return said(request, STATUS[type(error)], str(error))

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        message = MISSING.get(error.status_code, str(error.detail))
        return said(request, error.status_code, message)

    @app.exception_handler(RequestValidationError)
    async def on_bad_form(request: Request, error: RequestValidationError) -> Response:
        if any(problem["loc"][0] == "path" for problem in error.errors()):
            return said(request, 404, MISSING[404])
        fields = ", ".join(str(problem["loc"][-1]) for problem in error.errors())
        message = f"Something in this form can't be used: {fields}. Please go back and look at it again."
        return said(request, 422, message)

    # Starlette raises the error again after this page, so the server's log still has its traceback.
    @app.exception_handler(Exception)
    async def on_anything(request: Request, error: Exception) -> Response:
        return said(request, 500, BROKEN)


def said(request: Request, status: int, message: str) -> Response:
    """The page of an error; raters read there whom to write to."""
    contact = house(request).settings.contact
    return page(request, "error.html", status=status, status_code=status, message=message, contact=contact)
