"""A wrong configuration of the module is told when Synapse starts, and what both sides write is spelt alike."""

import pytest
from synapse.module_api.errors import ConfigError

from appservice.matrix import consultation
from careconnect_policy import CarePolicy, rules


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"keeper": "@careconnect-keeper:care.example"}, "keeper: .*localpart"),
        ({"bots": "("}, "bots: .*regular expression"),
        ({"patients_invite": "nobody"}, "patients_invite"),
        ({"keepr": "x"}, "keepr"),
    ],
)
def test_a_wrong_configuration_is_told(config: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        CarePolicy.parse_config(config)


def test_an_empty_one_has_careconnects_own_names() -> None:
    read = CarePolicy.parse_config({})
    assert (read.keeper, read.patients_invite, read.public_rooms) == ("careconnect-keeper", "staff", False)


def test_service_and_module_spell_alike() -> None:
    assert (consultation.KIND, consultation.TEAM, consultation.STAFF) == (rules.KIND, rules.TEAM, rules.STAFF)
    body = consultation.creation("@keeper:here", "7F3K2A", lobby="!l:here", team={"@anna:here": rules.PATIENT})
    assert body["creation_content"] == {rules.KIND: rules.CONSULTATION}
    assert consultation.lobby_creation("@keeper:here")["creation_content"][rules.KIND] == rules.LOBBY
