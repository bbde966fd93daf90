"""One-time passwords of an authenticator app: the second factor."""

import hmac
from datetime import datetime

import pyotp
import segno

STEP_SECONDS = 30
_ISSUER = "Wayfare"


def new_secret() -> str:
    """Return a new secret: 160 bits in base32."""
    return str(pyotp.random_base32())


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, at most one step away from now; None when it is none.

    The caller spends the step in the database, so that a code that was watched is of no use.
    """
    digits = code.replace(" ", "")
    if not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return None
    present, generator = int(now.timestamp()) // STEP_SECONDS, pyotp.TOTP(secret)
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(generator.generate_otp(step), digits):
            return step
    return None


def picture(secret: str, login: str) -> str:
    """Return a QR code for authenticator apps, as SVG without any style attribute."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)
    svg: str = segno.make(uri, error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff", omitsize=True)
    return svg
