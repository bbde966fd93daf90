"""Make static/icons.svg anew: `python -m web.sprite PACKAGE`, where PACKAGE is an unpacked npm package @tabler/icons.

Add a name to static/icons.txt, run it, and commit both. Names are Tabler's (https://tabler.io/icons, outline).
"""

import re
import sys
from pathlib import Path

ICONS = Path(__file__).parent / "static" / "icons.txt"
TARGET = Path(__file__).parent / "static" / "icons.svg"


def main(package: Path) -> None:
    """Write the sprite from an unpacked package."""
    symbols = [
        _symbol(package / "icons" / "outline" / f"{name}.svg", name) for name in sorted(set(ICONS.read_text().split()))
    ]
    head = '<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Tabler Icons, MIT licence, see LICENSES.md -->\n'
    TARGET.write_text(head + "\n".join(symbols) + "\n</svg>\n")


def _symbol(path: Path, name: str) -> str:
    shapes = re.findall(r"<(?:path|circle|line|rect|polyline)\b[^>]*/>", path.read_text(), re.DOTALL)
    drawn = [re.sub(r"\s+", " ", shape) for shape in shapes if 'stroke="none" d="M0 0h24' not in shape]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(drawn)}</symbol>'


if __name__ == "__main__":
    main(Path(sys.argv[1]))
