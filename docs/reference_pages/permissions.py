"""The permissions page, from the model and from every route."""

from __future__ import annotations

from reference_pages import markdown as md
from reference_pages.routes import SURFACES, routes
from safehold.model.permissions import ROLE_PERMISSIONS, SCOPES, Permission, Role

ABOUT = """\
Everything is denied that is not named here. Each route names one permission, and a route without one
cannot be declared. `public` is everybody's, `signed_in` is every signed-in person's, `ops` is for
whoever runs the machine. An admin runs the machine and sees no case; an analyst sees cases and runs
nothing. A person may have several roles."""


def page() -> str:
    """Return the page."""
    return md.page(
        md.title("Permissions", "operators, leads and auditors", ABOUT),
        "## Roles\n",
        _roles(),
        "## Scopes of API keys\n\nA key has one or more of these and nothing else.\n",
        md.table(("Scope",), [(md.code(scope.value),) for scope in Permission if scope in SCOPES]),
        "## Routes\n",
        _routes(),
    )


def _roles() -> str:
    heads = ("Permission", *(role.value for role in Role))
    rows = [
        (md.code(permission.value), *("yes" if _has(role, permission) else "" for role in Role))
        for permission in Permission
    ]
    return md.table(heads, rows)


def _has(role: Role, permission: Permission) -> bool:
    return permission in {*ROLE_PERMISSIONS[role], Permission.PUBLIC, Permission.SIGNED_IN}


def _routes() -> str:
    rows = [
        (md.code(path), method, md.code(permission), says)
        for path, method, permission, says in routes(*SURFACES)
    ]
    return md.table(("Address", "Method", "Permission", "What it does"), rows)
