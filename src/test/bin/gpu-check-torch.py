"""Times a torchvision network for gpu-check: eager in channels_last, and compiled with max-autotune.

usage: gpu-check-torch.py NETWORK PRECISIONS BATCHES DEVICE OUT.json (lists separated by blanks)
"""
import json
import statistics
import sys
import time

import torch
import torchvision

WARM_SECONDS = 1.0
SAMPLE_SECONDS = 3.0
LEAST_SAMPLES = 30


def median_seconds(run):
    """Median of single passes between two events, after warming up."""
    until = time.monotonic() + WARM_SECONDS
    while time.monotonic() < until:
        run()
        torch.cuda.synchronize()
    samples = []
    until = time.monotonic() + SAMPLE_SECONDS
    while time.monotonic() < until or len(samples) < LEAST_SAMPLES:
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        samples.append(start.elapsed_time(end) / 1e3)
    return statistics.median(samples)


def main():
    network, precisions, batches, device, out = sys.argv[1:6]
    torch.cuda.set_device(int(device))
    torch.backends.cudnn.benchmark = True
    types = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    rows = []
    for precision in precisions.split():
        allowed = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = allowed
        torch.backends.cuda.matmul.allow_tf32 = allowed
        for batch in map(int, batches.split()):
            row = {"network": network, "precision": precision, "batch": batch}
            try:
                torch._dynamo.reset()
                model = torchvision.models.get_model(network, weights=None).eval().cuda()
                model = model.to(dtype=types[precision], memory_format=torch.channels_last)
                image = torch.randn(batch, 3, 224, 224, device="cuda", dtype=types[precision])
                image = image.to(memory_format=torch.channels_last)
                with torch.inference_mode():
                    row["eager_seconds"] = median_seconds(lambda: model(image))
                    compiled = torch.compile(model, mode="max-autotune")
                    row["compiled_seconds"] = median_seconds(lambda: compiled(image))
            except Exception as error:  # the other cases are still of use
                row["error"] = str(error).splitlines()[0] if str(error) else repr(error)
            rows.append(row)
            print(row, flush=True)
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"torch": torch.__version__, "cuda": torch.version.cuda,
                   "cudnn": torch.backends.cudnn.version(), "rows": rows}, file, indent=2)


main()
