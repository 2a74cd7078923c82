"""One training step of the same cycle-GAN in PyTorch: median milliseconds a step, as JSON.

usage: cycle_gan_torch.py CROP CHANNELS FILTERS BLOCKS STRIDES STEPS THREADS
"""

import json
import sys
import time

import torch
from torch import nn

crop, channels, filters, blocks = (int(text) for text in sys.argv[1:5])
strides = [int(text) for text in sys.argv[5].split(",")]
steps, threads = int(sys.argv[6]), int(sys.argv[7])
torch.set_num_threads(threads)
torch.manual_seed(19)


def norm(count):
    return nn.InstanceNorm2d(count, affine=True)


class Block(nn.Module):
    def __init__(self, count):
        super().__init__()
        layers = []
        for half in range(2):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(count, count, 3, bias=False), norm(count)]
            layers += [nn.ReLU()] if half == 0 else []
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


def generator():
    f = filters
    return nn.Sequential(
        nn.ReflectionPad2d(3), nn.Conv2d(channels, f, 7, bias=False), norm(f), nn.ReLU(),
        nn.Conv2d(f, 2 * f, 3, 2, 1, bias=False), norm(2 * f), nn.ReLU(),
        nn.Conv2d(2 * f, 4 * f, 3, 2, 1, bias=False), norm(4 * f), nn.ReLU(),
        *[Block(4 * f) for _ in range(blocks)],
        nn.ConvTranspose2d(4 * f, 2 * f, 3, 2, 1, 1, bias=False), norm(2 * f), nn.ReLU(),
        nn.ConvTranspose2d(2 * f, f, 3, 2, 1, 1, bias=False), norm(f), nn.ReLU(),
        nn.ReflectionPad2d(3), nn.Conv2d(f, channels, 7, bias=False), nn.Tanh(),
    )


def discriminator():
    layers, before = [], channels
    for i, stride in enumerate(strides):
        last = i == len(strides) - 1
        after = 1 if last else filters * 2 ** min(i, 3)
        # TensorFlow's SAME padding of a 4x4 kernel.
        pad = (1, 1, 1, 1) if stride == 2 else (1, 2, 1, 2)
        layers += [nn.ZeroPad2d(pad), nn.Conv2d(before, after, 4, stride, bias=False)]
        if not last:
            layers += ([norm(after)] if i > 0 else []) + [nn.LeakyReLU(0.2)]
        before = after
    return nn.Sequential(*layers)


to_ct, to_mr, judge_ct, judge_mr = generator(), generator(), discriminator(), discriminator()
adam = dict(lr=2e-4, betas=(0.5, 0.999))
generators = torch.optim.Adam([*to_ct.parameters(), *to_mr.parameters()], **adam)
judges = torch.optim.Adam([*judge_ct.parameters(), *judge_mr.parameters()], **adam)
ct, mr = (torch.rand(1, channels, crop, crop) * 2 - 1 for _ in range(2))


def step():
    for judge in (judge_ct, judge_mr):
        judge.requires_grad_(False)
    fake_mr, fake_ct = to_mr(ct), to_ct(mr)
    loss = ((judge_mr(fake_mr) - 1) ** 2).mean() + ((judge_ct(fake_ct) - 1) ** 2).mean()
    loss = loss + 10 * (to_ct(fake_mr) - ct).abs().mean() + 10 * (to_mr(fake_ct) - mr).abs().mean()
    generators.zero_grad()
    loss.backward()
    generators.step()
    for judge in (judge_ct, judge_mr):
        judge.requires_grad_(True)
    loss = 0
    for judge, real, fake in ((judge_ct, ct, fake_ct), (judge_mr, mr, fake_mr)):
        loss = loss + ((judge(real) - 1) ** 2).mean() / 2 + (judge(fake.detach()) ** 2).mean() / 2
    judges.zero_grad()
    loss.backward()
    judges.step()


for _ in range(3):
    step()
times = []
for _ in range(steps):
    began = time.perf_counter()
    step()
    times.append(1000 * (time.perf_counter() - began))
print(json.dumps({"median": sorted(times)[len(times) // 2], "version": torch.__version__}))
