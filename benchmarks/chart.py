"""Draws docs/benchmark.svg of the results that were saved last."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks import report
from benchmarks.summary import Summary

# Readable on white and on black.
_TEXT, _OURS, _PEER, _LIMIT = "#768390", "#2da44e", "#8c959f", "none"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmark",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
}


def draw(summary: Summary, path: Path) -> None:
    """Draw a panel for each scenario in which all contenders were measured."""
    contenders = summary.about["contenders"][::-1]
    compared = summary.compared()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 1.7 * len(compared)), layout="constrained")
        panels = figure.subplots(len(compared), squeeze=False).flat
        for scenario, axes in zip(compared, panels, strict=True):
            rates = [
                summary.median(summary.rate, scenario.name, each["name"])
                for each in contenders
            ]
            unit = "records/s" if scenario.latency_ms else "records/s net of start-up"
            axes.set_title(f"{scenario.title} ({unit})", loc="left", fontsize=10)
            bars = axes.barh([each["title"] for each in contenders], rates)
            for bar, each in zip(bars, contenders, strict=True):
                is_limit = each["name"] == "bare"
                ours = _OURS if each["name"] == "ours" else _PEER
                bar.set(facecolor=_LIMIT if is_limit else ours, edgecolor=ours)
            axes.bar_label(bars, [f" {rate:,.0f}" for rate in rates])
            axes.margins(x=0.12)
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0)
            axes.set_xticks([])
        metadata = {"Date": None, "Creator": None, "Title": "Records per second"}
        figure.savefig(path, transparent=True, metadata=metadata)


if __name__ == "__main__":
    draw(report.load(), Path(__file__).parent.parent / "docs" / "benchmark.svg")
