"""dlt's `rest_api` source: `dlt_rest_api.py URL KEY STREAM FOLDER WORKERS`."""

from __future__ import annotations

import sys

import dlt
from dlt.sources.rest_api import rest_api_source

AUTH = {"type": "api_key", "name": "X-API-Key", "location": "header"}
PAGES = {
    "type": "page_number",
    "base_page": 0,
    "page_param": "page",
    "total_path": "totalPages",
}
CLIENTS = {
    "path": "client/search",
    "params": {"size": 200, "sortBy": "modifiedTime", "sortDirection": "desc"},
    "data_selector": "data",
    "paginator": PAGES,
}
DETAILS = {"path": "client/{resources.clients.uuid}", "paginator": "single_page"}


def main() -> None:
    url, key, stream, folder, workers = sys.argv[1:]
    pipeline = dlt.pipeline("benchmark", pipelines_dir=folder)
    source = rest_api_source(
        {
            "client": {"base_url": url, "auth": {**AUTH, "api_key": key}},
            "resource_defaults": {"primary_key": "id", "parallelized": True},
            "resources": [
                {"name": "clients", "endpoint": CLIENTS},
                {"name": "client_details", "endpoint": DETAILS},
            ],
        }
    )
    pipeline.extract(source.with_resources(stream), workers=int(workers))


if __name__ == "__main__":
    main()
