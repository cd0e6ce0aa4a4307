"""Draw the clients' health over time; `make dbt-chart` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import matplotlib as mpl
from matplotlib.figure import Figure

WAREHOUSE = Path(__file__).parents[2] / "output" / "demo.duckdb"
QUARTILES = """
SELECT date_trunc('quarter', month) AS quarter,
  quantile_cont(score, 0.25), quantile_cont(score, 0.5), quantile_cont(score, 0.75)
FROM customer_success.client_health_by_month
WHERE score IS NOT NULL AND month < CAST(? AS DATE)
GROUP BY quarter ORDER BY quarter
"""


def main(today: str, path: str) -> None:
    """Write the chart of the time before today as SVG."""
    mpl.rcParams |= {"svg.hashsalt": "dbt", "font.size": 10}
    with duckdb.connect(str(WAREHOUSE), read_only=True) as warehouse:
        quarters, low, middle, high = zip(
            *warehouse.execute(QUARTILES, [today]).fetchall(), strict=True
        )
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(quarters, low, high, alpha=0.2, label="middle half of clients")
    axes.plot(quarters, middle, marker="o", markersize=3, label="median")
    axes.set_ylabel("Health score")
    axes.set_title("Health over time, per quarter", loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
