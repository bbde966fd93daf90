"""Style sheets, scripts, icons and templates: nothing that the content policy forbids, nothing unreadable."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "web"
STATIC = WEB / "static"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
TOKENS = (STATIC / "css" / "tokens.css").read_text()


def test_vendored_files_are_the_ones_that_were_looked_at() -> None:
    noted = json.loads((STATIC / "vendor" / "DIGESTS.json").read_text())
    found = {
        path.name: "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
        for path in (STATIC / "vendor").glob("*.js")
    }
    assert found == noted
    licences = (STATIC / "LICENSES.md").read_text()
    assert all(f"vendor/{name}" in licences for name in found)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB)))
def test_a_template_has_nothing_that_the_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "inline styles do not work under the policy; use a class"
    assert not re.search(r"\son[a-z]+\s*=(?!=)", text), "inline handlers do not work under the policy"
    assert "<script" not in text, "use script(), which adds nonce and digest"
    assert "<style" not in text
    assert not re.search(r"\|\s*safe\b", text), "values of others are always escaped"
    assert "autoescape" not in text
    assert "hx-on" not in text
    assert "hx-vals='js" not in text
    assert "javascript:" not in text
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text), "nothing comes from other hosts"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB)))
def test_a_form_that_posts_carries_the_token(path: Path) -> None:
    for form in re.findall(r"<form\b[^>]*>.{0,900}", path.read_text(), re.DOTALL):
        if re.search(r'method="post"', form, re.IGNORECASE):
            assert "csrf()" in form


def test_every_icon_that_templates_name_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    listed = set((STATIC / "icons.txt").read_text().split())
    assert drawn == listed
    named = {name for path in TEMPLATES for name in re.findall(r'icon\("([\w-]+)"', path.read_text())}
    named |= set(re.findall(r'Entry\("[^"]+", "([\w-]+)"', (WEB / "ui.py").read_text()))
    assert named <= drawn


def test_only_the_tokens_know_colours() -> None:
    for path in (STATIC / "css").glob("*.css"):
        if path.name != "tokens.css":
            text = re.sub(r"url\(.*?\)", "", path.read_text())
            same_in_both_themes = r"(?m)^\.(door-art|scene|qr|letter)[^{]*\{[^}]*\}"
            text = re.sub(same_in_both_themes, "", text)
            text = re.sub(r"@media print \{.*", "", text)
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", text), path.name


def test_directions_are_logical_so_that_pages_can_be_mirrored() -> None:
    for path in (STATIC / "css").glob("*.css"):
        physical = re.findall(
            r"(?<![\w-])(?:margin|padding|border)-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:|text-align:\s*(?:left|right)",
            path.read_text(),
        )
        assert not physical, path.name


def _colours(theme: int) -> dict[str, str]:
    pairs = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}), #\w{6}\)", TOKENS))
    if theme:
        pairs = dict(re.findall(r"--([\w-]+): light-dark\(#\w{6}, (#\w{6})\)", TOKENS))
    return pairs


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_and_controls_have_the_contrast_of_wcag_aa(theme: int) -> None:
    colour = _colours(theme)
    grounds = ("bg", "surface", "sunken", "raised", "nav", "nav-current")
    pairs = [(text, ground) for text in ("text", "muted", "accent-text", "bad") for ground in grounds]
    pairs += [("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-bad", "bad"), ("accent-text", "accent-weak")]
    pairs += [(tone, f"{tone}-weak") for tone in ("good", "warn", "bad", "info", "violet")]
    pairs += [("text", f"{tone}-weak") for tone in ("good", "warn", "bad", "info", "violet", "accent")]
    for text, ground in pairs:
        assert _contrast(colour[text], colour[ground]) >= 4.5, f"{text} on {ground}"
    for ground in ("surface", "bg"):
        assert _contrast(colour["line-strong"], colour[ground]) >= 3.0, f"borders of controls on {ground}"
        assert _contrast(colour["accent"], colour[ground]) >= 3.0, f"focus rings on {ground}"
