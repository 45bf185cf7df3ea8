"""Ask for a password before anything is shown, where one is set: an inbox holds what customers wrote.

HTTP Basic (RFC 7617), which browsers and ``curl`` know: one login for both languages, where Gradio's own asks at each.
"""

import binascii
from base64 import b64decode
from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Gate"]

_OPEN = "/healthz"
_SAID = "The password, please; any name will do. 请输入密码，用户名任意。"
_HEADER = {"WWW-Authenticate": 'Basic realm="Colonnade", charset="UTF-8"'}


class Gate:
    """ASGI middleware that lets in whoever knows the password, under any name; ``/healthz`` is open to all.

    Parameters
    ----------
    app : ASGIApp
    password : str
    """

    def __init__(self, app: ASGIApp, password: str) -> None:
        self.app = app
        self.password = password.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan" or scope["path"] == _OPEN or self._known(Headers(scope=scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(_SAID, 401, _HEADER)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _known(self, headers: Headers) -> bool:
        kind, _, code = headers.get("authorization", "").partition(" ")
        try:
            given = b64decode(code, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return kind.lower() == "basic" and compare_digest(given, self.password)
