"""The routes: the API's own, and the sandbox's control over itself."""
