"""The families as fixtures here, too."""

from tests.models.conftest import variant

__all__ = ["variant"]
