"""Reading form-encoded parameters as the SDK sends them: nested brackets, typed, refused in Stripe's words."""

import re
from typing import Any
from urllib.parse import parse_qsl

from demo.stripe.errors import ApiError, missing

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def parse(form: str) -> dict[str, Any]:
    """Return `a[b][0][c]=d` as {"a": {"b": [{"c": "d"}]}}; `a[]=x` appends. Raises ApiError for a broken key."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(form, keep_blank_values=True):
        found = _KEY.match(key)
        if not found:
            raise ApiError(f"Invalid parameter name: {key}", param=key)
        path = [found[1], *_PART.findall(found[2])]
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name or str(len(node)), {})
            if not isinstance(node, dict):
                raise ApiError(f"Invalid parameter: {key} is given twice, in two forms.", param=key)
        node[path[-1] or str(len(node))] = value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    values = {name: _lists(value) for name, value in node.items()}
    if values and all(name.isdecimal() for name in values):
        return [values[name] for name in sorted(values, key=int)]
    return values


class Params:
    """The parameters of one request, or of one nested group of it."""

    def __init__(self, values: dict[str, Any], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix

    def name(self, name: str) -> str:
        """The parameter's whole name, as errors tell it: `line_items[0][quantity]`."""
        return f"{self._prefix}[{name}]" if self._prefix else name

    def only(self, known: str) -> None:
        """Raise ApiError for a parameter whose name is not among the words of `known`."""
        for name in self._values:
            if name not in known.split():
                whole = self.name(name)
                raise ApiError(f"Received unknown parameter: {whole}", code="parameter_unknown", param=whole)

    def but(self, names: str) -> "Params":
        """The same without the parameters that are among the words of `names`."""
        left = {name: value for name, value in self._values.items() if name not in names.split()}
        return Params(left, self._prefix)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, *, longest: int = 5000) -> str | None:
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise ApiError(f"Invalid string: {self.name(name)}", param=self.name(name))
        if len(value) > longest:
            raise ApiError(
                f"Invalid string: {value[:20]}...; must be at most {longest} characters", param=self.name(name)
            )
        return value

    def required(self, name: str, *, longest: int = 5000) -> str:
        value = self.text(name, longest=longest)
        if value is None:
            raise missing(self.name(name))
        return value

    def url(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and not value.startswith(("http://", "https://")):
            raise ApiError("Not a valid URL", code="url_invalid", param=self.name(name))
        return value

    def integer(self, name: str, *, least: int = 0, most: int = 99_999_999_999) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            number = int(value)
        except ValueError:
            raise ApiError(
                f"Invalid integer: {value}", code="parameter_invalid_integer", param=self.name(name)
            ) from None
        if not least <= number <= most:
            raise ApiError(
                f"This value must be between {least} and {most}.",
                code="parameter_invalid_integer",
                param=self.name(name),
            )
        return number

    def boolean(self, name: str) -> bool | None:
        value = self.choice(name, "true false")
        return None if value is None else value == "true"

    def choice(self, name: str, known: str) -> str | None:
        value = self.text(name)
        if value is not None and value not in known.split():
            whole, words = self.name(name), known.replace(" ", ", ")
            raise ApiError(f"Invalid {whole}: must be one of {words}", param=whole)
        return value

    def texts(self, name: str) -> list[str]:
        value = self._values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ApiError("Invalid array", param=self.name(name))
        return value

    def group(self, name: str) -> "Params":
        value = self._values.get(name) or {}
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=self.name(name))
        return Params(value, self.name(name))

    def groups(self, name: str) -> list["Params"]:
        value = self._values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ApiError("Invalid array", param=self.name(name))
        return [Params(item, f"{self.name(name)}[{at}]") for at, item in enumerate(value)]

    def metadata(self) -> dict[str, str]:
        """Up to 50 keys of 40 letters, with values of 500 (docs.stripe.com/metadata)."""
        group = self.group("metadata")
        if len(group._values) > 50:
            raise ApiError("Metadata can have up to 50 keys.", param="metadata")
        kept: dict[str, str] = {}
        for key in group._values:
            if len(key) > 40:
                raise ApiError("Metadata keys can be up to 40 characters long.", param="metadata")
            value = group.text(key, longest=500)
            if value is not None:
                kept[key] = value
        return kept
