"""A request that is cut short anywhere, or begins anywhere, is read, asked about or refused in a sentence."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import CRASHED, answer

from skillbank import Runtime

TEXTS = [
    "rt-detr on /b for inference, checkpoint from job 0fd673, threshold 0.5, ty!! <3",
    "Parking ops, city of Tampere. Label cars parked in bus lanes in /cctv/sunday. Kiitos! <3",
    "Dr. Lund here, hands clean now. Evaluate the image classifier on C:/vet/x, last training.",
    "my gpu is a 3060 so batch size 2, train rtdetr on D:/clips 10 epochs no hpo plsss",
    "Last time we used 50 epochs, now 30; fine-tune rtdetr from m.pth on data/a, without hpo and export",
    "Kindly convert /home/w/boxes to YOLO and store it in /home/w/yolo. My grandson needs it so. W.P.",
    "Split ~/fair/socks 75/25 into train and val with seed 3, save that as ~/fair/split, thank you.",
    "Owner: Dario. Find red and green apples, not pears, in pics/ and ./q with c25a97, people too; on slurm?",
    "We need: (1) check /x/raw, (2) train segformer on /x/raw for 5-10 epochs - by 5:20 am, H. Brandvold",
]


@pytest.mark.parametrize("text", TEXTS)
def test_any_part_of_a_request_has_an_answer(own_bank: Runtime, text: str) -> None:
    words = text.split(" ")
    parts = [*(words[:i] for i in range(1, len(words) + 1)), *(words[i:] for i in range(1, len(words)))]
    for part in map(" ".join, parts):
        read = answer(own_bank, part)
        assert read.refused != CRASHED, (part, read.message)
