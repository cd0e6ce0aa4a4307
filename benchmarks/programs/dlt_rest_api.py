"""dlt's `rest_api` source: `dlt_rest_api.py URL KEY STREAM FOLDER WORKERS`."""

from __future__ import annotations

import sys

import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source

SEARCH = {"size": 200, "sortBy": "modifiedTime", "sortDirection": "desc"}


def config(url: str, key: str) -> RESTAPIConfig:
    return {
        "client": {
            "base_url": url,
            "auth": {
                "type": "api_key",
                "name": "X-API-Key",
                "api_key": key,
                "location": "header",
            },
        },
        "resource_defaults": {"primary_key": "id", "parallelized": True},
        "resources": [
            {
                "name": "clients",
                "endpoint": {
                    "path": "client/search",
                    "params": SEARCH,
                    "data_selector": "data",
                    "paginator": {
                        "type": "page_number",
                        "base_page": 0,
                        "page_param": "page",
                        "total_path": "totalPages",
                    },
                },
            },
            {
                "name": "client_details",
                "endpoint": {
                    "path": "client/{resources.clients.uuid}",
                    "paginator": "single_page",
                },
            },
        ],
    }


def main() -> None:
    url, key, stream, folder, workers = sys.argv[1:]
    pipeline = dlt.pipeline("benchmark", pipelines_dir=folder)
    source = rest_api_source(config(url, key)).with_resources(stream)
    pipeline.extract(source, workers=int(workers))


if __name__ == "__main__":
    main()
