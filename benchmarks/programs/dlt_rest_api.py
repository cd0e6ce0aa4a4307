"""dlt's `rest_api` source of the same endpoints, extracted into a load package."""

from __future__ import annotations

import argparse

import dlt  # type: ignore[import-not-found]
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source  # type: ignore[import-not-found]


def main() -> None:
    """Extract the stream that is asked for."""
    options = _options()
    pipeline = dlt.pipeline("benchmark", pipelines_dir=options.folder)
    source = rest_api_source(_config(options)).with_resources(options.stream)
    pipeline.extract(source, workers=options.concurrency)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="dlt reads an API.")
    parser.add_argument("base_url")
    parser.add_argument("api_key")
    parser.add_argument("stream")
    parser.add_argument("folder", help="where the load package goes")
    parser.add_argument("--concurrency", type=int, default=5)
    return parser.parse_args()


def _config(options: argparse.Namespace) -> RESTAPIConfig:
    return {
        "client": {
            "base_url": options.base_url,
            "auth": {
                "type": "api_key",
                "name": "X-API-Key",
                "api_key": options.api_key,
                "location": "header",
            },
        },
        "resource_defaults": {"primary_key": "id", "parallelized": True},
        "resources": [
            {
                "name": "clients",
                "endpoint": {
                    "path": "client/search",
                    "params": {
                        "size": 200,
                        "sortBy": "modifiedTime",
                        "sortDirection": "desc",
                    },
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


if __name__ == "__main__":
    main()
