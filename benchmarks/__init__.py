"""The benchmark: this tap and others read the same local server. See `make bench`."""
