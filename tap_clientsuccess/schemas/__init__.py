"""One JSON schema a stream; pieces that several share stand in ``shared.json``."""
