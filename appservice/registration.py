"""The registration file: how the homeserver knows this service."""

import json
import re
from pathlib import Path
from string import Template

from core.settings import MatrixSettings

_TEMPLATE = Path(__file__).parents[1] / "registration.yaml"


def registration(matrix: MatrixSettings, url: str) -> str:
    """Return the registration as YAML. `url` is where the homeserver reaches careConnect."""
    here = re.escape(matrix.server_name)
    values = {
        "id": matrix.service_id,
        "url": url,
        "as_token": matrix.as_token.get_secret_value(),
        "hs_token": matrix.hs_token.get_secret_value(),
        "keeper": matrix.keeper,
        "bots": f"@{re.escape(matrix.bot)}(-.+)?:{here}$",
        "keepers": f"@{re.escape(matrix.keeper)}:{here}$",
        "rooms": f"#careconnect-.*:{here}$",
    }
    return Template(_TEMPLATE.read_text()).substitute({name: json.dumps(value) for name, value in values.items()})
