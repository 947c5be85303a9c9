"""nio's notion of trust in devices, kept in memory: the bot verifies nobody, so there is nothing to remember."""

from collections.abc import Iterable

from nio.crypto import OlmDevice, TrustState


class TrustInMemory:
    """The part of nio's store interface that is about trust."""

    def _set(self, device: OlmDevice, state: TrustState, only_from: TrustState | None = None) -> bool:
        if device.trust_state == state or (only_from is not None and device.trust_state != only_from):
            return False
        device.trust_state = state
        return True

    def verify_device(self, device: OlmDevice) -> bool:
        return self._set(device, TrustState.verified)

    def unverify_device(self, device: OlmDevice) -> bool:
        return self._set(device, TrustState.unset, TrustState.verified)

    def blacklist_device(self, device: OlmDevice) -> bool:
        return self._set(device, TrustState.blacklisted)

    def unblacklist_device(self, device: OlmDevice) -> bool:
        return self._set(device, TrustState.unset, TrustState.blacklisted)

    def ignore_device(self, device: OlmDevice) -> bool:
        return self._set(device, TrustState.ignored)

    def unignore_device(self, device: OlmDevice) -> bool:
        return self._set(device, TrustState.unset, TrustState.ignored)

    def ignore_devices(self, devices: Iterable[OlmDevice]) -> None:
        for device in devices:
            self.ignore_device(device)

    def is_device_verified(self, device: OlmDevice) -> bool:
        return bool(device.trust_state == TrustState.verified)

    def is_device_blacklisted(self, device: OlmDevice) -> bool:
        return bool(device.trust_state == TrustState.blacklisted)

    def is_device_ignored(self, device: OlmDevice) -> bool:
        return bool(device.trust_state == TrustState.ignored)
