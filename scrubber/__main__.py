"""``python -m scrubber`` is ``scrubber``."""

from scrubber.cli import main

main()
