"""Singer messages: how they are made, written and ended."""
