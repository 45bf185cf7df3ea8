"""One process that serves the hub in both languages, and tells whether it is ready."""

import asyncio
import logging
import os
import socket
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from threading import Lock
from typing import Any

from foundation.errors import ColonnadeError, InputError
from foundation.settings import settings
from solutions.base import Solution

# Read by gradio when it is imported: no usage figures, no version check, nothing fetched.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.routing import Route

from apps.brand import Brand
from apps.gate import Gate
from apps.head import PageHead
from apps.hub import WORKSHOP, build_hub, build_page
from apps.learning import Learner, Verticals
from apps.locale import Language
from apps.theme import css, theme

__all__ = ["create_app", "open_to_all", "serve"]

logger = logging.getLogger(__name__)

_MOST_BYTES = "20mb"
# Gradio keeps what the hub looks like for each visitor (0.6 MB) beside what the visitor did, and would for 10,000 of
# them; of more than so many, who did nothing for the longest time is forgotten.
_MOST_VISITORS = 500
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LOOK_SECONDS = 0.5


def create_app(verticals: Verticals, brand: Brand | None = None, *, workshop: bool = False) -> FastAPI:
    """Return the application: ``/en`` and ``/zh``, and ``/`` which goes to the visitor's own.

    Parameters
    ----------
    verticals : mapping of name to solution or learner
        A learner begins when the application is served, and its page opens when it is done.
    brand : Brand, optional
        A client's; the suite's own where left out.
    workshop : bool
        Whether there is a page that makes models for clients.
    """
    brand = brand or Brand()
    learners = [vertical for vertical in verticals.values() if isinstance(vertical, Learner)]

    building = Lock()  # gradio keeps in one place, for all threads, which page is being built

    def late_pages(solution: Solution[Any, Any]) -> FastAPI:
        late = _bare_app()
        with building:
            for language in Language:
                path = f"/{language.value}/{solution.spec.name}"
                page = build_page(solution, verticals, brand.words[language], workshop=workshop)
                late.router.routes.append(_redirect(path, f"{path}/"))
                _mount(late, page, path, brand)
        return late

    app = _bare_app(lambda served: _learning(served, learners, late_pages))

    @app.get("/")
    def choose_language(request: Request) -> RedirectResponse:
        return RedirectResponse(f"/{_preferred(request, brand.language).value}/")

    @app.get("/healthz")
    def ready() -> dict[str, list[str]]:
        closed = [learner.spec.name for learner in learners if learner.ready is None]
        failed = [learner.spec.name for learner in learners if learner.problem]
        return {
            "ready": [name for name in verticals if name not in closed],
            "learning": [name for name in closed if name not in failed],
            "failed": failed,
        }

    app.add_middleware(PageHead)
    if password := settings().password.get_secret_value():
        app.add_middleware(Gate, password=password)
    for language in Language:
        # gradio's own way from the one spelling to the other forgets the language
        for name in [*verticals, WORKSHOP]:
            app.router.routes.append(_redirect(f"/{language.value}/{name}/", f"/{language.value}/{name}"))
        hub = build_hub(verticals, brand.words[language], workshop=workshop)
        _mount(app, hub, f"/{language.value}", brand)
    return app


def _redirect(path: str, target: str) -> Route:
    """Lead from one spelling of an address to the other, for now: when a page opens beside the hub it turns round."""

    def answer(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{target}?{request.url.query}" if request.url.query else target)

    return Route(path, answer)


def _bare_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None) -> FastAPI:
    return FastAPI(title="Colonnade", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)


def _mount(app: FastAPI, blocks: gr.Blocks, path: str, brand: Brand) -> None:
    blocks.state_session_capacity = _MOST_VISITORS
    with warnings.catch_warnings():
        # it says that a hub of several pages is rendered in the browser, which is what we want
        warnings.filterwarnings("ignore", message="SSR mode is not supported", category=UserWarning)
        gr.mount_gradio_app(
            app,
            blocks.queue(default_concurrency_limit=2),
            path=path,
            theme=theme(brand.accent),
            css=css(),
            footer_links=[],
            run_history=False,
            max_file_size=_MOST_BYTES,
            show_error=False,
        )


@asynccontextmanager
async def _learning(
    app: FastAPI, learners: Sequence[Learner], late_pages: Callable[[Solution[Any, Any]], FastAPI]
) -> AsyncIterator[None]:
    """Let verticals learn while the application is served."""
    opening = [asyncio.create_task(_opened(app, learner, late_pages)) for learner in learners]
    yield
    for task in opening:
        task.cancel()
    await asyncio.gather(*opening, return_exceptions=True)


async def _opened(app: FastAPI, learner: Learner, late_pages: Callable[[Solution[Any, Any]], FastAPI]) -> None:
    """Let a vertical learn, then answer for it before the hub does, whose page of it can only wait."""
    try:
        learner.start()
        while not learner.learnt:
            await asyncio.sleep(_LOOK_SECONDS)
        solution = await asyncio.to_thread(learner.load)
        late = await asyncio.to_thread(late_pages, solution)
        async with late.router.lifespan_context(late):
            app.router.routes[:0] = late.routes
            learner.ready = solution
            await asyncio.Event().wait()  # until the server stops
    except ColonnadeError as error:
        learner.fail(str(error))
    except Exception as error:  # the other pages go on, and this one says so
        logger.exception("the page of %s could not be made", learner.spec.name)
        learner.fail(f"its page could not be made ({type(error).__name__}); see what the terminal says")
    finally:
        learner.stop()


def _preferred(request: Request, usual: Language) -> Language:
    """Return the language chosen before, else the browser's."""
    chosen = request.cookies.get("colonnade_language", "")
    spoken = (chosen or request.headers.get("accept-language", "")).lower()
    return next((language for language in Language if spoken.startswith(language.value)), usual)


def open_to_all(host: str) -> bool:
    """Tell whether whoever reaches this machine reads the pages, with no password asked."""
    return host not in _LOOPBACK and not settings().password.get_secret_value()


def serve(
    verticals: Verticals,
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
    app = create_app(verticals, brand, workshop=brand is None and host in _LOOPBACK)
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
