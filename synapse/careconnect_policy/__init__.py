"""careConnect's policy: a module that Synapse loads (`modules:` in synapse/homeserver.yaml).

It holds our own homeserver's users to the rules of the service's rooms. What other servers send is never refused here:
that would only make two servers disagree about a room. Against them stand the rooms' own power levels.
"""

from careconnect_policy.module import CarePolicy

__all__ = ["CarePolicy"]
