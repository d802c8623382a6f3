"""The parts of the torture lie beside its tests, and `run.py` uses them too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
