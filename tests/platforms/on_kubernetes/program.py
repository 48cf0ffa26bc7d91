"""A program on several nodes: finds the others by the family's contract, and adds up their numbers."""

from __future__ import annotations

import os
from pathlib import Path

import torch
import torch.distributed as dist


def main() -> None:
    """Join, add, and leave."""
    rank, nodes = int(os.environ["NODE_RANK"]), int(os.environ["WORLD_SIZE"])
    address = f"tcp://{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=nodes)
    number = torch.tensor([10.0**rank])
    dist.all_reduce(number)
    print(f"{os.uname().nodename} of {nodes} has {number.item():.0f}", flush=True)
    Path(f"sum-{rank}").write_text(f"{number.item():.0f}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
