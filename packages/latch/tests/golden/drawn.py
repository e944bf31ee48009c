"""Random numbers that float32 holds exactly: multiples of 1/32, the same in every version of Python."""
from random import Random

import torch


class Draw:
    def __init__(self, seed):
        self.random = Random(seed).random

    def integer(self, below):
        return int(self.random() * below)

    def tensor(self, *shape, size=0.75):
        """Multiples of 1/32 between -size and size, both included."""
        most = int(size * 32)
        count = torch.Size(shape).numel()
        values = [(self.integer(2 * most + 1) - most) / 32 for _ in range(count)]
        return torch.tensor(values, dtype=torch.float64).reshape(shape)
