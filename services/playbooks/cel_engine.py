"""The CEL engine, without the command line that its package brings.

That one loads an editor for terminals, which is a tenth of a service's start.
"""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

from cel import Program, compile, evaluate  # noqa: E402 - after its command line is kept out

__all__ = ["Program", "compile", "evaluate"]
