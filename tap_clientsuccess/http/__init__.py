"""Requests to the API: sent, retried, bounded in time and memory, and their errors."""
