"""Synapse in several processes on loopback, from the files of production: synapse/workers and deploy/Caddyfile.workers.

What differs is where each listens. It needs redis-server, which Debian has.
"""

import json
import re
import ssl
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from demo.child import Child, free_port
from demo.homeserver import Homeserver
from demo.proxy import Proxy

_ROOT = Path(__file__).parents[1]
_FILES = _ROOT / "synapse" / "workers"
_SHARED = _FILES / "shared.yaml"
_RULE = re.compile(r"@(\w+) path_regexp (\S+)")
_TO = re.compile(r"handle @(\w+) \{.*?reverse_proxy ([^{\n]+)", re.DOTALL)
_MAIN = "synapse"


def routes() -> list[tuple[re.Pattern[str], list[str]]]:
    """The rules of Caddyfile.workers in their order: which paths go to which hosts."""
    text = (_ROOT / "deploy" / "Caddyfile.workers").read_text()
    to = {name: [host.partition(":")[0] for host in hosts.split()] for name, hosts in _TO.findall(text)}
    return [(re.compile(rule), to[name]) for name, rule in _RULE.findall(text)]


class ManyProcesses(Homeserver):
    """A homeserver that is reached by a proxy, which spreads requests over the main process and its workers."""

    def __init__(self, folder: Path, *, port: int, database: str, log: Path, **how: Any) -> None:
        super().__init__(folder, port=port, database=database, log=log, **how)
        self._logs = log.parent
        self._redis_port = free_port()
        self._main_port = free_port()
        self._replication_port = free_port()
        names = sorted(file.stem for file in _FILES.glob("*.yaml") if file != _SHARED)
        self._ports = {name: (free_port(), free_port()) for name in names}
        files = [_ROOT / "synapse" / "homeserver.yaml", _SHARED, self.folder / "homeserver.json"]
        self._configured = [f"--config-path={file}" for file in files]
        command = [sys.executable, "-m", "synapse.app.homeserver", *self._configured]
        self.child = Child("Synapse", command, log, env=self.environment, folder=self.folder)
        redis = ["redis-server", "--port", str(self._redis_port), "--bind", "127.0.0.1", "--save", ""]
        self._redis = Child("Redis", [*redis, "--dir", str(self.folder)], self._logs / "redis.log")
        self._workers: dict[str, Child] = {}
        self._proxies = [Proxy(port, self._choose)]
        if self._certificates and self._tls_port:  # other homeservers come by the same routes
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(self._certificates.certificate, self._certificates.key)
            self._proxies.append(Proxy(self._tls_port, self._choose, tls=tls))
        self._rules = routes()
        self.asked: dict[str, int] = {}
        """How many requests went to each process."""

    def write(self) -> None:
        """Besides the main process's file, one for each worker: where it listens here."""
        super().write()
        self._redis.start()
        for name, (port, replication) in self._ports.items():
            given = yaml.safe_load((_FILES / f"{name}.yaml").read_text())
            listeners = [
                {**listener, "port": place, "bind_addresses": ["127.0.0.1"]}
                for listener, place in zip(given.get("worker_listeners", []), (port, replication), strict=False)
            ]
            here: dict[str, Any] = {
                "worker_log_config": f"{_ROOT}/synapse/log.yaml",
                "worker_pid_file": f"{self.folder}/{name}.pid",
            }
            if listeners:
                here["worker_listeners"] = listeners
            (self.folder / f"{name}.json").write_text(json.dumps(here))

    def wait(self) -> None:
        """Start the workers once the main process answers, and the proxy before them all."""
        self.child.wait_for(f"http://127.0.0.1:{self._main_port}/health")
        for name in self._ports:
            self._begin(name)
        for name in self._ports:
            if (_FILES / f"{name}.yaml").read_text().find("worker_listeners") >= 0:
                self._workers[name].wait_for(f"http://127.0.0.1:{self._ports[name][0]}/health")
        for proxy in self._proxies:
            proxy.__enter__()

    def _begin(self, name: str) -> None:
        given = yaml.safe_load((_FILES / f"{name}.yaml").read_text())
        own = [f"--config-path={_FILES / name}.yaml", f"--config-path={self.folder / name}.json"]
        command = [sys.executable, "-m", given["worker_app"], *self._configured, *own]
        log = self._logs / f"synapse-{name}.log"
        self._workers[name] = Child(f"Synapse {name}", command, log, env=self.environment, folder=self.folder)
        self._workers[name].start()

    def kill_worker(self, name: str) -> None:
        self._workers[name].kill()

    def start_worker(self, name: str) -> None:
        self._begin(name)
        self._workers[name].wait_for(f"http://127.0.0.1:{self._ports[name][0]}/health")

    def stop(self) -> None:
        for proxy in self._proxies:
            proxy.__exit__()
        for worker in self._workers.values():
            worker.stop()
        super().stop()
        self._redis.stop()

    def _overrides(self) -> dict[str, Any]:
        values = super()._overrides()
        loopback = {"host": "127.0.0.1"}
        main = {**values["listeners"][0], "port": self._main_port}
        replication = {"port": self._replication_port, "type": "http", "bind_addresses": ["127.0.0.1"]}
        instances = {name: {**loopback, "port": replication} for name, (_, replication) in self._ports.items()}
        written = yaml.safe_load(_SHARED.read_text())["instance_map"]
        return {
            **values,
            "listeners": [main, {**replication, "resources": [{"names": ["replication"]}]}],
            "redis": {"enabled": True, **loopback, "port": self._redis_port},
            "instance_map": {
                "main": {**loopback, "port": self._replication_port},
                **{name: place for name, place in instances.items() if name in written},
            },
            "worker_replication_secret": self._secret("replication"),
        }

    def _choose(self, request: web.Request) -> Sequence[str]:
        path = request.path
        hosts = next((hosts for rule, hosts in self._rules if rule.match(path)), [_MAIN])
        # As Caddy's `lb_policy header Authorization`: one person's requests go to one process, if it is there.
        first = zlib.crc32(request.headers.get("Authorization", "").encode()) % len(hosts)
        ordered = hosts[first:] + hosts[:first]
        self.asked[ordered[0]] = self.asked.get(ordered[0], 0) + 1
        return [f"http://127.0.0.1:{self._port_of(host)}" for host in ordered]

    def _port_of(self, host: str) -> int:
        return self._main_port if host == _MAIN else self._ports[host.removeprefix("synapse-")][0]
