"""Texts with variables as people read them in a list: ‹First name› in place of {{ first_name }}."""

import re

_OUTPUT = re.compile(r"\{\{-?\s*([\w.]+)[^{}]*\}\}")
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_NAMES = {
    "code": "Code",
    "code_valid_until": "Last day",
    "certificate.valid_until": "Last day",
    "price_valid_until": "Last day",
    "points_valid_until": "Last day",
    "price_currency": "Currency",
    "certificate.currency": "Currency",
    "price_product": "Product",
    "price_before": "Old price",
    "points_balance": "Balance",
}


def named_outputs(text: str) -> str:
    """Return a template with its outputs as names in ‹›, and without its tags; what is no template stays as it is."""
    return _OUTPUT.sub(lambda found: f"‹{_name(found[1])}›", _TAG.sub(" ", text))


def _name(variable: str) -> str:
    if variable in _NAMES:
        return _NAMES[variable]
    words = variable.removeprefix("attrs.").removeprefix("data.").replace("_", " ").replace(".", " ")
    return words[:1].upper() + words[1:]
