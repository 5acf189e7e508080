"""Errors as pages: which status each has, and a sentence for its reader."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from backend.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unavailable
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
        return page(
            request, "error.html", status=STATUS[type(error)], message=str(error), status_code=STATUS[type(error)]
        )

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        message = MISSING.get(error.status_code, str(error.detail))
        return page(request, "error.html", status=error.status_code, message=message, status_code=error.status_code)

    @app.exception_handler(RequestValidationError)
    async def on_bad_form(request: Request, error: RequestValidationError) -> Response:
        if any(problem["loc"][0] == "path" for problem in error.errors()):
            return page(request, "error.html", status=404, message=MISSING[404], status_code=404)
        fields = ", ".join(str(problem["loc"][-1]) for problem in error.errors())
        message = f"Something in this form can't be used: {fields}. Please go back and look at it again."
        return page(request, "error.html", status=422, message=message, status_code=422)

    # Starlette raises the error again after this page, so the server's log still has its traceback.
    @app.exception_handler(Exception)
    async def on_anything(request: Request, error: Exception) -> Response:
        return page(request, "error.html", status=500, message=BROKEN, status_code=500)
