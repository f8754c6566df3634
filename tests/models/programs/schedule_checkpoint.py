"""Schedules, a checkpoint in the middle, and a second run that resumes from it."""

import os
import tempfile

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR, StepLR

torch.manual_seed(12)
x = torch.randn(64, 6)
y = (x[:, :1] * x[:, 1:2]).sign() * 0.5 + 0.1 * x[:, 2:3]
start = nn.Sequential(nn.Linear(6, 20), nn.ELU(), nn.Linear(20, 1)).state_dict()


def build():
    model = nn.Sequential(nn.Linear(6, 20), nn.ELU(), nn.Linear(20, 1))
    model.load_state_dict(start)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    return model, optimizer, StepLR(optimizer, step_size=3, gamma=0.5)


def epoch(model, optimizer, scheduler):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    return loss.item()


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")  # noqa: PTH118
    model, optimizer, scheduler = build()
    for number in range(12):
        loss = epoch(model, optimizer, scheduler)
        print(f"{number:2d} loss {loss:.4f} lr {scheduler.get_last_lr()[0]:.5f}")
        if number == 5:
            torch.save(
                {
                    "epoch": number,
                    "model_state_dict": model.state_dict(),
                    "optimizer_state_dict": optimizer.state_dict(),
                    "scheduler": scheduler.state_dict(),
                    "loss": loss,
                },
                path,
            )
    again, optimizer2, scheduler2 = build()
    checkpoint = torch.load(path, weights_only=True, map_location="cpu")
    print(again.load_state_dict(checkpoint["model_state_dict"]))
    optimizer2.load_state_dict(checkpoint["optimizer_state_dict"])
    scheduler2.load_state_dict(checkpoint["scheduler"])
    for _ in range(checkpoint["epoch"] + 1, 12):
        resumed = epoch(again, optimizer2, scheduler2)
    print("same end:", resumed == loss, optimizer2.param_groups[0]["lr"])
    print(sorted(optimizer2.state_dict()["state"][0]))
    torch.save(model, path)
    print(torch.equal(torch.load(path, weights_only=False)(x), model(x)))

model, optimizer, _ = build()
cosine = CosineAnnealingLR(optimizer, T_max=8, eta_min=1e-4)
rates = []
for _ in range(8):
    epoch(model, optimizer, cosine)
    rates.append(round(cosine.get_last_lr()[0], 6))
print(rates)
