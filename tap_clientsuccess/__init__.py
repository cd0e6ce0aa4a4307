"""Singer tap for ClientSuccess."""
