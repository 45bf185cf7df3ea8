"""The application that is served."""

import sys
from pathlib import Path

from tests.conftest import closed_run

# Of each language's hub, what is kept once more visitors came than are kept.
_VISITED = """
from starlette.routing import Mount
from apps.server import create_app
for route in create_app({}).routes:
    if isinstance(route, Mount) and hasattr(route.app, "state_holder"):
        for number in range(501):
            route.app.state_holder[f"visitor {number}"]
        print(len(route.app.state_holder.session_data), "visitor 0" in route.app.state_holder)
"""


def test_what_visitors_did_is_kept_of_so_many_of_them(tmp_path: Path) -> None:
    """Gradio keeps 0.6 MB for each visitor, and by default of 10,000."""
    assert closed_run(sys.executable, "-c", _VISITED, home=tmp_path).stdout.split() == 2 * ["500", "False"]
