"""What may be kept of an issuer's error: a short text without anything that looks like a secret."""

import re

from console.server.broker.issuers.base import IssuerError

LONGEST = 240
_SECRET = re.compile(r"(?i)\b(bearer|basic|token|password|secret|key)\b(\s*[:=]\s*|\s+)\S+|[A-Za-z0-9_\-+/=.]{24,}")
_URL_LOGIN = re.compile(r"//[^/\s@]+@")


def scrubbed(error: BaseException) -> str:
    """The error in one line. Only an IssuerError's own text is kept; of any other error only its kind."""
    if not isinstance(error, IssuerError):
        return type(error).__name__
    text = " ".join(str(error).split())
    text = _URL_LOGIN.sub("//…@", text)
    return _SECRET.sub("…", text)[:LONGEST] or type(error).__name__
