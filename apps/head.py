"""Put our script into the head of each page, before any of Gradio's runs.

Gradio's own ``head`` option reaches the browser as data and is inserted when the page is already up: too late for the
language, which is read once at the start, and for the colour mode, which would flicker.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.locale import Language
from apps.theme import page_head

__all__ = ["PageHead"]


class PageHead:
    """ASGI middleware that rewrites the start of HTML pages below ``/en`` and ``/zh``; all else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        language = _language(scope)
        if language is None:
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def rewritten(message: Message) -> None:
            # the start of an HTML response is held back until its body is whole, since its length changes
            if message["type"] == "http.response.start":
                if MutableHeaders(scope=message).get("content-type", "").startswith("text/html"):
                    held.append({**message, "body": b""})
                    return
            elif held:
                held[0]["body"] += message.get("body", b"")
                if message.get("more_body"):
                    return
                body = _with_script(held[0].pop("body"), language)
                MutableHeaders(scope=held[0])["content-length"] = str(len(body))
                await send(held[0])
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self.app(scope, receive, rewritten)


def _language(scope: Scope) -> Language | None:
    """Return the language of a page request, or None for any other."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    first = scope["path"].split("/")[1]
    return next((language for language in Language if language.value == first), None)


def _with_script(page: bytes, language: Language) -> bytes:
    spoken = "zh-CN" if language is Language.ZH else "en"
    marked = page.replace(b'lang="en"', f'lang="{spoken}"'.encode(), 1)
    return marked.replace(b"<head>", b"<head>" + page_head(language.value).encode(), 1)
