"""The Chromium that browser tests drive."""

import os
import shutil

# The background-networking flags keep it from calling home: a machine without internet answers with errors.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--metrics-recording-only",
]


def find_chromium() -> str | None:
    """Return the browser's program: WAYFARE_TEST_CHROMIUM, Debian's chromium, or a Chrome on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    given = os.environ.get("WAYFARE_TEST_CHROMIUM")
    return given or next(filter(None, map(shutil.which, names)), None) or (mac if os.path.exists(mac) else None)
