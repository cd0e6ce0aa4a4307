"""What says that the endpoint of each stream exists, and what it answers."""

from __future__ import annotations

AIRBYTE = "public Airbyte connector"
SINGER = "older public Singer tap"
MCP = "public MCP server"
V1 = "older public Singer tap, public clients of v1"
EVIDENCE = {
    **dict.fromkeys(("clients", "contacts", "contracts", "products"), AIRBYTE),
    **dict.fromkeys(("client_notes", "pulses", "tasks"), MCP),
    "custom_fields": f"{AIRBYTE}; {MCP}",
    **dict.fromkeys(("client_details", "contact_details"), SINGER),
    **dict.fromkeys(("employees", "client_statuses", "client_segments"), V1),
    "subscriptions": "one recording of a public client of v1: types are open",
    "sync_log": "the tap itself",
}
