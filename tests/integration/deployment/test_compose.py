"""docker-compose.yml keeps to the Compose specification, and all that it names is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from appservice.deployment import new_deployment
from demo.workers import routes

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


@pytest.fixture(scope="module")
def workers() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.workers.yml").read_text()))


def test_synapse_in_several_processes_is_laid_over_it(compose: dict[str, Any], workers: dict[str, Any]) -> None:
    services = {name: compose["services"].get(name, {}) | service for name, service in workers["services"].items()}
    whole = compose | {
        "services": compose["services"] | services,
        "configs": compose["configs"] | workers["configs"],
    }
    PyCompose.from_yaml(yaml.safe_dump(whole, sort_keys=False)).validate()
    for place in workers["configs"].values():
        assert (ROOT / place["file"]).is_file(), place
    assert all("ports" not in service for service in workers["services"].values())


def test_every_process_has_its_file_its_service_and_its_route(workers: dict[str, Any]) -> None:
    folder = ROOT / "synapse" / "workers"
    names = {file.stem: yaml.safe_load(file.read_text()) for file in folder.glob("*.yaml") if file.stem != "shared"}
    shared = yaml.safe_load((folder / "shared.yaml").read_text())
    listening = {name for name, worker in names.items() if "worker_listeners" in worker}
    routed = {host.removeprefix("synapse-") for _, hosts in routes() for host in hosts}
    assert routed == listening
    for name, worker in names.items():
        assert worker["worker_name"] == name
        service = workers["services"][f"synapse-{name.replace('_', '-')}"]
        assert service["command"] == ["-c", f"/config/{name}.yaml"]
        assert worker["worker_app"] in service["entrypoint"]
    written = {name for writers in shared["stream_writers"].values() for name in writers}
    assert written <= set(shared["instance_map"]) <= {"main", *names}
    assert set(shared["federation_sender_instances"]) <= set(names)
    assert shared["notify_appservices_from_worker"] in names


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/_matrix/client/v3/sync", "synapse-generic1"),
        ("/_matrix/client/v3/rooms/!a:b/send/m.room.encrypted/1", "synapse-generic1"),
        ("/_matrix/client/v3/sendToDevice/m.room.encrypted/1", "synapse-streams"),
        ("/_matrix/client/v3/rooms/!a:b/typing/@c:b", "synapse-streams"),
        ("/_matrix/client/v1/media/download/b/x", "synapse-media"),
        ("/_matrix/federation/v1/send/1", "synapse-generic1"),
        ("/_matrix/federation/v1/media/download/x", "synapse-media"),
        ("/_matrix/client/v3/keys/upload", None),
        ("/_matrix/client/v3/keys/device_signing/upload", None),
        ("/_matrix/client/v1/appservice/careconnect/ping", None),
    ],
)
def test_a_request_goes_where_it_belongs(path: str, host: str | None) -> None:
    assert next((hosts[0] for rule, hosts in routes() if rule.match(path)), None) == host


@pytest.mark.parametrize("file", ["Caddyfile", "Caddyfile.workers"])
def test_the_homeservers_own_door_to_careconnect_is_not_the_worlds(file: str) -> None:
    inside = re.search(r"@inside path (.*)", (ROOT / "deploy" / file).read_text())
    assert inside
    assert {"/_synapse/*", "/_careconnect/*", "/metrics", "/health", "/health/*"} <= set(inside[1].split())
