"""Faults: what makes the sandbox fail in chosen ways."""

from __future__ import annotations
