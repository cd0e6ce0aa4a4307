"""Requests to the API: authentication, retries, limits on time and memory, errors."""
