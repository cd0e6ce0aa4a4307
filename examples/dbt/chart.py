"""Draw one chart a mart; `make dbt-charts` runs it.

All of one currency, as amounts of several are never added up.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import duckdb
import matplotlib as mpl
from matplotlib.figure import Figure

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

Rows = list[tuple[t.Any, ...]]


def lines(*names: str) -> Callable[[Axes, Rows], None]:
    """Return how to draw a line a column, over the first."""

    def draw(axes: Axes, rows: Rows) -> None:
        first, *columns = zip(*rows, strict=True)
        for name, column in zip(names, columns, strict=True):
            axes.plot(first, column, marker="o", markersize=3, label=name)

    return draw


def bars(*names: str, wide: float = 20) -> Callable[[Axes, Rows], None]:
    """Return how to draw a stacked bar a row, positive and negative apart."""

    def draw(axes: Axes, rows: Rows) -> None:
        first, *columns = zip(*rows, strict=True)
        ends = {True: [0.0] * len(first), False: [0.0] * len(first)}
        for name, column in zip(names, columns, strict=True):
            heights = [float(value or 0) for value in column]
            base = ends[sum(heights) >= 0]
            axes.bar(first, heights, wide, bottom=list(base), label=name)
            base[:] = [low + high for low, high in zip(base, heights, strict=True)]
        axes.axhline(0, color="black", linewidth=0.6)

    return draw


class Chart(t.NamedTuple):
    """A chart; the query's first column is across, the others are drawn."""

    title: str
    unit: str
    draw: Callable[[Axes, Rows], None]
    query: str


CHARTS = {
    "client_health_by_month": Chart(
        "Health over time, median per quarter",
        "score",
        lines("median"),
        """SELECT date_trunc('quarter', month) AS quarter, quantile_cont(score, 0.5)
        FROM {mart} WHERE month < DATE '2026-01-01'
        GROUP BY quarter ORDER BY quarter""",
    ),
    "arr_movements_by_month": Chart(
        "ARR movements, last two years",
        "EUR",
        bars("new", "expansion", "reactivation", "contraction", "churn"),
        """SELECT month, new_arr, expansion_arr, reactivation_arr, contraction_arr,
            churn_arr
        FROM {mart} WHERE currency = 'EUR' AND year(month) IN (2024, 2025)
        ORDER BY month""",
    ),
    "nrr_grr_by_month": Chart(
        "Retention over twelve months",
        "%",
        lines("net", "gross"),
        """SELECT month, 100 * sum(current_arr) / sum(starting_arr),
            100 * sum(retained_arr) / sum(starting_arr)
        FROM {mart} WHERE currency = 'EUR' AND month < DATE '2026-01-01'
        GROUP BY month ORDER BY month""",
    ),
    "renewal_rate_by_month": Chart(
        "Renewal rate per quarter, contracts",
        "%",
        lines("renewed"),
        """SELECT date_trunc('quarter', month) AS quarter,
            100 * sum(renewed_contracts) / sum(contracts)
        FROM {mart} GROUP BY quarter ORDER BY quarter""",
    ),
    "renewal_forecast": Chart(
        "ARR up for renewal, and expected of it",
        "EUR",
        bars("expected", "at stake"),
        """SELECT month, sum(expected_arr), sum(arr) - sum(expected_arr)
        FROM {mart} WHERE currency = 'EUR' GROUP BY month ORDER BY month""",
    ),
    "client_360": Chart(
        "Clients, by health",
        "clients",
        bars("current", "former", wide=0.6),
        """SELECT health, count(*) FILTER (is_current),
            count(*) FILTER (NOT is_current)
        FROM {mart} GROUP BY health ORDER BY health""",
    ),
    "nps_by_segment_by_month": Chart(
        "NPS per segment",
        "NPS",
        lines("Enterprise", "Mid-Market", "SMB"),
        """SELECT month, max(nps) FILTER (segment = 'Enterprise'),
            max(nps) FILTER (segment = 'Mid-Market'), max(nps) FILTER (segment = 'SMB')
        FROM {mart} GROUP BY month ORDER BY month""",
    ),
    "client_score_history": Chart(
        "How scores changed between two runs of dbt",
        "clients",
        bars("change of the score", wide=12),
        """SELECT 20 * round(success_score_change / 20) AS change, count(*)
        FROM {mart} WHERE success_score_change IS NOT NULL
        GROUP BY change ORDER BY change""",
    ),
}


def main(warehouse: str, folder: str) -> None:
    """Write each chart as SVG."""
    mpl.rcParams |= {"svg.hashsalt": "dbt", "svg.fonttype": "none", "font.size": 9}
    Path(folder).mkdir(exist_ok=True)
    with duckdb.connect(warehouse, read_only=True) as connection:
        for mart, chart in CHARTS.items():
            sql = chart.query.format(mart=f"customer_success.{mart}")
            figure = Figure(figsize=(7, 2.6), layout="constrained")
            axes = figure.subplots()
            chart.draw(axes, connection.execute(sql).fetchall())
            axes.set_title(chart.title, loc="left", fontweight="bold")
            axes.set_ylabel(chart.unit)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, ncols=5, fontsize=8)
            figure.savefig(Path(folder) / f"{mart}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
