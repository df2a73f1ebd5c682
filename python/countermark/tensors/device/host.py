"""PyTorch, imported when something of it is first used: countermark is there without it too."""

import importlib
from typing import TYPE_CHECKING, Any

from countermark.errors import MissingExtra


class _Host:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what tools ask of any object
            raise AttributeError(name)
        try:
            module = importlib.import_module("torch")
        except ImportError as error:
            raise MissingExtra(
                "Embedding in tensors needs PyTorch, which is not installed.",
                remedy="Install it: pip install 'countermark[torch]'.",
            ) from error
        return getattr(module, name)


if TYPE_CHECKING:
    import torch
else:
    torch = _Host()

__all__ = ["torch"]
