"""The page of components: what the console's pages are made of, by its own macros and style sheets.

An HTML page, for it shows them in both themes: on the left light, on the right dark. It loads the style
sheets of the console from the checkout, so what it shows is what they say today.
"""

from __future__ import annotations

import re
from types import SimpleNamespace

from jinja2 import Environment

from reference_pages import markdown as md
from reference_pages.component_samples import COMPONENTS, Component
from safehold.model.case import PriorityPart
from safehold.model.errors import BadForm
from safehold.web.console.forms import UNSENT, Form
from safehold.web.console.pages import templates

STYLES = "../../src/safehold/web/static/console"
SHEETS = ("tokens", "frame", "tables", "forms", "case", "adapting", "forced")
IMPORTS = (
    '{% from "parts.html" import '
    "boxes, cap, caps, chips, field, marked, panel_says, passkey_form, rank, scale, step_up, summary, token,"
    " wrong %}"
)
ABOUT = """\
What the pages of the console are made of, each with the sentence that says when it is right. The [page
of components](components.html) shows them in both themes: open it in a browser, from a checkout. It is
made by the templates' own macros and loads the console's own style sheets.

Colours, sizes of letters and distances are tokens, in `static/console/tokens.css` alone. A test finds a
class that no page uses or no sheet styles, a rule that stands twice, a colour outside the tokens, and
colours that stand on each other with less contrast than WCAG 2.2 AA asks for, in either theme."""

_OWN_IDS = re.compile(r'((?<![\w-])(?:id|for|name|aria-describedby)="|href="#)([\w-]+)')


def page() -> str:
    """Return the list of components as Markdown."""
    rows = [(f"[{one.name}](components.html#{one.anchor})", one.says) for one in COMPONENTS]
    return md.page(
        md.title("Components of the console", "developers", ABOUT), md.table(("Component", "When"), rows)
    )


def html() -> str:
    """Return the page that shows them."""
    environment = templates()
    sheets = "\n".join(f'<link rel="stylesheet" href="{STYLES}/{name}.css">' for name in SHEETS)
    shown = "\n".join(_shown(environment, one) for one in COMPONENTS)
    return f"""<!doctype html>
<!-- Written from the code by `make docs`: edit the code, not this page. -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Components of the console</title>
{sheets}
<link rel="stylesheet" href="components.css">
</head>
<body>
<main>
<header><h1>Components of the console</h1>
<p class="quiet">Light on the left, dark on the right; where it is narrow, one above the other.</p></header>
{shown}
</main>
</body>
</html>
"""


def _shown(environment: Environment, one: Component) -> str:
    made = environment.from_string(IMPORTS + one.source).render(sample()).strip().replace(" autofocus", "")
    in_dark = _OWN_IDS.sub(r"\1\2-dark", made)
    return f"""<section class="component" id="{one.anchor}">
<h2>{one.name}</h2>
<p>{one.says}</p>
<div class="themes">
<div class="in-light">
{made}
</div>
<div class="in-dark">
{in_dark}
</div>
</div>
</section>"""


def sample() -> dict[str, object]:
    """Return what the samples name: made up, and harmless."""
    refused = BadForm("name: choose one that nobody has.", field="name")
    return {
        "form": UNSENT,
        "refused": Form("/", refused, "name"),
        "signed_in": SimpleNamespace(form_token="sample"),  # noqa: S106 - a page that nobody sends
        "parts": (
            PriorityPart(name="likelihood", seen="on a vetted list", weight=40),
            PriorityPart(name="reach", seen="seen in public", weight=20),
            PriorityPart(name="severity", seen="category B there", weight=15),
        ),
        "match": SimpleNamespace(distance=6, max_distance=31, hold_max_distance=15),
    }
