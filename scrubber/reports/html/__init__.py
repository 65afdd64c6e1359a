"""The report as one HTML file: opened by a double-click, printed, forwarded."""

from scrubber.reports.html.report import Html

__all__ = ["Html"]
