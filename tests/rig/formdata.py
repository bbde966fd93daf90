"""What a browser would send of a form, read from its HTML: controls that are off or disabled are left out."""

from html.parser import HTMLParser

_LINES = ("\r\n", "\n")


class _Controls(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[tuple[str, str]] = []
        self._area: tuple[str, list[str]] | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._option: tuple[str | None, list[str], bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name") or ""
        if tag == "input" and name:
            kind = found.get("type") or "text"
            if kind in ("checkbox", "radio"):
                if "checked" in found:
                    self.pairs.append((name, found.get("value") or "on"))
            elif kind != "submit":
                value = found.get("value") or ""
                self.pairs.append((name, value if kind == "hidden" else value.replace("\r", "").replace("\n", "")))
        elif tag == "textarea":
            self._area = (name, [])
        elif tag == "select":
            self._select = (name, [])
        elif tag == "option":
            self._option = (found.get("value"), [], "selected" in found)

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)
        if self._option is not None:
            self._option[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            name, parts = self._area
            text = "".join(parts).replace("\r\n", "\n").replace("\r", "\n")
            text = text.removeprefix("\n")  # the first line break after the tag does not count
            if name:
                self.pairs.append((name, text.replace("\n", "\r\n")))
            self._area = None
        elif tag == "option" and self._option is not None and self._select is not None:
            value, parts, is_chosen = self._option
            self._select[1].append(("".join(parts) if value is None else value, is_chosen))
            self._option = None
        elif tag == "select" and self._select is not None:
            name, options = self._select
            chosen = [value for value, is_chosen in options if is_chosen] or [value for value, _ in options[:1]]
            if name and chosen:
                self.pairs.append((name, chosen[-1]))
            self._select = None


def sent(html: str) -> dict[str, list[str]]:
    """Return what the form in this HTML sends: each name with its values, in order."""
    reader = _Controls()
    reader.feed(html)
    reader.close()
    found: dict[str, list[str]] = {}
    for name, value in reader.pairs:
        found.setdefault(name, []).append(value)
    return found
