"""PyTorch's side of gpu-check: times a torchvision network, in turns with flopmeter.

usage: gpu-check-torch.py DEVICE
A request is a line of JSON on standard input: {"network", "precision", "batch", "mode": "eager" or "compiled", "seconds"}. The
answer is a line on standard output: the request with the median of single passes as "seconds", or with an "error". Tensors
are channels_last; "compiled" is torch.compile(mode="max-autotune"). The GPU is idle between requests.
"""
import json
import statistics
import sys
import time

import torch
import torchvision

WARM_SECONDS = 0.5
LEAST_SAMPLES = 10
TYPES = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def median_seconds(run, seconds):
    """Returns the median of single passes between two events, after warming up."""
    until = time.monotonic() + WARM_SECONDS
    while time.monotonic() < until:
        run()
        torch.cuda.synchronize()
    samples = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(samples) < LEAST_SAMPLES:
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        samples.append(start.elapsed_time(end) / 1e3)
    return statistics.median(samples)


class Network:
    """One network in one precision and batch; compiled at the first request, and kept until another one is requested."""

    def __init__(self, name, precision, batch):
        torch._dynamo.reset()
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        kind = TYPES[precision]
        self.compiled = None
        self.eager = torchvision.models.get_model(name, weights=None).eval().cuda()
        self.eager = self.eager.to(dtype=kind, memory_format=torch.channels_last)
        image = torch.randn(batch, 3, 224, 224, device="cuda", dtype=kind)
        self.image = image.to(memory_format=torch.channels_last)

    def seconds(self, mode, seconds):
        if mode == "compiled" and self.compiled is None:
            self.compiled = torch.compile(self.eager, mode="max-autotune")
        model = self.eager if mode == "eager" else self.compiled
        with torch.inference_mode():
            return median_seconds(lambda: model(self.image), seconds)


def main():
    torch.cuda.set_device(int(sys.argv[1]))
    torch.backends.cudnn.benchmark = True
    answer = {"ready": True, "torch": torch.__version__, "cuda": torch.version.cuda,
              "cudnn": torch.backends.cudnn.version()}
    print(json.dumps(answer), flush=True)
    key, network = None, None
    for line in sys.stdin:
        answer = json.loads(line)
        asked = (answer["network"], answer["precision"], answer["batch"])
        try:
            if asked != key:
                network = None
                network = Network(*asked)
                key = asked
            answer["seconds"] = network.seconds(answer["mode"], answer["seconds"])
        except Exception as error:  # the other cases are still useful
            key = None
            del answer["seconds"]
            answer["error"] = str(error).splitlines()[0] if str(error) else repr(error)
        print(json.dumps(answer), flush=True)


main()
