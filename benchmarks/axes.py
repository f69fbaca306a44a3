"""An axis of a plot, as several benchmarks have it."""

from matplotlib import ticker
from matplotlib.axes import Axes


def logarithmic(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with ticks that read 1, 2, 5, 10 and so on."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.minorticks_off()
