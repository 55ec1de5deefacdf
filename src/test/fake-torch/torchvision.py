"""Part of the stub beside it."""
from types import SimpleNamespace

import torch

models = SimpleNamespace(get_model=lambda name, weights: torch.Thing())
