"""A page that says in plain words what is wrong.

It is for people who ask with a browser.
"""

from __future__ import annotations

from flask import Response, render_template, request

TITLES = {
    401: "For operators only",
    403: "For operators only",
    404: "There is nothing at this address",
    405: "This address answers other methods",
    413: "That is too large",
    503: "The store is out of reach",
}

PAGE_SAID = {
    404: "The address may be of another version of the service, or mistyped.",
    405: "Follow a link or a button to it instead.",
    413: "Post it to the service itself.",
}
"""The advice for a status, where nobody who knows more gives any."""


def problem_page(status: int, said: str) -> Response:
    """Make the page of a status; ``said`` tells what to do."""
    title = TITLES.get(status, "The service failed")
    return Response(render_template("problem.html", title=title, said=said), status, mimetype="text/html")


def wants_page() -> bool:
    """Tell whether a person's browser asks for a page.

    It is False for a client of the hooks.
    """
    accepted = request.accept_mimetypes
    return not request.path.startswith("/cds-services") and accepted.quality("text/html") > accepted.quality("application/json")
