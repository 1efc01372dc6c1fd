"""The addresses of the SMART app.

They are launch, callback, its keys, and the pages of a session.
"""

from __future__ import annotations

from flask import Blueprint

from cds_service.smart.app import SmartApp
from cds_service.smart.launch_routes import add_launch
from cds_service.smart.session_routes import add_session
from cds_service.web.sending import guarded


def smart_routes(app: SmartApp) -> Blueprint:
    """Make the blueprint of the app.

    None of its pages is kept by anybody.
    """
    routes = Blueprint("smart", __name__, template_folder="templates")
    routes.after_request(guarded)
    add_launch(routes, app)
    add_session(routes, app)
    return routes
