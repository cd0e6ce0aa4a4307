"""Faults: what makes the sandbox fail in chosen ways."""
