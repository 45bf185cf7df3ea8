"""One process that serves the hub in both languages, and tells whether it is ready."""

import os
import socket
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from foundation.errors import InputError
from foundation.settings import settings
from solutions.base import Solution

# Read by gradio when it is imported: no usage figures, no version check, nothing fetched.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from apps.brand import Brand
from apps.gate import Gate
from apps.head import PageHead
from apps.hub import build_hub
from apps.locale import Language
from apps.theme import css, theme

__all__ = ["create_app", "open_to_all", "serve"]

_MOST_BYTES = "20mb"
# Gradio keeps what the hub looks like for each visitor (0.6 MB) beside what the visitor did, and would for 10,000 of
# them; of more than so many, who did nothing for the longest time is forgotten.
_MOST_VISITORS = 500
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def create_app(
    loaded: Mapping[str, Solution[Any, Any]], brand: Brand | None = None, *, workshop: bool = False
) -> FastAPI:
    """Return the application: ``/en`` and ``/zh``, and ``/`` which goes to the visitor's own.

    Parameters
    ----------
    loaded : mapping of vertical to its solution, ready to answer
    brand : Brand, optional
        A client's; the suite's own where left out.
    workshop : bool
        Whether there is a page that makes models for clients.
    """
    brand = brand or Brand()
    app = FastAPI(title="Colonnade", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    def choose_language(request: Request) -> RedirectResponse:
        return RedirectResponse(f"/{_preferred(request, brand.language).value}/")

    @app.get("/healthz")
    def ready() -> dict[str, list[str]]:
        return {"ready": list(loaded)}

    app.add_middleware(PageHead)
    if password := settings().password.get_secret_value():
        app.add_middleware(Gate, password=password)
    for language in Language:
        hub = build_hub(loaded, brand.words[language], workshop=workshop)
        hub.state_session_capacity = _MOST_VISITORS
        with warnings.catch_warnings():
            # it says that a hub of several pages is rendered in the browser, which is what we want
            warnings.filterwarnings("ignore", message="SSR mode is not supported", category=UserWarning)
            gr.mount_gradio_app(
                app,
                hub.queue(default_concurrency_limit=2),
                path=f"/{language.value}",
                theme=theme(brand.accent),
                css=css(),
                footer_links=[],
                run_history=False,
                max_file_size=_MOST_BYTES,
                show_error=False,
            )
    return app


def _preferred(request: Request, usual: Language) -> Language:
    """Return the language chosen before, else the browser's."""
    chosen = request.cookies.get("colonnade_language", "")
    spoken = (chosen or request.headers.get("accept-language", "")).lower()
    return next((language for language in Language if spoken.startswith(language.value)), usual)


def open_to_all(host: str) -> bool:
    """Tell whether whoever reaches this machine reads the pages, with no password asked."""
    return host not in _LOOPBACK and not settings().password.get_secret_value()


def serve(
    loaded: Mapping[str, Solution[Any, Any]],
    host: str,
    port: int,
    announce: Callable[[str], None],
    brand: Brand | None = None,
) -> None:
    """Serve until Ctrl-C; ``announce`` is called with the address once requests are answered.

    Raises
    ------
    InputError
        The port is taken.
    """
    listening = _listen(host, port)
    address = f"http://{host}:{listening.getsockname()[1]}"
    # whoever reaches it may fill the disk and keep the processors busy: it is for this machine's own user
    app = create_app(loaded, brand, workshop=brand is None and host in _LOOPBACK)
    # open pages hold a connection each: they must not keep Ctrl-C waiting
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)

    class _Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce(address)

    _Announcing(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another with --port"
        ) from error
    return listening
