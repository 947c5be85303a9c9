"""docker-compose.yml keeps to the Compose specification, and all that it names is there."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from appservice.deployment import new_deployment

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(TEXT))


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operator") / "deployment"
    new_deployment(folder, server_name="care.example", admins=["@paul:care.example"], email="paul@care.example")
    return folder


def test_it_keeps_to_the_specification(compose: dict[str, Any]) -> None:
    merged = yaml.safe_dump(compose, sort_keys=False)  # anchors written out: the checker reads none
    checked = PyCompose.from_yaml(merged)
    checked.validate()
    assert set(checked.service_names()) == set(compose["services"])


def test_the_checker_sees_what_is_wrong(compose: dict[str, Any]) -> None:
    for broken in ({"restart": "sometimes"}, {"unheard": 1}, {"secrets": ["lost"]}):
        services = compose["services"] | {"proxy": compose["services"]["proxy"] | broken}
        with pytest.raises(ValueError, match=next(iter(broken))):
            PyCompose.from_yaml(yaml.safe_dump(compose | {"services": services})).validate()


def test_every_file_is_in_the_repository_or_made_by_new_deployment(compose: dict[str, Any], deployment: Path) -> None:
    for kind in ("configs", "secrets"):
        for place in compose[kind].values():
            file = Path(place["file"])
            made = deployment / file.name if file.parent == Path("deployment") else ROOT / file
            assert made.is_file(), file
    variables = {line.partition("=")[0] for line in (deployment / ".env").read_text().splitlines()}
    assert variables == {"SERVER_NAME", "OPERATOR_EMAIL"}
    assert all(f"${{{name}:?" in TEXT for name in variables)


def test_synapse_finds_the_module_that_its_configuration_names(compose: dict[str, Any]) -> None:
    (module,) = yaml.safe_load((ROOT / "synapse" / "homeserver.yaml").read_text())["modules"]
    folder = module["module"].partition(".")[0]
    synapse = compose["services"]["synapse"]
    path = synapse["environment"]["PYTHONPATH"]
    assert f"./synapse/{folder}:{path}/{folder}:ro" in synapse["volumes"]
    assert (ROOT / "synapse" / folder / "__init__.py").is_file()


def test_services_wait_for_services_that_there_are(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for needed, how in dict.fromkeys(service.get("depends_on", {})).items():
            condition = how or service["depends_on"]
            assert needed in services
            if isinstance(condition, dict) and condition[needed]["condition"] == "service_healthy":
                assert "healthcheck" in services[needed]


def test_two_careconnects_and_only_the_proxy_can_be_reached(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["careconnect"]["deploy"]["replicas"] == 2
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["back"]["internal"] is True
    assert services["postgres"]["networks"] == ["back"]
    assert services["proxy"]["networks"] == ["front"]
