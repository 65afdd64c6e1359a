"""What holds for every test: no table but those that are shipped, whatever the one who tests has loaded."""

from __future__ import annotations

import os

os.environ["SCRUBBER_DATA"] = os.path.join(os.path.dirname(__file__), "no-tables-here")
