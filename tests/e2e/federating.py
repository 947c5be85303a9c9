"""careConnect with its directory on a homeserver that federates; the demo's own does not."""

from dataclasses import replace
from pathlib import Path

from booking.context import Context
from core.database import Database
from demo.accounts import new_accounts
from demo.certificates import Certificates
from demo.child import Child, free_port
from demo.homeserver import Homeserver
from demo.ports import Ports
from demo.run import CARECONNECT
from demo.seed import seed
from demo.state import settings_from, state_in, write_configuration
from demo.stripe.process import StripeProcess
from records.sealing import Vault


class Clinic:
    """All in one folder, on a database that is migrated and empty: `start` it, then `stop` it.

    `synapse`: the homeserver's database; without one it is SQLite's.
    """

    def __init__(
        self, folder: Path, certificates: Certificates, database_url: str, *, synapse: str | None = None
    ) -> None:
        registrations = [folder / "registration.yaml"]
        self.homeserver = Homeserver(
            folder / "synapse", registrations=registrations, certificates=certificates, database=synapse
        )
        state = replace(state_in(folder), accounts=new_accounts(self.homeserver.server_name))
        self._ports = Ports(self.homeserver.port, free_port(), free_port())
        settings = settings_from(state, self._ports, database_url)
        matrix = settings.matrix.model_copy(update={"server_name": self.homeserver.server_name})
        self._settings = settings.model_copy(update={"matrix": matrix})
        self.doctor, self._accounts, self.bot_id = state.accounts.doctor, state.accounts, matrix.bot_id
        configuration, _ = write_configuration(folder, self._settings)
        self.stripe = StripeProcess(
            folder / "stripe",
            webhook_url=f"http://127.0.0.1:{self._ports.careconnect}/stripe/webhook",
            port=self._ports.stripe,
            api_key=state.stripe_key,
            webhook_secret=state.webhook_secret,
        )
        environment = {"CARECONNECT_CONFIG": str(configuration)}
        self._careconnect = Child("careConnect", [str(CARECONNECT), "serve"], folder / "serve.log", env=environment)

    async def start(self, database: Database) -> None:
        """Return when all parts answer."""
        self.homeserver.start()
        self.homeserver.register(self.doctor.localpart, self.doctor.password, display_name=self.doctor.name)
        await seed(database, Context(Vault.from_settings(self._settings.records), self._settings), self._accounts)
        self.stripe.start()
        self._careconnect.start()
        self._careconnect.wait_for(f"http://127.0.0.1:{self._ports.careconnect}/health/ready")

    def stop(self) -> None:
        for part in (self._careconnect, self.stripe, self.homeserver):
            part.stop()
