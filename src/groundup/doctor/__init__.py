"""What is wrong with this Transformer? Checks for anybody's, in plain PyTorch.

`patient.py` is what is examined, `tape.py` records what it computes, the checks stand in files by subject, `causes.py`
decides which finding is the root, and `visit.py` does all this in a process of its own for a file.
"""

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    """Makes `groundup.doctor(model, ...)` work: this package has the name of that public function."""

    def __call__(self, model: Any, **given: Any) -> Any:
        """The report on a model, a function that makes one, or a file, as `groundup.doctor.call.doctor` makes it."""
        from groundup.doctor.call import doctor

        return doctor(model, **given)


sys.modules[__name__].__class__ = _CallablePackage
