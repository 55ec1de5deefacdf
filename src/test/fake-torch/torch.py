"""A stub in place of PyTorch, to rehearse gpu-check where there is no GPU. It computes nothing; its times mean nothing."""
import os
import time
from contextlib import nullcontext
from types import SimpleNamespace

__version__ = "0.0+stub"
float32, float16, bfloat16 = "float32", "float16", "bfloat16"
channels_last = "channels_last"
version = SimpleNamespace(cuda="0.0")
_dynamo = SimpleNamespace(reset=lambda: None)
inference_mode = nullcontext


class _Event:
    def __init__(self, enable_timing):
        self.at = None

    def record(self):
        self.at = time.monotonic()

    def synchronize(self):
        pass

    def elapsed_time(self, end):
        return (end.at - self.at) * 1e3


class Thing:
    """A tensor or a network, whatever is asked of it."""

    def eval(self):
        return self

    def cuda(self):
        return self

    def to(self, **_):
        return self

    def __call__(self, *_):
        time.sleep(0.001)
        return self


def randn(*_, **__):
    return Thing()


def compile(model, mode):
    """Takes as long as TORCH_STUB_COMPILE_SECONDS says."""
    time.sleep(float(os.environ.get("TORCH_STUB_COMPILE_SECONDS", "0")))
    return model


cuda = SimpleNamespace(set_device=lambda _: None, synchronize=lambda: None, is_available=lambda: True, Event=_Event)
backends = SimpleNamespace(cudnn=SimpleNamespace(benchmark=False, allow_tf32=False, version=lambda: 0),
                           cuda=SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False)))
